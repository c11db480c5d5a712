"""How many gates stay open, and what may be done to a table without any change."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from planted import sign_product

from sklearn_binmask import BinMaskMLPClassifier, BinMaskMLPRegressor

TINY = {"hidden_layer_sizes": (8,), "max_iter": 20, "random_state": 0}
every_kind = pytest.mark.parametrize(
    "granularity", ["weights", "units", "features", ("features", "units", "weights")]
)
GRANULARITIES = [
    "weights",
    "units",
    "features",
    ("features", "units"),
    ("features", "weights"),
    ("units", "weights"),
    ("features", "units", "weights"),
]
every_granularity = pytest.mark.parametrize("granularity", GRANULARITIES, ids=str)
with_features = pytest.mark.parametrize(
    "granularity", [g for g in GRANULARITIES if "features" in g], ids=str
)
SIZES = pytest.mark.parametrize("n_rows", [120, 600])
both_targets = pytest.mark.parametrize("kind", ["class", "number"])


def draw(seed, n_rows, kind="class"):
    """Columns 0 and 1 matter, strongly."""
    X = np.random.default_rng(seed).normal(size=(n_rows, 6))
    signal = 2 * X[:, 0] + 1.5 * X[:, 1]
    return X, (signal > 0).astype(int) if kind == "class" else signal


def fit(X, y, sample_weight=None, **params):
    kind = BinMaskMLPRegressor if np.asarray(y).dtype == float else BinMaskMLPClassifier
    return kind(**(TINY | params)).fit(X, y, sample_weight=sample_weight)


def n_open(model):
    return sum(int(gates.sum()) for gates in model.open_gates_.values())


def says(model, X):
    return model.estimator_.outputs(X)


def counted(model):
    """What `sparsity_` is a share of, as a flat array of open ones."""
    gates = model.open_gates_
    parts = model.masks_ if "weights" in gates else gates.values()
    return np.concatenate([part.ravel() for part in parts])


def least(granularity, layers):
    """Count what a path needs: a weight a layer; or a column, and a unit a layer."""
    kinds = np.atleast_1d(granularity)
    if "weights" in kinds:
        return len(layers) + 1
    return ("features" in kinds) + len(layers) * ("units" in kinds)


# --- how many gates -----------------------------------------------------------------


@every_granularity
@pytest.mark.parametrize("sparsity", [0.0, 0.5, 0.95])
@pytest.mark.parametrize(("kind", "layers"), [("class", 8), ("number", (6, 5))])
def test_a_share_is_closed_to_within_one(granularity, sparsity, kind, layers):
    X, y = draw(0, 120, kind)
    params = {"granularity": granularity, "hidden_layer_sizes": layers}
    model = fit(X, y, sparsity=sparsity, max_iter=5, **params)
    is_open = counted(model)
    assert abs((~is_open).sum() - sparsity * len(is_open)) < 1
    assert model.sparsity_ == pytest.approx((~is_open).mean())


NETWORKS = [(g, layers) for g in GRANULARITIES for layers in [(8,), (4, 3, 5)]]
NETWORKS += [(g, ()) for g in ("weights", "features", ("features", "weights"))]


@pytest.mark.parametrize(("granularity", "layers"), NETWORKS, ids=str)
@pytest.mark.parametrize("sparsity", [0.75, 0.9, 0.97, 0.995])
def test_a_column_is_joined_to_an_output_wherever_the_share_allows(
    any_seed, granularity, layers, sparsity
):
    X, y = draw(any_seed, 80)
    X[:, 2], X[::7, 3] = X[:, 2].round(), np.nan
    params = {"granularity": granularity, "hidden_layer_sizes": layers}
    levels = {"categorical_features": [2], "random_state": any_seed}
    model = fit(X, y, sparsity=sparsity, max_iter=2, **params, **levels)
    is_open = counted(model)
    assert abs((~is_open).sum() - sparsity * len(is_open)) < 1
    allowed = len(is_open) - int(sparsity * len(is_open) + 1e-9)
    reached = np.ones(len(model.masks_[0]), dtype=bool)
    for mask in model.masks_:
        reached = mask[reached].any(axis=0)
    assert reached.any() == (allowed >= least(granularity, layers))
    assert model.support_.any() == reached.any()


@pytest.mark.parametrize("layers", [(8,), (6, 5)], ids=str)
@every_granularity
def test_the_one_path_that_is_left_leads_from_what_matters(
    any_seed, granularity, layers
):
    """As small as can be, and still not a constant."""
    X, y = draw(any_seed, 200, "number")
    params = {"granularity": granularity, "hidden_layer_sizes": layers}
    total = len(counted(fit(X, y, sparsity=0.0, max_iter=1, **params)))
    needed, kinds = least(granularity, layers), np.atleast_1d(granularity)
    model = fit(X, y, sparsity=1 - needed / total, **params)
    assert counted(model).sum() == needed
    if "features" in kinds or "weights" in kinds:
        assert np.flatnonzero(model.support_).tolist() in ([0], [1])
    assert model.support_[0] or model.support_[1]


@pytest.mark.parametrize("sparsity", [0.3, 0.7, 0.95])
def test_weights_of_levels_and_holes_are_counted_too(any_seed, sparsity):
    X, y = draw(any_seed, 120)
    X[:, 2] = X[:, 2].round()
    X[::7, 3] = np.nan
    is_open = counted(fit(X, y, sparsity=sparsity, categorical_features=[2]))
    assert abs((~is_open).sum() - sparsity * len(is_open)) < 1


@with_features
@pytest.mark.parametrize("wanted", [1, 4, 6, 0.5])
@both_targets
def test_a_number_of_columns_is_kept_exactly(any_seed, granularity, wanted, kind):
    X, y = draw(any_seed, 120, kind)
    model = fit(X, y, granularity=granularity, n_features_to_select=wanted, max_iter=5)
    n_columns = wanted if isinstance(wanted, int) else 3
    assert model.n_features_ == n_columns == model.support_.sum()
    assert model.open_gates_["features"].sum() == n_columns
    assert_array_equal(model.support_, model.ranking_ == 1)
    assert set(model.ranking_) == {*range(1, model.ranking_.max() + 1)}
    assert model.transform(X).shape == (120, n_columns)


@with_features
def test_mandatory_columns_never_close(any_seed, granularity):
    X, y = draw(any_seed, 120)
    asks = {"n_features_to_select": 2}, {"sparsity": 0.7}, {"l0_penalty": 0.5}, {}
    for ask in asks:
        model = fit(X, y, granularity=granularity, mandatory_features=[4], **ask)
        assert model.open_gates_["features"][4]
        assert model.path_["support"][:, 4].all()


@pytest.mark.parametrize("sparsity", [0.3, 0.6])
def test_columns_of_a_group_are_kept_or_dropped_together(any_seed, sparsity):
    X, y = draw(any_seed, 120)
    groups = {"feature_groups": [[0, 1], [2, 3, 4]], "granularity": "features"}
    model = fit(X, y, sparsity=sparsity, **groups)
    for support in (model.support_, *model.path_["support"]):
        assert support[0] == support[1]
        assert support[2] == support[3] == support[4]


@every_granularity
@both_targets
def test_a_price_of_nothing_leaves_all_open(any_seed, granularity, kind):
    model = fit(*draw(any_seed, 120, kind), granularity=granularity, l0_penalty=0)
    assert all(mask.all() for mask in model.masks_)
    assert all(gates.all() for gates in model.open_gates_.values())
    assert (model.sparsity_, len(model.path_)) == (0.0, 1)


@pytest.mark.parametrize("granularity", ["weights", "units", "features"])
def test_a_price_that_nothing_is_worth_closes_all(any_seed, granularity):
    X, y = draw(any_seed, 120)
    model = fit(X, y, granularity=granularity, l0_penalty=100.0)
    assert n_open(model) == 0
    assert np.ptp(model.predict_proba(X), axis=0).max() == 0
    assert not model.support_.any()


@every_granularity
@both_targets
def test_by_itself_it_closes_gates_and_predicts(any_seed, granularity, kind):
    X, y = draw(any_seed, 120, kind)
    model = fit(X, y, granularity=granularity, max_iter=60)
    assert model.score(X, y) > 0.8
    assert model.support_[0]
    assert len(model.path_) > 1
    same = fit(X, y, granularity=granularity, max_iter=60, l0_penalty=None)
    assert_array_equal(says(model, X), says(same, X))


def test_two_columns_that_matter_only_together_are_found(any_seed):
    for seed in range(3 * any_seed, 3 * any_seed + 3):
        X, true, y = sign_product(seed, 600, 12, 2)
        model = fit(
            X,
            y,
            hidden_layer_sizes=(16,),
            granularity="features",
            n_features_to_select=2,
            max_iter=200,
            random_state=seed,
        )
        assert_array_equal(np.flatnonzero(model.support_), true)


@pytest.mark.parametrize("granularity", ["weights", "units", "features"])
@both_targets
@SIZES
def test_a_larger_price_never_leaves_more_open(any_seed, granularity, kind, n_rows):
    X, y = draw(any_seed, n_rows, kind)
    prices = [0, 1e-3, 0.05, 0.3, 100]
    counts = [
        n_open(
            fit(X, y, granularity=granularity, l0_penalty=price, random_state=any_seed)
        )
        for price in prices
    ]
    assert (np.diff(counts) <= 0).all(), counts
    assert counts[2] > counts[-1] == 0


@every_kind
@both_targets
def test_a_larger_share_never_leaves_more_open(any_seed, granularity, kind):
    X, y = draw(any_seed, 120, kind)
    models = [
        fit(X, y, granularity=granularity, sparsity=share, random_state=any_seed)
        for share in (0.2, 0.4, 0.6, 0.8)
    ]
    for counts in (
        [model.path_["n_weights"][-1] for model in models],
        [1 - model.sparsity_ for model in models],
    ):
        assert (np.diff(counts) < 0).all()


@both_targets
@SIZES
def test_what_matters_stays_and_the_rest_leaves(any_seed, kind, n_rows):
    X, y = draw(any_seed, n_rows, kind)
    for granularity in ("features", ("features", "units"), ("features", "weights")):
        model = fit(X, y, granularity=granularity, n_features_to_select=2, max_iter=60)
        assert_array_equal(np.flatnonzero(model.support_), [0, 1])


# --- columns ------------------------------------------------------------------------


@every_kind
@both_targets
def test_the_order_of_columns_is_of_no_matter_in_small_tables(
    any_seed, granularity, kind
):
    X, y = draw(any_seed, 120, kind)
    order = np.random.default_rng(any_seed + 1).permutation(6)
    params = {"granularity": granularity, "sparsity": 0.5}
    one, other = fit(X[:, order], y, **params), fit(X, y, **params)
    assert_array_equal(one.support_, other.support_[order])
    assert_allclose(says(one, X[:, order]), says(other, X), rtol=1e-5, atol=1e-5)
    for column, old in enumerate(order):
        here, there = one.input_to_outputs_[column], other.input_to_outputs_[old]
        assert_array_equal(one.masks_[0][here], other.masks_[0][there])


@every_kind
@SIZES
def test_a_power_of_two_is_no_change_at_all(any_seed, granularity, n_rows):
    X, y = draw(any_seed, n_rows)
    units = 2.0 ** np.random.default_rng(any_seed).integers(-60, 60, 6)
    params = {"granularity": granularity, "sparsity": 0.5}
    one, other = fit(X, y, **params), fit(X * units, y, **params)
    assert_array_equal(one.path_, other.path_)
    assert_array_equal(says(one, X), says(other, X * units))


@every_kind
@SIZES
def test_columns_that_do_not_vary_are_as_if_absent(any_seed, granularity, n_rows):
    X, y = draw(any_seed, n_rows)
    with_dead = np.insert(X, [0, 3, 6], [0.0, np.nan, 1e30], axis=1)
    alive = [1, 2, 3, 5, 6, 7]
    params = {"granularity": granularity, "sparsity": 0.5}
    one, other = fit(with_dead, y, **params), fit(X, y, **params)
    assert_array_equal(
        np.flatnonzero(one.support_), np.take(alive, np.flatnonzero(other.support_))
    )
    assert_array_equal(one.path_["n_open"], other.path_["n_open"])
    assert_array_equal(says(one, with_dead), says(other, X))


# --- rows and targets ---------------------------------------------------------------


@every_kind
@both_targets
def test_the_order_of_rows_is_of_no_matter_in_small_tables(any_seed, granularity, kind):
    X, y = draw(any_seed, 120, kind)
    order = np.random.default_rng(any_seed).permutation(120)
    params = {"granularity": granularity, "sparsity": 0.5}
    one, other = fit(X[order], y[order], **params), fit(X, y, **params)
    assert_array_equal(one.path_["n_open"], other.path_["n_open"])
    assert_allclose(says(one, X), says(other, X), rtol=1e-5, atol=1e-5)


@every_kind
@both_targets
def test_a_weight_is_a_number_of_copies_in_small_tables(any_seed, granularity, kind):
    X, y = draw(any_seed, 80, kind)
    copies = np.random.default_rng(any_seed).integers(0, 4, 80)
    rows = np.repeat(np.arange(80), copies)
    params = {"granularity": granularity, "sparsity": 0.5}
    one, other = (
        fit(X, y, copies.astype(float), **params),
        fit(X[rows], y[rows], **params),
    )
    assert_allclose(says(one, X), says(other, X), rtol=1e-5, atol=1e-5)


@SIZES
def test_only_ratios_of_weights_matter(any_seed, n_rows):
    X, y = draw(any_seed, n_rows)
    weights = np.random.default_rng(any_seed).uniform(0.5, 2, n_rows)
    one = fit(X, y, weights, sparsity=0.5)
    assert_array_equal(says(one, X), says(fit(X, y, 1024 * weights, sparsity=0.5), X))


@SIZES
def test_names_of_classes_are_of_no_matter(any_seed, n_rows):
    X, y = draw(any_seed, n_rows)
    one = fit(X, y, sparsity=0.5)
    for names in (["no", "yes"], [-1, 1], [False, True]):
        other = fit(X, np.array(names)[y], sparsity=0.5)
        assert_array_equal(says(one, X), says(other, X))
        assert_array_equal(other.predict(X), np.array(names)[one.predict(X)])


@SIZES
def test_units_of_the_target_are_of_no_matter(any_seed, n_rows):
    X, y = draw(any_seed, n_rows, "number")
    one = fit(X, y, sparsity=0.5)
    other = fit(X, 2.0**20 * y, sparsity=0.5)
    assert_array_equal(2.0**20 * one.predict(X), other.predict(X))
    assert_array_equal(one.path_, other.path_)
