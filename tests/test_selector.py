"""What a user is promised of `BinMaskSelector` and `binmask_path`."""

import inspect
import json
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from paths import ROOT
from planted import SMALL, easy
from sklearn.base import clone, is_classifier, is_regressor

from sklearn_binmask import BinMaskSelector, binmask_path

X, Y = easy()
LAID = {
    "plain": (X, {}),
    "many rows": (easy(400)[0], {}),
    "mandatory": (X, {"mandatory_features": [4, 5]}),
    "groups": (X, {"feature_groups": [[0, 3], [1, 4]]}),
    "group of all but one": (X, {"feature_groups": [[0, 1, 2, 3, 4]]}),
    "constants": (X * [1, 1, 0, 1, 0, 1], {}),
    "mandatory constant": (X * [1, 1, 0, 1, 0, 1], {"mandatory_features": [2, 3]}),
    "mandatory group": (X, {"mandatory_features": [2], "feature_groups": [[2, 5]]}),
    "group with a constant": (X * [1, 1, 0, 1, 0, 1], {"feature_groups": [[1, 2]]}),
}
OBTAINABLE = {  # numbers of columns that can be had
    "plain": range(1, 7),
    "many rows": range(1, 7),
    "mandatory": range(2, 7),
    "groups": range(1, 7),
    "group of all but one": (1, 5, 6),
    "constants": range(1, 5),
    "mandatory constant": range(2, 6),
    "mandatory group": range(2, 7),
    "group with a constant": range(1, 6),
}


def fit(X=X, y=None, sample_weight=None, **params):
    y = easy(len(X))[1] if y is None else y
    selector = BinMaskSelector(**(SMALL | params))
    return selector.fit(X, y, sample_weight=sample_weight)


def assert_same_selection(selector, other):
    for name in ("support_", "scores_", "ranking_", "path_"):
        assert_array_equal(getattr(selector, name), getattr(other, name))


# --- how many -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "k"), [(case, k) for case, numbers in OBTAINABLE.items() for k in numbers]
)
def test_a_number_gives_exactly_that_many(case, k):
    table, params = LAID[case]
    selector = fit(table, n_features_to_select=k, refit=False, **params)
    assert selector.support_.sum() == selector.n_features_ == k
    assert_array_equal(selector.transform(table), table[:, selector.support_])


@pytest.mark.parametrize(
    ("share", "k"), [(0.01, 1), (0.3, 2), (0.5, 3), (1.0, 6), (1, 1)]
)
def test_a_float_is_a_share_and_an_int_a_number(share, k):
    assert fit(n_features_to_select=share, refit=False).n_features_ == k


def test_a_share_of_all_is_all_that_vary():
    table, _ = LAID["constants"]
    selector = fit(table, n_features_to_select=1.0)
    assert_array_equal(selector.support_, np.ptp(table, axis=0) > 0)


@pytest.mark.parametrize("n_rows", [150, 400])
def test_a_larger_price_keeps_fewer_columns_as_the_path_says(n_rows):
    table, y = easy(n_rows)
    path = fit(table, y, l0_penalty=0.0, refit=False).path_
    finite = path["penalty"][np.isfinite(path["penalty"]) & (path["penalty"] > 0)]
    prices = np.unique([0.0, *finite * 0.99, *finite * 1.01, 1e9])
    numbers = []
    for price in prices:
        selector = fit(table, y, l0_penalty=price, refit=False)
        assert_array_equal(selector.path_, path)
        kept = path[path["penalty"] > price]["support"]
        kept = kept[kept.any(axis=1)]  # one column stays, whatever the price
        expected = kept[0] if len(kept) else path["support"][-2]
        assert_array_equal(selector.support_, expected)
        numbers.append(selector.n_features_)
    assert all(before >= after for before, after in pairwise(numbers))
    assert numbers[0] > numbers[-1] == 1


