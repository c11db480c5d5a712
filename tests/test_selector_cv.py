"""`BinMaskSelectorCV`: its folds, its rule, its table, and what it hands to scorers."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from planted import SMALL, easy, sign_product
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneOut,
    PredefinedSplit,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_binmask import BinMaskSelector, BinMaskSelectorCV
from sklearn_binmask.exceptions import ParameterError

N, D = 120, 4
X, Y = easy(N, D)
NUMBERS = 2 * X[:, 0] + X[:, 1]
GROUPS = np.arange(len(X)) % 6
FRAME = pd.DataFrame(X, columns=list("abcd"))


def make(**params):
    return BinMaskSelectorCV(**(SMALL | {"cv": 3} | params))


def split_of(results, name):
    n_splits = sum(key.endswith("_test_score") for key in results) - 2
    return [results[f"split{k}_{name}"] for k in range(n_splits)]


def assert_same_results(one, other):
    assert list(one.cv_results_) == list(other.cv_results_)
    for name, values in one.cv_results_.items():
        assert_array_equal(values, other.cv_results_[name])


# --- what comes out -----------------------------------------------------------------


@pytest.mark.parametrize("params", [{}, {"scoring": "accuracy"}, {"cv": 4}])
def test_the_table_has_the_form_of_rfecv(params):
    from sklearn.feature_selection import RFECV

    ours = make(**params).fit(X, Y)
    theirs = RFECV(LogisticRegression(), cv=params.get("cv", 3)).fit(X, Y)
    assert set(ours.cv_results_) == set(theirs.cv_results_)
    for name, values in theirs.cv_results_.items():
        found = ours.cv_results_[name]
        assert type(found) is np.ndarray
        assert (found.shape, found.dtype.kind) == (values.shape, values.dtype.kind)
    assert ours.n_splits_ == params.get("cv", 3)


@pytest.mark.parametrize("scoring", [None, "roc_auc"])
def test_the_table_agrees_with_itself(scoring):
    results = make(scoring=scoring).fit(X, Y).cv_results_
    scores = np.array(split_of(results, "test_score"))
    assert_array_equal(results["n_features"], np.arange(1, D + 1))
    assert_allclose(results["mean_test_score"], scores.mean(axis=0))
    assert_allclose(results["std_test_score"], scores.std(axis=0))
    for support, ranking in zip(
        split_of(results, "support"), split_of(results, "ranking"), strict=True
    ):
        assert_array_equal(support.sum(axis=1), results["n_features"])
        assert_array_equal(support, ranking == 1)
        for size, ranks in zip(results["n_features"], ranking, strict=True):
            others = sorted(ranks[ranks > 1])
            assert_array_equal(others, np.arange(2, 2 + D - size))


@pytest.mark.parametrize("y", [Y, NUMBERS], ids=["classes", "numbers"])
def test_what_is_selected_is_what_the_selector_selects_with_that_number(y):
    ours = make().fit(X, y)
    number = BinMaskSelector(**SMALL, n_features_to_select=ours.n_features_).fit(X, y)
    for name in ("support_", "ranking_", "scores_", "path_", "loss_curve_"):
        assert_array_equal(getattr(ours, name), getattr(number, name))
    assert_array_equal(ours.predict(X), number.predict(X))


def test_without_refit_the_same_is_selected_and_nothing_predicts():
    bare = make(refit=False).fit(X, Y)
    assert_array_equal(bare.support_, make().fit(X, Y).support_)
    assert not hasattr(bare, "predict") and not hasattr(bare, "score")


def test_a_fit_can_be_repeated_bit_for_bit():
    one, other = make().fit(X, Y), make().fit(X, Y)
    assert_array_equal(one.predict_proba(X), other.predict_proba(X))
    assert_same_results(one, other)


# --- the folds ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "splitter", "y"),
    [(3, StratifiedKFold(3), Y), (3, KFold(3), NUMBERS), (None, StratifiedKFold(), Y)],
    ids=["classes", "numbers", "none"],
)
def test_a_number_of_folds_means_what_scikit_learn_means_by_it(number, splitter, y):
    by_number, by_splitter = make(cv=number).fit(X, y), make(cv=splitter).fit(X, y)
    by_rows = make(cv=list(splitter.split(X, y))).fit(X, y)
    by_mask = make(cv=[(np.isin(np.arange(N), a), b) for a, b in splitter.split(X, y)])
    for other in (by_splitter, by_rows, by_mask.fit(X, y)):
        assert_same_results(by_number, other)


def test_a_fold_does_not_see_the_rows_it_is_tested_on(monkeypatch):
    """Whatever classes they have, the same columns leave in the same order.

    But for which of the random weights goes to which column, which hangs on all rows.
    """
    monkeypatch.setattr(
        "sklearn_binmask._engine.training.canonical_order",
        lambda problem, agreement: np.arange(problem.n_gates),
    )
    test = np.arange(0, 300, 5)
    cv = [(np.setdiff1d(np.arange(300), test), test)]
    X, y = easy(300)  # the random halves of smaller tables hang on what rows hold
    swapped = y.copy()
    swapped[test] = np.random.default_rng(0).permutation(y[test])
    assert (swapped != y).any()
    one, other = (make(cv=cv, refit=False).fit(X, y).cv_results_ for y in (y, swapped))
    assert_array_equal(one["split0_ranking"], other["split0_ranking"])
    assert (one["split0_test_score"] != other["split0_test_score"]).all()


def test_groups_stay_together():
    seen = []

    def spy(estimator, X, y):
        seen.append(frozenset(np.round(X["f"]).astype(int)))
        return accuracy_score(y, estimator.predict(X))

    table = FRAME.assign(f=GROUPS)
    make(cv=GroupKFold(3), scoring=spy).fit(table, Y, groups=GROUPS)
    assert len(set(seen)) == 3
    assert sorted(group for groups in set(seen) for group in groups) == list(range(6))


def test_a_splitter_for_groups_asks_for_them():
    with pytest.raises(ValueError, match="groups"):
        make(cv=GroupKFold(3)).fit(X, Y)


@pytest.mark.parametrize(
    ("cv", "n_splits"),
    [
        (RepeatedStratifiedKFold(n_splits=2, n_repeats=3, random_state=0), 6),
        (ShuffleSplit(2, test_size=0.2, random_state=0), 2),
        (PredefinedSplit(np.where(np.arange(N) < 80, -1, GROUPS % 2)), 2),
        (ShuffleSplit(1, random_state=0), 1),
    ],
    ids=["repeated", "shuffled", "predefined", "one"],
)
@pytest.mark.parametrize("scoring", [None, "accuracy"])
def test_any_splitter_will_do(cv, n_splits, scoring):
    selector = make(cv=cv, scoring=scoring, refit=False).fit(X, Y)
    assert selector.n_splits_ == n_splits
    assert selector.support_[0]
    assert np.isfinite(selector.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize("scoring", [None, "accuracy"])
def test_as_many_folds_as_rows(scoring):
    """They train in several batches, and one row has no say in its own stretching."""
    few, y = X[:50], Y[:50]
    selector = make(cv=LeaveOneOut(), scoring=scoring, refit=False).fit(few, y)
    assert selector.n_splits_ == 50
    means = selector.cv_results_["mean_test_score"]
    assert means.min() < means.max() <= 1
    if scoring is None:
        assert all(
            score.std() > 0 for score in split_of(selector.cv_results_, "test_score")
        )


def test_weights_are_copies_and_rows_of_no_weight_are_absent():
    weights = np.random.default_rng(0).integers(0, 3, 60)
    parts = np.arange(60) // 20
    copies = np.repeat(np.arange(60), weights)

    def fit(rows, sample_weight=None, scoring=None):
        cv = PredefinedSplit(parts[rows])
        selector = make(cv=cv, scoring=scoring, refit=False)
        return selector.fit(X[rows], Y[rows], sample_weight=sample_weight).cv_results_

    for scoring in (None, "accuracy"):
        weighted = fit(np.arange(60), weights, scoring)
        for name, values in fit(copies, None, scoring).items():
            assert_allclose(values, weighted[name], rtol=1e-6, err_msg=name)


# --- how many -----------------------------------------------------------------------


def test_the_best_has_the_best_mean_score():
    for y in (Y, NUMBERS):
        selector = make(rule="best", refit=False).fit(X, y)
        best = np.argmax(selector.cv_results_["mean_test_score"])
        assert selector.n_features_ == selector.cv_results_["n_features"][best]


@pytest.mark.parametrize("scoring", [None, "accuracy"])
def test_the_fewest_may_be_said(scoring):
    for least in (1, 3, 4, 9):
        params = {"min_features_to_select": least, "scoring": scoring}
        selector = make(**params, refit=False).fit(X, Y)
        least = min(least, D)
        assert selector.n_features_ >= least
        assert_array_equal(selector.cv_results_["n_features"], np.arange(least, D + 1))


def test_groups_of_columns_and_mandatory_ones():
    params = {"feature_groups": [[0, 3], [2, 4, 5]], "mandatory_features": [5]}
    selector = make(**params, min_features_to_select=4).fit(*easy(N, 6))
    assert selector.support_[[2, 4, 5]].all()
    assert selector.support_[0] == selector.support_[3]
    assert selector.n_features_ >= 4
    for support in split_of(selector.cv_results_, "support"):
        assert (support.sum(axis=1) >= 4).all()
        assert_array_equal(support[:, 0], support[:, 3])


def test_exactly_the_planted_columns(any_seed):
    X, planted, y = sign_product(any_seed, 1000, 30, order=2)
    selector = BinMaskSelectorCV(refit=False, random_state=any_seed).fit(X, y)
    assert_array_equal(selector.get_support(indices=True), planted)


def n_found_in_noise(seed, scoring):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(300, 20)), rng.integers(0, 2, 300)
    params = {"refit": False, "random_state": seed, "n_members": 4}
    return BinMaskSelectorCV(scoring=scoring, **params).fit(X, y).n_features_


def test_little_is_found_in_noise(any_seed):
    assert n_found_in_noise(any_seed, None) <= 2


def test_as_a_rule_little_is_found_in_noise_by_accuracy(any_seed):
    # among many sizes one is often a standard error better by luck alone, when rows
    # are only counted right or wrong: in about one table of eight
    n_found = [
        n_found_in_noise(1000 * any_seed + draw, "accuracy") for draw in range(7)
    ]
    assert np.median(n_found) <= 2


# --- among others -------------------------------------------------------------------


@pytest.mark.parametrize("library", [pd, pl])
def test_frames(library):
    table = library.DataFrame({name: X[:, j] for j, name in enumerate("abcd")})
    table_y = library.Series(np.array(["no", "yes"])[Y])
    selector = make(scoring="accuracy", max_iter=200).fit(table, table_y)
    assert isinstance(selector.transform(table), library.DataFrame)
    assert selector.get_feature_names_out()[0] == "a"
    assert selector.score(table, np.array(["no", "yes"])[Y]) > 0.8


def test_grid_search_pipeline_clone_and_pickle():
    pipeline = make_pipeline(StandardScaler(), make(), LogisticRegression())
    grid = {"binmaskselectorcv__rule": ["best", "one_standard_error"]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, Y)
    assert search.score(X, Y) > 0.9
    selector = search.best_estimator_[1]
    assert clone(selector).get_params() == selector.get_params()
    loaded = pickle.loads(pickle.dumps(selector))
    assert_array_equal(loaded.predict(X), selector.predict(X))
    assert sorted(loaded.cv_results_) == sorted(selector.cv_results_)


class Stop:
    """Asks a fit to stop after some steps."""

    def __init__(self, after):
        self.left, self.after = after, after

    def setup(self, estimator, context): ...

    def teardown(self, estimator, context): ...

    def on_fit_task_begin(self, estimator, context): ...

    def on_fit_task_end(self, estimator, context):
        self.left -= context.parent is not None
        return context.parent is not None and self.left == 0


@pytest.mark.parametrize("after", [1, 3, 7, 1000])
def test_a_callback_may_stop_the_folds_or_the_path(after):
    stop = Stop(after)
    selector = make().set_callbacks(stop).fit(X, Y)
    assert selector.n_features_ == selector.support_.sum() >= 1
    n_sizes = len(selector.cv_results_["n_features"])
    assert n_sizes == min(after, D)
    if after == 1000:  # each point of the folds and of the path is a step
        n_points = 1 + D + len(selector.path_)
        assert after - stop.left in (n_points, n_points + 1)


# --- bad input ----------------------------------------------------------------------

BAD = {
    "one fold": ({"cv": 1}, {}, ValueError, "'cv'.*Got 1 instead"),
    "more folds than rows": ({"cv": 500}, {}, ValueError, "n_splits=500"),
    "no fold": ({"cv": []}, {}, ParameterError, r"cv=\[\].*at least one fold"),
    "a fold of nothing": (
        {"cv": [(np.arange(9), np.arange(0))]},
        *({}, ParameterError, "fold 0 has 9 and 0.*fewer folds"),
    ),
    "a fold without weight": (
        {"cv": PredefinedSplit(GROUPS)},
        *(
            {"sample_weight": (GROUPS > 0) * 1.0},
            ParameterError,
            "fold 0 has 100 and 0",
        ),
    ),
    "a scorer that gives a text": (
        {"scoring": lambda estimator, X, y: "good"},
        *({}, ParameterError, "returned 'good'"),
    ),
    "a scorer that gives nan": (
        {"scoring": lambda estimator, X, y: np.nan},
        *({}, ParameterError, "NaN.*other folds"),
    ),
    "an unknown scorer": ({"scoring": "beauty"}, {}, ValueError, "'scoring'.*'beauty'"),
    "an unknown rule": ({"rule": "worst"}, {}, ValueError, "'rule'.*'worst'"),
    "weighted numbers": (
        {"task": "regression", "class_weight": "balanced"},
        *({}, ParameterError, "no meaning"),
    ),
    "groups of another table": (
        {"cv": GroupKFold(3)},
        *({"groups": GROUPS[:-1]}, ValueError, r"shape \(119,\), but X has 120 rows"),
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_and_the_estimator_stays_as_it_was(case):
    params, given, error, said = BAD[case]
    selector = make(max_iter=2).fit(X, Y).set_params(**params)
    before = {n: v for n, v in vars(selector).items() if n.endswith("_")}
    with pytest.raises(error, match=f"(?s){said}"):
        selector.fit(X, Y, **given)
    after = {n: v for n, v in vars(selector).items() if n.endswith("_")}
    assert after == before or all(after[n] is before[n] for n in before)
