"""`groups` of `fit`: rows that belong together, such as those of one patient."""

import numpy as np
import pandas as pd
import planted
import polars as pl
import pytest
import sklearn
from numpy.testing import assert_array_equal
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut, cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_binmask import (
    BinMaskMLPClassifier,
    BinMaskMLPRegressor,
    BinMaskSelector,
    BinMaskSelectorCV,
    StabilitySelector,
    binmask_path,
)
from sklearn_binmask.exceptions import ParameterError

every_seed = pytest.mark.parametrize("seed", range(100, 103))


@every_seed
def test_columns_that_only_tell_groups_apart_are_worth_nothing(seed):
    X, _, y, groups = planted.patients(seed)
    selector = BinMaskSelector(refit=False, random_state=seed)
    found = selector.fit(X, y, groups=groups).get_support(indices=True)
    assert set(found) >= {0, 1, 2}
    assert len(found) <= 4
    # without them, those columns seem to tell the level
    assert selector.fit(X, y).support_[10:].sum() > 4


@every_seed
def test_nor_are_they_inside_of_folds(seed):
    X, _, y, groups = planted.patients(seed)
    selector = BinMaskSelectorCV(cv=GroupKFold(5), refit=False, random_state=seed)
    found = selector.fit(X, y, groups=groups).get_support(indices=True)
    assert set(found) >= {0, 1, 2}
    assert len(found) <= 4


@every_seed
def test_a_network_is_held_to_groups_that_it_has_not_trained_on(seed):
    """What it says that it will lose is what it loses on groups to come."""
    X, _, y, groups = planted.patients(seed)
    seen = groups < 25
    network = BinMaskMLPRegressor(
        hidden_layer_sizes=(20,),
        l0_penalty=0,
        validation_fraction=0.4,
        max_iter=60,
        random_state=seed,
    )
    for given, is_honest in ((groups[seen], True), (None, False)):
        network.fit(X[seen], y[seen], groups=given)
        said = np.min(-np.asarray(network.validation_scores_))
        rest = y[~seen] - network.predict(X[~seen])
        lost = 0.5 * np.mean(rest**2) / np.var(y[seen])
        assert (said > 0.6 * lost) == is_honest


SMALL = {"n_members": 2, "hidden_layer_sizes": (4,), "random_state": 0}
X, Y = planted.easy(n_rows=120)
GROUPS = np.arange(120) % 12
ESTIMATORS = {
    "selector": BinMaskSelector(**SMALL, max_iter=20),
    "selector_cv": BinMaskSelectorCV(**SMALL, max_iter=20, cv=GroupKFold(3)),
    "stability": StabilitySelector(**SMALL, n_resamples=6),
    "classifier": BinMaskMLPClassifier(
        hidden_layer_sizes=(4,), random_state=0, max_iter=20, validation_fraction=0.3
    ),
}
every_estimator = pytest.mark.parametrize("name", ESTIMATORS)


def trace_of(fitted):
    """What a fit has seen of the splits."""
    names = ("scores_", "selection_probabilities_", "support_", "loss_curve_")
    return {n: np.array(getattr(fitted, n)) for n in names if hasattr(fitted, n)}


def assert_same(fitted, other):
    one, two = trace_of(fitted), trace_of(other)
    assert one.keys() == two.keys()
    assert len(one) > 1
    for name, values in one.items():
        assert_array_equal(values, two[name])


@every_estimator
@pytest.mark.parametrize(
    "wrap",
    [
        lambda g: [f"patient {label:02}" for label in g],
        lambda g: pd.Series(g, index=g + 7).map("{:02}".format).astype("category"),
        lambda g: pl.Series(g),
        lambda g: np.datetime64("2020-01-01") + g.astype("timedelta64[D]"),
        lambda g: 10.5 * g,
    ],
    ids=["text", "pandas", "polars", "days", "numbers"],
)
def test_labels_of_any_kind_serve(name, wrap):
    estimator = ESTIMATORS[name]
    expected = sklearn.clone(estimator).fit(X, Y, groups=GROUPS)
    assert_same(sklearn.clone(estimator).fit(X, Y, groups=wrap(GROUPS)), expected)