@pytest.mark.parametrize("least", [1, 3, 6, 60])
@pytest.mark.parametrize("price", [None, 1e9])
def test_at_least_min_features_to_select(least, price):
    y = np.random.default_rng(0).integers(0, 2, len(X))  # nothing to find
    selector = fit(X, y, min_features_to_select=least, l0_penalty=price, refit=False)
    assert selector.n_features_ == min(least, 6)


def test_auto_is_a_point_of_the_path_and_finds_what_is_easy():
    table, y = easy(400)
    selector = BinMaskSelector(random_state=0).fit(table, y)
    assert selector.get_support(indices=True).tolist() == [0, 1]
    assert (selector.path_["support"] == selector.support_).all(axis=1).any()


# --- what is kept together, and what always -----------------------------------------


@pytest.mark.parametrize("wanted", ["auto", 2, 3, 4])
def test_columns_of_a_group_go_together(wanted):
    groups = [[0, 3], [4, 5]]
    selector = fit(n_features_to_select=wanted, feature_groups=groups)
    for points in (selector.path_["support"].T, selector.ranking_, selector.scores_):
        for one, other in groups:
            assert_array_equal(points[one], points[other])
    labels = fit(n_features_to_select=wanted, feature_groups=list("abcadd"))
    assert_same_selection(selector, labels)


@pytest.mark.parametrize("wanted", ["auto", 2, 5])
def test_mandatory_columns_are_kept_at_every_point(wanted):
    selector = fit(n_features_to_select=wanted, mandatory_features=[2, 4])
    assert selector.support_[[2, 4]].all()
    assert selector.path_["support"][:, [2, 4]].all()
    assert selector.path_["n_open"][-1] == (5 if wanted == 5 else 2)
    infinite = np.flatnonzero(np.isposinf(selector.scores_))
    assert infinite.tolist() == [2, 4]
    mask = np.isin(np.arange(6), [2, 4])
    by_mask = fit(n_features_to_select=wanted, mandatory_features=mask)
    assert_same_selection(selector, by_mask)
    assert not fit(n_features_to_select=2).support_[[2, 4]].any()


# --- attributes ---------------------------------------------------------------------


@pytest.mark.parametrize("params", [{}, {"n_features_to_select": 5}, {"l0_penalty": 0}])
@pytest.mark.parametrize("case", LAID)
def test_attributes_agree_with_each_other(case, params):
    table, laid = LAID[case]
    if case == "constants" and "n_features_to_select" in params:
        params = {"n_features_to_select": 3}
    selector = fit(table, **laid, **params)
    support, ranking, scores = selector.support_, selector.ranking_, selector.scores_
    assert support.dtype == bool
    assert support.shape == ranking.shape == scores.shape == (6,)
    assert selector.n_features_in_ == 6
    assert_array_equal(ranking == 1, support)
    late = np.flatnonzero(~support)
    late = late[np.argsort(ranking[late], kind="stable")]
    assert_array_equal(
        np.unique(ranking[late]), np.arange(2, 2 + len(set(ranking[late])))
    )
    assert_array_equal(scores[late], np.sort(scores[late])[::-1])
    mandatory = np.isin(np.arange(6), laid.get("mandatory_features", []))
    assert np.isposinf(scores[mandatory]).all()
    in_a_group = np.isin(np.arange(6), np.hstack(laid.get("feature_groups", [[]])))
    dead = (np.ptp(table, axis=0) == 0) & ~mandatory & ~in_a_group
    assert np.isneginf(scores[dead]).all()
    assert np.isfinite(scores[~dead & ~np.isposinf(scores)]).all()
    assert not selector.path_["support"][:, dead].any()
    assert selector.task_ == "classification"
    assert_array_equal(selector.classes_, [0, 1])
    assert selector.n_iter_ > len(selector.path_)
    assert np.isfinite(selector.loss_curve_).all()
    outputs = np.concatenate(selector.input_to_outputs_)
    assert_array_equal(outputs, np.arange(len(outputs)))


