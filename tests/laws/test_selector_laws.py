"""What may be done to a table without changing which of its columns are chosen.

In small tables the laws hold for the whole path, up to rounding; in larger ones, whose
batches are drawn, for a support that the rows leave no doubt about.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from planted import SMALL

from sklearn_binmask import BinMaskSelector

SIZES = pytest.mark.parametrize("n_rows", [120, 600])
# For laws about what is found: "auto" wants networks that can do without noise.
ABLE = {"n_members": 8, "hidden_layer_sizes": (16,)}
WANTED = pytest.mark.parametrize("wanted", [2, "auto"])


def draw(seed, n_rows, n_columns=8, kind="class"):
    """Columns 0 and 1 matter, strongly."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_columns))
    signal = 2 * X[:, 0] + 1.5 * X[:, 1]
    return X, signal > 0 if kind == "class" else signal


def fit(X, y, sample_weight=None, **params):
    selector = BinMaskSelector(**(SMALL | {"refit": False} | params))
    return selector.fit(X, y, sample_weight=sample_weight)


def assert_same_path(selector, other, order=slice(None), rtol=1e-6):
    """The paths are the same up to rounding and the order of columns."""
    assert_array_equal(selector.support_, other.support_[order])
    assert_array_equal(selector.path_["support"], other.path_["support"][:, order])
    # scores and errors are differences of losses, and rounded as these are
    atol = rtol * abs(other.path_["validation_loss"]).max()
    assert_allclose(selector.scores_, other.scores_[order], rtol=rtol, atol=atol)
    for name in ("train_loss", "validation_loss", "validation_se"):
        mine, theirs = selector.path_[name], other.path_[name]
        assert_allclose(mine, theirs, rtol=rtol, atol=atol)


# --- columns ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["class", "number"])
@WANTED
def test_the_order_of_columns_is_of_no_matter_in_small_tables(any_seed, wanted, kind):
    X, y = draw(any_seed, 120, kind=kind)
    order = np.random.default_rng(any_seed + 1).permutation(8)
    one = fit(X[:, order], y, n_features_to_select=wanted)
    other = fit(X, y, n_features_to_select=wanted)
    assert_same_path(one, other, order)


@pytest.mark.parametrize("kind", ["class", "number"])
@SIZES
def test_the_order_of_columns_does_not_change_a_clear_support(any_seed, n_rows, kind):
    X, y = draw(any_seed, n_rows, n_columns=20, kind=kind)
    order = np.random.default_rng(any_seed + 1).permutation(20)
    params = {"n_features_to_select": 2, **ABLE}
    one, other = fit(X[:, order], y, **params), fit(X, y, **params)
    assert_array_equal(np.flatnonzero(other.support_), [0, 1])
    assert_array_equal(one.support_, other.support_[order])
    assert_allclose(
        one.scores_[one.support_], other.scores_[order][one.support_], rtol=0.5
    )


@pytest.mark.parametrize("kind", ["class", "number"])
@SIZES
def test_in_any_order_auto_chooses_what_is_clear(any_seed, n_rows, kind):
    """And next to nothing else: its rule allows for one standard error."""
    X, y = draw(any_seed, n_rows, n_columns=20, kind=kind)
    order = np.random.default_rng(any_seed + 1).permutation(20)
    for columns in (order, np.arange(20)):
        chosen = columns[fit(X[:, columns], y, **ABLE).support_]
        assert {0, 1} <= set(chosen) and len(chosen) <= 4


@WANTED
@SIZES
def test_a_power_of_two_is_no_change_at_all(any_seed, n_rows, wanted):
    X, y = draw(any_seed, n_rows)
    units = 2.0 ** np.random.default_rng(any_seed).integers(-60, 60, 8)
    one = fit(X, y, n_features_to_select=wanted)
    other = fit(X * units, y, n_features_to_select=wanted)
    assert_array_equal(one.path_, other.path_)
    assert_array_equal(one.scores_, other.scores_)


@SIZES
@WANTED
def test_units_and_origins_of_columns_are_of_no_matter(any_seed, n_rows, wanted):
    X, y = draw(any_seed, n_rows)
    rng = np.random.default_rng(any_seed)
    moved = X * rng.uniform(0.01, 100, 8) + rng.uniform(-1e3, 1e3, 8)
    one = fit(X, y, n_features_to_select=wanted, **ABLE)
    other = fit(moved, y, n_features_to_select=wanted, **ABLE)
    assert_array_equal(one.support_, other.support_)
    assert one.support_[0]


