"""
Columns that matter only together
=================================

A chess endgame, king and rook against king and pawn: 36 facts about the position, each
a yes or a no, and whether white can win. Some facts say little alone and much beside
others. A test of one column at a time cannot see that.
"""

import gzip
import io
from importlib.resources import files

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectKBest, mutual_info_classif
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import OrdinalEncoder

from sklearn_binmask import BinMaskSelector

# %%
# The table is among the test data of scikit-learn.

folder = files("sklearn.datasets.tests.data.openml.id_3")
text = gzip.decompress((folder / "data-v1-dl-3.arff.gz").read_bytes()).decode()
head, rows = text.split("@data")
names = [row.split("'")[1] for row in head.splitlines() if row.startswith("@attribute")]
X = pd.read_csv(
    io.StringIO(rows), names=names, quotechar="'", comment="%", dtype="category"
)
y = X.pop("class")
print(X.shape, y.value_counts().to_dict())

# %%
# The selector takes the categories as they are. The filter, mutual information with
# the target, and the forest that judges both get them as integer codes.

X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
codes = OrdinalEncoder().fit(X)
codes_train, codes_test = codes.transform(X_train), codes.transform(X_test)


def filter_of(k):
    """Take the k columns that tell most of the target, each by itself."""

    def information(X, y):
        return mutual_info_classif(X, y, discrete_features=True)

    return SelectKBest(information, k=k).fit(codes_train, y_train).get_support()


def gates_of(k):
    """Take the k columns that are worth most to networks of all columns."""
    selector = BinMaskSelector(n_features_to_select=k, refit=False, random_state=0)
    return selector.fit(X_train, y_train).support_


def accuracy(support):
    """Judge columns by a forest that sees no others."""
    forest = RandomForestClassifier(random_state=0)
    forest.fit(codes_train[:, support], y_train)
    return forest.score(codes_test[:, support], y_test)


# %%
# Up to three columns the two agree. From there on the filter goes on with columns that
# repeat what it has, and the gates with columns that complete it.

sizes = [1, 2, 3, 5, 8, 12]
ways = {"BinMaskSelector": gates_of, "mutual information": filter_of}
found = {way: [select(k) for k in sizes] for way, select in ways.items()}
scores = {way: [accuracy(s) for s in supports] for way, supports in found.items()}
for i, k in enumerate(sizes):
    print(f"{k:2d}", "  ".join(f"{way} {scores[way][i]:.3f}" for way in ways))

five = sizes.index(5)
for way in ways:
    print(f"{way}, 5 columns:", ", ".join(X.columns[found[way][five]]))

# %%

fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for way, marker in zip(ways, "os", strict=True):
    ax.plot(sizes, scores[way], marker=marker, label=way)
everything = [True] * X.shape[1]
ax.axhline(accuracy(everything), color="grey", linestyle="--", label="all 36 columns")
ax.set_xlabel("columns")
ax.set_ylabel("accuracy of a forest on held-out rows")
ax.legend(loc="lower right")
plt.show()