@pytest.mark.parametrize("case", LAID)
@pytest.mark.parametrize("wanted", ["auto", 3])
def test_the_path_goes_from_all_to_the_wanted_number_or_to_none(case, wanted):
    table, laid = LAID[case]
    if wanted not in ("auto", *OBTAINABLE[case]):
        wanted = 5
    selector = fit(table, n_features_to_select=wanted, refit=False, **laid)
    path = selector.path_
    assert path.dtype.names == (
        *("penalty", "n_open", "n_features"),
        *("train_loss", "validation_loss", "validation_se", "excess_se"),
        "support",
    )
    assert (np.diff(path["n_open"]) <= 0).all()
    assert (np.diff(path["penalty"][:-1]) >= 0).all()
    assert np.isposinf(path["penalty"][-1])
    assert_array_equal(path["support"].sum(axis=1), path["n_features"])
    alive = np.ptp(table, axis=0) > 0
    assert path["support"][0][alive].all()
    for name in ("train_loss", "validation_loss", "validation_se"):
        assert (np.isfinite(path[name]) & (path[name] > 0)).all()
    assert path["validation_loss"].min() < 0.9 * np.log(2)
    ends_there = wanted != "auto" and "feature_groups" not in laid
    if ends_there:
        assert (path["n_features"] == wanted).nonzero()[0].tolist() == [
            *range(len(path) - 3, len(path))
        ]
    elif "mandatory_features" not in laid:
        assert path["n_open"][-1] == path["n_features"][-1] == 0
        assert abs(path["validation_loss"][-1] - np.log(2)) < 0.05
        assert (path["n_open"][:-1] > 0).all()
    # each column left at the price of the last point that had it, or would not yet
    for column in np.flatnonzero(np.isfinite(selector.scores_)):
        last = np.flatnonzero(path["support"][:, column])[-1]
        if last < len(path) - 1:
            assert selector.scores_[column] == path["penalty"][last]
        else:
            assert ends_there
            assert selector.scores_[column] >= path["penalty"][-2]


def test_columns_that_are_left_have_scores_in_the_order_of_their_worth():
    rng = np.random.default_rng(0)
    table = rng.normal(size=(600, 8))
    y = table @ [0, 3.0, 0, 0, 2.0, 0, 1.0, 0] + rng.normal(size=600) > 0
    selector = BinMaskSelector(n_features_to_select=3, random_state=0).fit(table, y)
    best_first = np.argsort(-selector.scores_)
    assert best_first[:3].tolist() == [1, 4, 6]
    assert np.isfinite(selector.scores_).all()


def test_a_path_that_is_to_keep_all_columns_is_a_point():
    selector = fit(n_features_to_select=6)
    assert selector.path_["n_features"].tolist() == [6]
    assert selector.support_.all() and np.isfinite(selector.scores_).all()


def test_binmask_path_is_the_path_of_the_selector():
    path = binmask_path(X, Y, n_members=2, hidden_layer_sizes=(4,), random_state=0)
    selector = fit(refit=False)
    assert set(path) == {*selector.path_.dtype.names, "scores"}
    for name in selector.path_.dtype.names:
        assert_array_equal(path[name], selector.path_[name])
    assert_array_equal(path.scores, selector.scores_)


def test_binmask_path_has_the_parameters_of_the_selector():
    """All but those to choose a point, train on it, watch or share; equal defaults."""
    params = inspect.signature(binmask_path).parameters
    defaults = {name: p.default for name, p in params.items()}
    for name in ("X", "y", "sample_weight", "groups"):
        del defaults[name]
    choosing = {
        *("n_features_to_select", "min_features_to_select", "l0_penalty"),
        *("refit", "max_iter", "verbose", "distributed"),
    }
    of_selector = BinMaskSelector().get_params()
    assert defaults == {n: v for n, v in of_selector.items() if n not in choosing}