@every_estimator
def test_rows_of_no_weight_take_their_groups_with_them(name):
    weights = np.ones(120)
    weights[GROUPS == 3] = 0
    used = weights > 0
    one, other = (
        sklearn.clone(ESTIMATORS[name]).fit(*given[:3], groups=given[3])
        for given in (
            (X, Y, weights, GROUPS),
            (X[used], Y[used], weights[used], GROUPS[used]),
        )
    )
    assert_same(one, other)


@every_estimator
def test_they_change_the_splits(name):
    """Else the tests above would pass without any."""
    many = np.arange(120) % 4
    one, other = (
        sklearn.clone(ESTIMATORS[name]).fit(X, Y, groups=groups)
        for groups in (GROUPS, many)
    )
    with pytest.raises(AssertionError):
        assert_same(one, other)


BAD = {
    "too few": (GROUPS[:-1], ValueError, r"groups has shape \(119,\), but X has 120"),
    "a table": (np.ones((120, 1)), ValueError, r"groups has shape \(120, 1\)"),
    "one group": (np.full(120, "a"), ParameterError, "groups has one label only, 'a'"),
    "nan": (
        np.where(GROUPS == 2, np.nan, 1),
        ValueError,
        "missing in 10 rows.*row 2",
    ),
    "none": ([None] + ["a", "b"] * 59 + ["a"], ValueError, "missing in 1 rows"),
    "NA": (pd.array(["a", pd.NA] * 60, dtype="string"), ValueError, "missing in 60"),
    "mixed": (np.array([1, "a"] * 60, dtype=object), TypeError, r"types \(int, str\)"),
}


@every_estimator
@pytest.mark.parametrize("case", BAD)
def test_groups_that_cannot_serve_are_refused(name, case):
    groups, kind, words = BAD[case]
    estimator = sklearn.clone(ESTIMATORS[name]).fit(X, Y, groups=GROUPS)
    before = dict(vars(estimator))
    with pytest.raises(kind, match=words):
        estimator.fit(X, Y, groups=groups)
    assert vars(estimator) == before


@pytest.mark.parametrize("name", ["selector", "classifier"])
def test_less_than_one_group_cannot_be_held_out(name):
    estimator = sklearn.clone(ESTIMATORS[name]).set_params(validation_fraction=0.3)
    words = "validation_fraction=0.3 of 3 groups is less.*Ask for 0.334 or more"
    with pytest.raises(ParameterError, match=words):
        estimator.fit(X, Y, groups=GROUPS % 3)
    estimator.set_params(validation_fraction=0.334).fit(X, Y, groups=GROUPS % 3)


def test_a_number_of_columns_needs_but_two_groups():
    selector = BinMaskSelector(n_features_to_select=2, **SMALL)
    assert_array_equal(
        selector.fit(X, Y, groups=GROUPS % 2).get_support(indices=True), [0, 1]
    )


def test_folds_may_leave_a_single_group_to_train_on():
    selector = BinMaskSelectorCV(cv=LeaveOneGroupOut(), **SMALL)
    selector.fit(X, Y, groups=GROUPS % 2)
    assert selector.n_splits_ == 2
    assert selector.support_[0]


def test_the_path_alone_takes_them_too():
    selector = sklearn.clone(ESTIMATORS["selector"]).fit(X, Y, groups=GROUPS)
    path = binmask_path(X, Y, groups=GROUPS, **SMALL)
    assert_array_equal(path.validation_loss, selector.path_["validation_loss"])
    assert_array_equal(path.excess_se, selector.path_["excess_se"])


@pytest.mark.parametrize("name", ["selector", "classifier"])
def test_they_are_routed(name):
    with sklearn.config_context(enable_metadata_routing=True):
        first = sklearn.clone(ESTIMATORS[name]).set_fit_request(groups=True)
        model = first
        if name == "selector":
            model = make_pipeline(first, LogisticRegression())
        scores = cross_val_score(
            model, X, Y, cv=GroupKFold(3), params={"groups": GROUPS}
        )
        with pytest.raises(ParameterError, match="one label only"):
            cross_val_score(
                model,
                *(X, Y),
                cv=GroupKFold(2),
                params={"groups": GROUPS % 2},
                error_score="raise",
            )
    assert scores.mean() > 0.8
