"""
Which columns tell a good loan from a bad one?
==============================================

German credit: 1,000 applications, 7 numeric and 13 categorical columns. A quarter of
the rows is set aside before anything is fitted. `BinMaskSelector` reads the table as it
is, chooses the columns, and two unrelated models say what the choice cost them.
"""

import argparse
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklearn_binmask import BinMaskSelector, PathDisplay

DATA = Path(__file__).with_name("data") / "credit_g.parquet"
PICTURE = "german_credit_path.png"


def boosted_trees():
    return HistGradientBoostingClassifier(random_state=0)


def linear_model():
    encode = make_column_transformer(
        (
            OneHotEncoder(handle_unknown="ignore"),
            make_column_selector(dtype_include="category"),
        ),
        remainder=StandardScaler(),
    )
    return make_pipeline(encode, LogisticRegression(max_iter=1000))


def show_table(table):
    kinds = table.dtypes.map(lambda dtype: getattr(dtype, "kind", "O"))
    n_categorical = int((kinds == "O").sum())
    print(
        f"German credit: {len(table)} rows, {table.shape[1]} columns, "
        f"{table.shape[1] - n_categorical} numeric and {n_categorical} categorical\n"
    )


def rank(selector):
    """Order the columns, best first; of equal scores, by their points on the path."""
    points = selector.path_["support"].sum(axis=0)
    return np.lexsort((-points, -selector.scores_, selector.ranking_))


def show_choice(selector, names, seconds):
    """Print the columns, the last to leave the path first."""
    best_first = rank(selector)
    print(f"{selector.n_features_} columns chosen in {seconds:.1f} s, best first:")
    for place, column in enumerate(best_first[: selector.n_features_], start=1):
        print(f"  {place:2d}. {names[column]:24s} score {selector.scores_[column]:.3g}")
    print("left out:", ", ".join(names[best_first[selector.n_features_ :]]), "\n")


def show_score(label, model, X, y):
    """Print two scores of a fitted model; its second class is 'good'."""
    roc_auc = roc_auc_score(y == "good", model.predict_proba(X)[:, 1])
    accuracy = accuracy_score(y, model.predict(X))
    print(f"{label:36s} {X.shape[1]:7d} {roc_auc:8.3f} {accuracy:9.3f}")


def draw_path(selector, out):
    """Draw the loss along the path, and below it when each column leaves."""
    display = PathDisplay.from_estimator(selector)
    display.ax_.set_title("German credit: the path of BinMaskSelector", pad=40)
    display.figure_.savefig(out, dpi=150)
    plt.close(display.figure_)


def main(folder):
    table = pd.read_parquet(DATA)
    target = table.pop("target").astype(str)
    show_table(table)
    X_train, X_test, y_train, y_test = train_test_split(
        table, target, test_size=0.25, stratify=target, random_state=0
    )

    selector = BinMaskSelector(n_features_to_select=8, random_state=0)
    selector.set_output(transform="pandas")
    start = time.perf_counter()
    selector.fit(X_train, y_train)
    seconds = time.perf_counter() - start
    show_choice(selector, table.columns.to_numpy(), seconds)

    print(f"{f'on {len(X_test)} held-out rows':36s} columns  roc_auc  accuracy")
    few_train, few_test = selector.transform(X_train), selector.transform(X_test)
    for label, make in [
        ("boosted trees", boosted_trees),
        ("logistic regression", linear_model),
    ]:
        all_columns = make().fit(X_train, y_train)
        show_score(f"{label}, all columns", all_columns, X_test, y_test)
        chosen = make().fit(few_train, y_train)
        show_score(f"{label}, chosen columns", chosen, few_test, y_test)
    # The network behind the selector takes the whole table and looks at its choice.
    show_score("the selector's network, whole table", selector, X_test, y_test)

    out = Path(folder) / PICTURE
    draw_path(selector, out)
    print(f"\nthe path is drawn in {out}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--out", default=".", help="folder for the picture")
    main(parser.parse_args().out)