@SIZES
def test_a_mirrored_column_is_chosen_as_well(any_seed, n_rows):
    X, y = draw(any_seed, n_rows)
    for signs in ([-1, 1], [1, -1], [-1, -1]):
        mirrored = X * [*signs, *[-1, 1] * 3]
        support = fit(mirrored, y, n_features_to_select=2, **ABLE).support_
        assert_array_equal(np.flatnonzero(support), [0, 1])


@WANTED
@SIZES
def test_columns_that_do_not_vary_are_as_if_absent(any_seed, n_rows, wanted):
    X, y = draw(any_seed, n_rows)
    places, alive = [0, 4, 4, 8], [1, 2, 3, 4, 7, 8, 9, 10]
    with_dead = np.insert(X, places, [0.0, 7.5, np.nan, 1e30], axis=1)
    one = fit(with_dead, y, n_features_to_select=wanted)
    other = fit(X, y, n_features_to_select=wanted)
    dead = np.setdiff1d(np.arange(12), alive)
    assert not one.path_["support"][:, dead].any()
    assert_array_equal(one.path_["support"][:, alive], other.path_["support"])
    assert_array_equal(one.scores_[alive], other.scores_)
    assert_array_equal(one.ranking_[alive], other.ranking_)


@pytest.mark.parametrize("kind", ["class", "number"])
def test_shuffled_copies_do_not_displace_what_matters(any_seed, kind):
    X, y = draw(any_seed, 600, kind=kind)
    copies = np.random.default_rng(any_seed).permuted(np.tile(X, 8), axis=0)
    for wanted in (2, "auto"):
        params = {"n_features_to_select": wanted, **ABLE}
        support = fit(np.hstack([copies, X]), y, **params).support_
        assert_array_equal(np.flatnonzero(support), [64, 65])


@pytest.mark.parametrize("wanted", [3, "auto"])
@SIZES
def test_mandatory_noise_stays_and_what_matters_is_found_beside_it(
    any_seed, n_rows, wanted
):
    X, y = draw(any_seed, n_rows)
    params = {"n_features_to_select": wanted, **ABLE}
    support = fit(X, y, mandatory_features=[6], **params).support_
    assert support[[0, 6]].all()
    assert support[1] or wanted == "auto"  # which may not be sure in small tables
    assert not fit(X, y, n_features_to_select=2, **ABLE).support_[6]


def test_of_two_copies_of_a_column_one_is_enough(any_seed):
    X, y = draw(any_seed, 600)
    twice = np.hstack([X, X[:, :1]])
    support = fit(twice, y, n_features_to_select=2, **ABLE).support_
    assert support[1]
    assert support[0] != support[8]


# --- rows ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["class", "number"])
@WANTED
def test_the_order_of_rows_is_of_no_matter_in_small_tables(any_seed, wanted, kind):
    X, y = draw(any_seed, 120, kind=kind)
    order = np.random.default_rng(any_seed).permutation(len(X))
    one = fit(X, y, n_features_to_select=wanted)
    other = fit(X[order], y[order], n_features_to_select=wanted)
    assert_same_path(one, other)


@pytest.mark.parametrize("kind", ["class", "number"])
@WANTED
def test_a_weight_is_a_number_of_copies_in_small_tables(any_seed, wanted, kind):
    X, y = draw(any_seed, 80, kind=kind)
    copies = np.random.default_rng(any_seed).integers(0, 4, len(X))
    one = fit(X, y, copies.astype(float), n_features_to_select=wanted)
    rows = np.repeat(np.arange(len(X)), copies)
    other = fit(X[rows], y[rows], n_features_to_select=wanted)
    assert_same_path(one, other)


@SIZES
def test_names_of_classes_are_of_no_matter(any_seed, n_rows):
    X, y = draw(any_seed, n_rows)
    one = fit(X, y)
    for names in (["no", "yes"], [-1, 1], [0.0, 5.0]):
        assert_array_equal(fit(X, np.array(names)[y.astype(int)]).path_, one.path_)


@SIZES
def test_units_and_origin_of_the_target_are_of_no_matter(any_seed, n_rows):
    X, y = draw(any_seed, n_rows, kind="number")
    one = fit(X, y, n_features_to_select=2, **ABLE)
    for moved in (1e6 * y, y / 1e6, y - 1e4, -y):
        other = fit(X, moved, n_features_to_select=2, **ABLE)
        assert_array_equal(other.support_, one.support_)
    assert_array_equal(fit(X, 4.0 * y, **ABLE).scores_, fit(X, y, **ABLE).scores_)