def test_binmask_path_hands_every_parameter_on():
    weights = np.arange(len(X)) % 3
    params = {
        "task": "regression",
        "numeric_encoding": None,
        "feature_groups": [[0, 1]],
        "mandatory_features": [3],
        "hidden_layer_sizes": (3, 2),
        "n_members": 4,
        "activation": "tanh",
        "alpha": 0.1,
        "batch_size": 20,
        "learning_rate_init": 0.02,
        "mask_learning_rate": 0.1,
        "validation_fraction": 0.3,
        "random_state": 3,
    }
    path = binmask_path(X, Y, sample_weight=weights, **params)
    selector = fit(X, Y, weights, **params, refit=False)
    assert_array_equal(path.validation_loss, selector.path_["validation_loss"])
    assert_array_equal(path.support, selector.path_["support"])


@pytest.mark.parametrize(
    ("n_columns", "same_as"), [(640, "piecewise_linear"), (641, None)]
)
def test_auto_brings_folds_for_up_to_32_columns_a_row(n_columns, same_as):
    X, y = easy(20, n_columns)
    params = {"n_features_to_select": 3, "refit": False, "random_state": 0}
    by_rule = BinMaskSelector(**params).fit(X, y)
    told = BinMaskSelector(numeric_encoding=same_as, **params).fit(X, y)
    assert_array_equal(by_rule.scores_, told.scores_)
    n_inputs = {len(outputs) for outputs in by_rule.input_to_outputs_}
    assert n_inputs == ({1} if same_as is None else {3})


def test_fitting_again_leaves_nothing_of_the_first_fit():
    selector = fit()
    selector.set_params(task="regression", refit=False).fit(X[:, :4], X[:, 0])
    fresh = clone(selector).fit(X[:, :4], X[:, 0])
    assert set(vars(selector)) == set(vars(fresh))
    assert not hasattr(selector, "classes_")
    assert_same_selection(selector, fresh)


# --- the same again -----------------------------------------------------------------

AGAIN = """
import json, sys
import numpy as np
from sklearn_binmask import BinMaskSelector
from planted import SMALL, easy

answers = []
for n_rows in (150, 400):
    selector = BinMaskSelector(**SMALL).fit(*easy(n_rows))
    parts = (selector.support_, selector.scores_, selector.path_)
    answers.append([part.tobytes().hex() for part in parts])
print(json.dumps(answers))
"""


def test_bit_for_bit_the_same_in_a_second_process():
    ran = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.append('tests')\n{AGAIN}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for n_rows, there in zip((150, 400), json.loads(ran.stdout), strict=True):
        here = fit(*easy(n_rows))
        parts = (here.support_, here.scores_, here.path_)
        assert there == [part.tobytes().hex() for part in parts]


def test_random_states_are_numbers_generators_or_none():
    first, second = np.random.RandomState(7), np.random.RandomState(7)
    one, other = fit(random_state=first), fit(random_state=second)
    assert_same_selection(one, other)
    third = fit(random_state=first)  # the generator has gone on
    assert (third.path_["train_loss"] != one.path_["train_loss"]).any()
    free = [fit(random_state=None).path_["train_loss"] for _ in range(2)]
    assert (free[0] != free[1]).any()


# --- what kind of estimator it is ---------------------------------------------------


def test_tags_say_what_the_task_says():
    assert is_classifier(BinMaskSelector(task="classification"))
    assert is_regressor(BinMaskSelector(task="regression"))
    for neither in (BinMaskSelector(), BinMaskSelector(task="regression", refit=False)):
        assert not is_classifier(neither)
        assert not is_regressor(neither)


def test_get_support_names_and_inverse():
    selector = fit(n_features_to_select=2)
    chosen = selector.get_support(indices=True)
    assert_array_equal(selector.get_feature_names_out(), [f"x{j}" for j in chosen])
    back = selector.inverse_transform(selector.transform(X))
    assert_array_equal(back, X * selector.support_)


def test_a_constant_column_that_must_stay_may_be_the_only_one():
    X, y = easy()
    X[:, 2] = 1.0
    selector = BinMaskSelector(
        n_features_to_select=1, mandatory_features=[2], **SMALL
    ).fit(X, y)
    assert_array_equal(selector.get_support(indices=True), [2])
    share = selector.predict_proba(X)[:, 1]
    assert_allclose(share, share[0])
