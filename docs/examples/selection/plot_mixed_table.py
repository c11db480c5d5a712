"""
Numbers, categories, text and gaps: a mixed table
=================================================

The passengers of the Titanic: numbers, categories and text, and many missing cells. The
selector takes the table as it is, from pandas or polars, and hands columns back as they
were. Whatever a column is encoded to inside stands behind one gate.
"""

import gzip
import io
from importlib.resources import files

import matplotlib.pyplot as plt
import pandas as pd
import polars as pl

from sklearn_binmask import BinMaskSelector, PathDisplay

# %%
# The table is among the test data of scikit-learn. What tells the outcome by itself is
# left out: the number of the life boat, and of the body.

folder = files("sklearn.datasets.tests.data.openml.id_40945")
text = gzip.decompress((folder / "data-v1-dl-16826755.arff.gz").read_bytes()).decode()
head, rows = text.split("@data")
names = [row.split("'")[1] for row in head.splitlines() if row.startswith("@attribute")]
table = pd.read_csv(io.StringIO(rows), names=names, na_values="?")
table = table.drop(columns=["boat", "body"])
table["sex"] = table["sex"].astype("category")
y = table.pop("survived")
pd.DataFrame({"dtype": table.dtypes, "missing": table.isna().sum()})

# %%
# Nothing is imputed, encoded or scaled by hand. Text is taken as levels; the rare ones
# of a column with hundreds, such as `ticket`, are one level together.

selector = BinMaskSelector(n_features_to_select=4, random_state=0).fit(table, y)
selector.report().sort_values("rank")

# %%
# `transform` gives the chosen columns with their dtypes and their gaps.

selector.transform(table).head()

# %%
# The same table in polars: the same columns, and a polars frame comes back.

frame = pl.from_pandas(table)
again = BinMaskSelector(n_features_to_select=4, random_state=0).fit(frame, y)
print((again.support_ == selector.support_).all())
print(again.transform(frame).head(3))

# %%
# When each column leaves: the longer the bar, the higher the price at which the column
# was still worth it.

PathDisplay.from_estimator(selector, kind="columns")
plt.show()
