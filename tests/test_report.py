"""A report has one row per column, and says what the fitted attributes say."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from planted import SMALL, easy
from sklearn.exceptions import NotFittedError

import sklearn_binmask
from sklearn_binmask import BinMaskMLPClassifier, BinMaskMLPRegressor, BinMaskSelector

COLUMNS = ["name", "kind", "selected", "rank", "score", "penalty"]
REPORTING = [
    name
    for name in sklearn_binmask.__all__
    if hasattr(getattr(sklearn_binmask, name), "report")
]
MIXED_KINDS = ["numeric", "boolean", "categorical", "categorical", "constant"]


def mixed(n_rows=120):
    """A table with a column of each kind; the first decides."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "number": rng.normal(size=n_rows),
            "flag": rng.random(n_rows) > 0.5,
            "level": pd.Categorical(rng.choice(["a", "b"], n_rows)),
            "text": rng.choice(["red", "blue", "green"], n_rows),
            "same": 1.0,
        }
    )
    return X, (X["number"] > 0).astype(int)


@pytest.fixture(scope="module")
def selector():
    return BinMaskSelector(**SMALL, mandatory_features=["flag"]).fit(*mixed())


def test_every_estimator_reports():
    assert {"BinMaskSelector", "BinMaskMLPClassifier", "BinMaskMLPRegressor"} <= set(
        REPORTING
    )


@pytest.mark.parametrize("name", REPORTING)
def test_one_row_per_column_in_the_order_of_the_table(name):
    X, y = mixed()
    fitted = getattr(sklearn_binmask, name)(random_state=0).fit(X, y)
    report = fitted.report()
    assert isinstance(report, pd.DataFrame)
    assert set(COLUMNS) <= set(report.columns)
    assert report["name"].tolist() == X.columns.tolist()
    assert report["kind"].tolist() == MIXED_KINDS
    np.testing.assert_array_equal(report["selected"], fitted.support_)
    assert ("selection_probability" in report) == hasattr(
        fitted, "selection_probabilities_"
    )


def test_ranks_and_scores_are_those_of_the_selector(selector):
    report = selector.report()
    assert list(report.columns) == COLUMNS
    np.testing.assert_array_equal(report["rank"], selector.ranking_)
    np.testing.assert_array_equal(report["score"], selector.scores_)


def test_the_penalty_is_that_of_the_last_point_with_the_column(selector):
    """Found here by going along the path, and there all at once."""
    report = selector.report().set_index("name")
    assert np.isposinf(report.loc["flag", "penalty"])  # mandatory: it never leaves
    assert np.isnan(report.loc["same", "penalty"])  # constant: it never was there
    for column in ("number", "level", "text"):
        place = report.index.get_loc(column)
        kept = [p["penalty"] for p in selector.path_ if p["support"][place]]
        assert report.loc[column, "penalty"] == kept[-1]


def test_the_larger_the_rank_the_lower_the_penalty():
    X, y = easy(n_columns=8)
    report = BinMaskSelector(**SMALL, refit=False).fit(X, y).report()
    penalties = report.sort_values("rank", kind="stable")["penalty"]
    late = penalties[report["rank"] > 1]
    assert late.is_monotonic_decreasing
    assert report["name"].tolist() == [f"x{column}" for column in range(8)]


@pytest.mark.parametrize("granularity", ["features", "weights"])
def test_a_network_ranks_columns_that_have_gates(granularity):
    X, y = easy()
    network = BinMaskMLPRegressor(
        granularity=granularity, sparsity=0.5, max_iter=10, random_state=0
    ).fit(X, 1.0 * y)
    report = network.report()
    has_gates = granularity == "features"
    assert report["rank"].notna().all() == has_gates
    assert report["penalty"].notna().all() == has_gates
    assert report["score"].isna().all()
    if has_gates:
        assert np.isposinf(report["penalty"][report["selected"]]).all()
        assert np.isfinite(report["penalty"][~report["selected"]]).all()


def test_kinds_outlive_portions_and_compacting():
    X, y = mixed()
    network = BinMaskMLPClassifier(sparsity=0.9, max_iter=10, random_state=0)
    # what does not vary in the first portion may in the next
    open_kinds = ["numeric" if k == "constant" else k for k in MIXED_KINDS]
    assert network.partial_fit(X, y).report()["kind"].tolist() == open_kinds
    assert network.partial_fit(X, y).report()["kind"].tolist() == open_kinds
    fitted = network.fit(X, y)
    assert fitted.compact().report()["kind"].tolist() == MIXED_KINDS


def test_selection_probabilities_are_reported_where_there_are_any(selector):
    draft = BinMaskSelector()
    vars(draft).update(vars(selector))
    n_columns = len(draft.support_)
    kinds = [("penalty", float), ("selection_probabilities", float, (n_columns,))]
    draft.path_ = np.zeros(3, dtype=kinds)
    draft.path_["penalty"] = [0.1, 0.2, 0.3]
    draft.path_["selection_probabilities"] = [
        [1.0, 0.9, 0.6, 0.2, 0.0],
        [0.9, 0.5, 0.6, 0.1, 0.0],
        [0.6, 0.1, 0.1, 0.1, 0.0],
    ]
    draft.threshold_ = 0.6
    draft.selection_probabilities_ = draft.path_["selection_probabilities"][1]
    report = draft.report()
    np.testing.assert_array_equal(report["penalty"], [0.3, 0.1, 0.2, np.nan, np.nan])
    np.testing.assert_array_equal(
        report["selection_probability"], draft.selection_probabilities_
    )


def test_polars_where_the_output_is_polars(selector):
    from_pandas = selector.report()
    with sklearn.config_context(transform_output="polars"):
        by_config = selector.report()
    draft = BinMaskSelector().set_output(transform="polars")
    vars(draft).update(vars(selector))
    by_method = draft.report()
    for report in (by_config, by_method):
        assert isinstance(report, pl.DataFrame)
        assert report["kind"].to_list() == from_pandas["kind"].tolist()
        np.testing.assert_array_equal(
            report["score"].to_numpy(), from_pandas["score"].to_numpy()
        )


def test_an_estimator_that_is_not_fitted_is_refused():
    with pytest.raises(NotFittedError):
        BinMaskSelector().report()
