"""What `BinMaskSelectorCV` hands to scorers, and what metadata reaches them."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from planted import SMALL, easy
from sklearn.base import clone, is_classifier
from sklearn.metrics import accuracy_score, get_scorer, log_loss, make_scorer
from sklearn.model_selection import GroupKFold, cross_validate

from sklearn_binmask import BinMaskSelectorCV

N, D = 120, 4
X, Y = easy(N, D)
NUMBERS = 2 * X[:, 0] + X[:, 1]
GROUPS = np.arange(len(X)) % 6
FRAME = pd.DataFrame(X, columns=list("abcd"))


def make(**params):
    return BinMaskSelectorCV(**(SMALL | {"cv": 3} | params))


def test_scorers_may_ask_for_whatever_a_fitted_selector_can_do():
    asked = []

    def scorer(estimator, X, y):
        assert is_classifier(estimator)
        assert estimator.transform(X).shape == (len(X), estimator.n_features_)
        probabilities = estimator.predict_proba(X)
        likeliest = estimator.classes_[probabilities.argmax(axis=1)]
        assert_array_equal(estimator.predict(X), likeliest)
        assert estimator.decision_function(X).shape == (len(X),)
        asked.append(type(X))
        return -log_loss(y, probabilities, labels=estimator.classes_)

    labels = np.array(["no", "yes"])[Y]
    by_hand = make(scoring=scorer).fit(FRAME, labels).cv_results_
    assert set(asked) == {pd.DataFrame}
    assert len(asked) == 3 * len(by_hand["n_features"])
    by_name = make(scoring="neg_log_loss").fit(FRAME, labels).cv_results_
    assert_allclose(by_hand["mean_test_score"], by_name["mean_test_score"])


@pytest.mark.parametrize(
    ("scoring", "y"),
    [("neg_log_loss", Y), ("neg_log_loss", np.digitize(X[:, 0], [-0.5, 0.5]))],
    ids=["two", "three"],
)
def test_the_loss_is_what_the_scorer_of_that_name_says(scoring, y):
    """Computed by the engine, and by scikit-learn from what is predicted in numpy."""
    loss, scored = (make(scoring=s).fit(X, y).cv_results_ for s in (None, scoring))
    for name in loss:
        assert_allclose(loss[name], scored[name], rtol=1e-6, err_msg=name)


def test_the_loss_of_numbers_is_half_the_squared_error_in_their_own_units():
    loss, scored = (
        make(scoring=s).fit(X, NUMBERS).cv_results_
        for s in (None, "neg_mean_squared_error")
    )
    expected = scored["mean_test_score"] / NUMBERS.var() / 2
    assert_allclose(loss["mean_test_score"], expected, rtol=1e-6)


@pytest.mark.parametrize("scoring", ["roc_auc", "neg_brier_score"])
def test_score_is_that_of_the_scorer(scoring):
    selector = make(scoring=scoring, task="classification").fit(X, Y)
    assert selector.score(X, Y) == get_scorer(scoring)(selector, X, Y)
    assert make(scoring=scoring).fit(X, Y).score(X, Y) == selector.score(X, Y)
    plain = make().fit(X, Y)
    assert plain.score(X, Y) == accuracy_score(Y, plain.predict(X))


@pytest.mark.parametrize("kind", ["labels", "two numbers"])
def test_several_targets(kind):
    y = np.column_stack([Y, X[:, 2] > 0]).astype(int)
    scoring = "f1_macro" if kind == "labels" else "r2"
    selector = make(scoring=scoring).fit(X, y if kind == "labels" else X[:, :2])
    assert selector.support_[0]


def test_weights_reach_scorers_that_take_them_and_no_others():
    weights = np.arange(1.0, N + 1)
    seen = []

    def metric(y, y_pred, sample_weight=None):
        seen.append(sample_weight)
        return accuracy_score(y, y_pred, sample_weight=sample_weight)

    make(scoring=make_scorer(metric), refit=False).fit(X, Y, sample_weight=weights)
    assert_array_equal(np.sort(np.concatenate(seen[:3])), weights)
    plain = make_scorer(lambda y, y_pred: accuracy_score(y, y_pred))
    make(scoring=plain, refit=False).fit(X, Y, sample_weight=weights)


@pytest.mark.parametrize("infinite", [np.inf, -np.inf])
def test_a_size_of_infinite_score_is_as_if_it_had_none(infinite):
    """It cannot be averaged over folds; the others are compared."""

    def scorer(estimator, X, y):
        if estimator.n_features_ == 3:
            return infinite
        return accuracy_score(y, estimator.predict(X))

    selector = make(scoring=scorer).fit(X, Y)
    results = selector.cv_results_
    is_nan = np.isnan(results["mean_test_score"])
    assert_array_equal(is_nan, np.isin(results["n_features"], [0, 3]))
    assert selector.n_features_ != 3


@pytest.mark.parametrize(
    "folds",
    [
        [(np.arange(60), np.arange(60, N + 1))],
        [(np.arange(60), np.arange(60, N) / 2)],
        [(np.arange(60), np.ones(60, dtype=bool))],
    ],
    ids=["a row too many", "halves of rows", "a mask too short"],
)
def test_folds_of_rows_that_are_not_there_are_refused(folds):
    with pytest.raises(
        ValueError, match=rf"folds of numbers of rows, from 0 to {N - 1}"
    ):
        make(cv=folds).fit(X, Y)


def test_metadata_is_routed():
    seen = []

    def metric(y, y_pred, *, prices):
        seen.append(prices)
        return accuracy_score(y, y_pred)

    with sklearn.config_context(enable_metadata_routing=True):
        scorer = make_scorer(metric).set_score_request(prices="prices")
        selector = make(cv=GroupKFold(3), scoring=scorer)
        selector.fit(X, Y, groups=GROUPS, prices=np.arange(N))
        assert_array_equal(np.sort(np.concatenate(seen[:3])), np.arange(N))
        with pytest.raises(TypeError, match="colours"):
            selector.fit(X, Y, groups=GROUPS, prices=np.arange(N), colours=Y)
        inner = make(cv=GroupKFold(2), max_iter=10).set_fit_request(sample_weight=True)
        inner.set_score_request(sample_weight=True)
        outer = {"cv": GroupKFold(2), "return_estimator": True}
        params = {"groups": GROUPS, "sample_weight": 1.0 + GROUPS % 3}
        found = cross_validate(inner, X, Y, params=params, **outer)["estimator"]
        train, _ = next(GroupKFold(2).split(X, Y, GROUPS))
        alone = clone(inner).fit(
            X[train], Y[train], params["sample_weight"][train], GROUPS[train]
        )
        assert_array_equal(found[0].path_, alone.path_)
    with pytest.raises(ValueError, match="enable_metadata_routing"):
        make().fit(X, Y, prices=np.arange(N))
