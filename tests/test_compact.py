"""A compacted network predicts the same, with less."""

import pickle
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from planted import easy
from scipy.sparse import issparse

from sklearn_binmask import BinMaskMLPClassifier, BinMaskMLPRegressor
from sklearn_binmask._engine.predict import ACTIVATIONS, committee_outputs
from sklearn_binmask._engine.problem import Network, StopReason
from sklearn_binmask._estimator.compact import compact_network

TINY = {"hidden_layer_sizes": (6, 5), "max_iter": 5, "random_state": 0}
X, Y = easy(150)
NUMBERS = 2 * X[:, 0] + X[:, 1]
FRAME = pd.DataFrame(X, columns=list("abcdef")).assign(
    level=np.where(X[:, 2] > 0, "up", "down"), hole=np.where(Y, X[:, 3], np.nan)
)
# rows unlike those of the fit: unknown levels, holes, far away
WILD = pd.concat([FRAME, FRAME.assign(a=np.nan, level="new", b=1e6)])
TARGETS = {
    "binary": Y,
    "multiclass": np.digitize(NUMBERS, [-1, 1]),
    "multilabel": np.column_stack([Y, X[:, 1] > 0]).astype(int),
    "regression": NUMBERS,
    "many targets": np.column_stack([NUMBERS, X[:, 1]]),
}
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
every_activation = pytest.mark.parametrize("activation", ACTIVATIONS)


def fit(target="binary", **params):
    y = TARGETS[target]
    kind = BinMaskMLPRegressor if y.dtype == float else BinMaskMLPClassifier
    return kind(**(TINY | params)).fit(FRAME, y)


def assert_same_predictions(one, other, table=WILD):
    if hasattr(one, "predict_proba"):
        for method in ("predict_proba", "decision_function"):
            expected = getattr(one, method)(table)
            assert_allclose(
                getattr(other, method)(table), expected, rtol=1e-10, atol=1e-10
            )
        assert_array_equal(one.predict(table), other.predict(table))
    else:
        assert_allclose(
            other.predict(table), one.predict(table), rtol=1e-10, atol=1e-10
        )


def n_stored(model):
    """Count the numbers that prediction multiplies with."""
    return sum(w.nnz if issparse(w) else w.size for w in model.coefs_)


def shapes(model):
    return [weights.shape for weights in model.coefs_]


# --- the same, with less ------------------------------------------------------------


@every_granularity
@pytest.mark.parametrize("target", ["binary", "multiclass", "many targets"])
def test_it_predicts_the_same_with_less(granularity, target):
    model = fit(target, granularity=granularity, sparsity=0.7)
    state = dict(vars(model))
    small = model.compact()
    assert type(small) is type(model)
    assert_same_predictions(model, small)
    assert n_stored(small) < n_stored(model)
    assert all(a <= b for a, b in zip(shapes(small), shapes(model), strict=True))
    assert small.n_nonzero_params_ <= model.n_nonzero_params_
    assert [mask.shape for mask in small.masks_] == shapes(small)
    n_encoded = sum(map(len, small.input_to_outputs_))
    assert small.coefs_[0].shape[0] == n_encoded
    # the first one has not been touched
    assert all(vars(model)[name] is value for name, value in state.items())
    assert small.get_params() == model.get_params()


@every_granularity
@pytest.mark.parametrize("sparsity", [0.5, 0.9])
def test_all_that_is_left_is_of_use(granularity, sparsity):
    small = fit(granularity=granularity, sparsity=sparsity).compact()
    for layer, mask in enumerate(small.masks_):
        assert mask.any(axis=1).all()  # it is read
        assert mask.any(axis=0).all() or layer == len(small.masks_) - 1  # it reads
    assert_array_equal(small.support_, [len(o) > 0 for o in small.input_to_outputs_])


@every_granularity
def test_nothing_closed_is_nothing_removed(granularity):
    model = fit(granularity=granularity, l0_penalty=0)
    small = model.compact()
    for name in ("coefs_", "intercepts_", "masks_", "input_to_outputs_"):
        for one, other in zip(getattr(model, name), getattr(small, name), strict=True):
            assert_array_equal(one, other)


@every_granularity
@pytest.mark.parametrize(("activation", "sparsity"), [("relu", 0.5), ("tanh", 0.95)])
def test_compacted_twice_is_compacted_once(granularity, activation, sparsity):
    model = fit(granularity=granularity, activation=activation, sparsity=sparsity)
    once = model.compact()
    twice = once.compact()
    assert shapes(twice) == shapes(once)
    for one, other in zip(once.coefs_, twice.coefs_, strict=True):
        assert issparse(one) == issparse(other)
        assert abs(one - other).max() == 0 if one.shape[0] * one.shape[1] else True
    for one, other in zip(once.intercepts_, twice.intercepts_, strict=True):
        assert_array_equal(one, other)
    assert_array_equal(twice.predict_proba(WILD), once.predict_proba(WILD))


def test_a_column_that_cannot_vary_is_no_matter():
    table = FRAME.assign(same=1.0, empty=np.nan)
    model = BinMaskMLPClassifier(**TINY, sparsity=0.8).fit(table, Y)
    assert_same_predictions(model, model.compact(), table)
    assert not model.compact().support_[-2:].any()


def test_its_table_is_the_one_of_the_fit():
    model = fit(granularity="features", n_features_to_select=2)
    small = model.compact()
    assert_array_equal(small.support_, model.support_)
    assert small.n_features_in_ == 8
    assert_array_equal(small.feature_names_in_, model.feature_names_in_)
    pd.testing.assert_frame_equal(small.transform(FRAME), model.transform(FRAME))
    with pytest.raises(ValueError, match="feature names"):
        small.predict(FRAME[["a", "b"]])
    # what it does not read may be anything
    other = FRAME.copy()
    for name in FRAME.columns[~small.support_]:
        other[name] = FRAME[name].to_numpy()[::-1]
    assert_array_equal(small.predict_proba(other), small.predict_proba(FRAME))


@every_granularity
def test_a_pickle_is_the_same(granularity):
    small = fit(granularity=granularity, sparsity=0.9).compact()
    copy = pickle.loads(pickle.dumps(small))
    assert_array_equal(copy.predict_proba(WILD), small.predict_proba(WILD))
    assert shapes(copy) == shapes(small)


def test_a_pickle_is_smaller():
    model = fit(hidden_layer_sizes=(100, 50), sparsity=0.95, max_iter=5)
    assert len(pickle.dumps(model.compact())) < 0.5 * len(pickle.dumps(model))


def test_layers_with_few_open_weights_are_sparse_matrices():
    # each target is a column of its own: one weight in sixty is of use
    table = np.random.default_rng(0).normal(size=(120, 60))
    model = BinMaskMLPRegressor(
        hidden_layer_sizes=(),
        sparsity=1 - 1 / 60,
        numeric_encoding=None,
        max_iter=20,
        random_state=0,
    ).fit(table, 3 * table[:, ::-1] + 1)
    small = model.compact()
    assert issparse(small.coefs_[0])
    assert small.coefs_[0].nnz == small.masks_[0].sum() == 60
    assert_array_equal(small.coefs_[0].toarray() != 0, small.masks_[0])
    assert_same_predictions(model, small, table)
    assert_same_predictions(model, small.compact(), table)
    copy = pickle.loads(pickle.dumps(small))
    assert_array_equal(copy.predict(table), small.predict(table))


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_open_is_the_constant_prediction(target):
    model = fit(target, l0_penalty=1e3)
    small = model.compact()
    assert not any(mask.any() for mask in model.masks_)
    assert_same_predictions(model, small)
    assert n_stored(small) == 0
    assert np.ptp(small.predict(FRAME), axis=0).max() == 0
    assert_same_predictions(small, small.compact())
    assert_same_predictions(small, pickle.loads(pickle.dumps(small)))


# --- what is told of it, and what may be done to it ---------------------------------


@every_granularity
@pytest.mark.parametrize("sparsity", [0.5, 0.95])
def test_its_attributes_are_those_of_what_is_left(granularity, sparsity):
    model = fit(granularity=granularity, sparsity=sparsity)
    small = model.compact()
    assert set(vars(model)) - set(vars(small)) == {"path_", "open_gates_"}
    masks = np.concatenate([mask.ravel() for mask in small.masks_])
    assert small.sparsity_ == pytest.approx((~masks).sum() / max(1, masks.size))
    for mask, weights in zip(small.masks_, small.coefs_, strict=True):
        weights = weights.toarray() if issparse(weights) else weights
        assert_array_equal(weights != 0, mask)
    n_biases = sum(bias.size for bias in small.intercepts_)
    assert small.n_nonzero_params_ == masks.sum() + n_biases
    assert [w.shape[1] for w in small.coefs_] == [b.size for b in small.intercepts_]
    for name in ("support_", "ranking_", "loss_curve_", "n_iter_", "n_features_"):
        if hasattr(model, name):
            assert_array_equal(getattr(small, name), getattr(model, name))


@every_granularity
@pytest.mark.parametrize("size", [{"sparsity": 0.9}, {"l0_penalty": 1e3}], ids=str)
def test_portions_train_what_is_left(granularity, size):
    small = fit(granularity=granularity, **size).compact()
    saved = pickle.dumps(small)
    trained = pickle.loads(saved)
    for _ in range(3):
        trained.partial_fit(FRAME, Y)
    assert set(vars(trained)) == set(vars(small))
    assert (trained.predict_proba(FRAME) != small.predict_proba(FRAME)).any()
    for name in ("masks_", "input_to_outputs_"):
        for a, b in zip(getattr(trained, name), getattr(small, name), strict=True):
            assert_array_equal(a, b)
    assert_same_predictions(trained, trained.compact())
    assert pickle.dumps(small) == saved


def test_a_warm_start_wants_the_network_before():
    model = fit(sparsity=0.9)
    small = model.compact().set_params(warm_start=True)
    state = dict(vars(small))
    with pytest.raises(ValueError, match=r"warm_start=True.*before compact\(\)"):
        small.fit(FRAME, Y)
    assert dict(vars(small)) == state
    anew = small.set_params(warm_start=False).fit(FRAME, Y)
    assert_array_equal(anew.predict_proba(WILD), model.predict_proba(WILD))
    assert set(vars(anew)) == set(vars(model))


# --- by hand ------------------------------------------------------------------------


def network(masks, activation="relu", seed=0, bias=None):
    """A network with some weights behind closed gates."""
    rng = np.random.default_rng(seed)
    masks = [np.asarray(mask, dtype=bool) for mask in masks]
    coefs = tuple((rng.normal(size=m.shape) * m)[None] for m in masks)
    biases = tuple(rng.normal(size=(1, 1, m.shape[1])) for m in masks)
    nothing = np.empty(0)
    made = Network(
        coefs,
        biases,
        activation,
        "squared_error",
        nothing,
        nothing,
        0,
        StopReason.MAX_ITER,
    )
    return made, masks


INPUTS = np.random.default_rng(1).normal(size=(20, 3))


@every_activation
def test_a_unit_without_inputs_moves_into_the_next_intercept(activation):
    # unit 1 reads nothing, but says something
    whole, masks = network([[[1, 0], [1, 0], [0, 0]], [[1], [1]]], activation)
    used, small, kept = compact_network(whole, masks)
    assert used.tolist() == [True, True, False]
    assert [mask.shape for mask in kept] == [(2, 1), (1, 1)]
    said = ACTIVATIONS[activation](whole.intercepts[0][0, 0, 1:].copy())[0]
    moved = whole.intercepts[1][0, 0, 0] + said * whole.coefs[1][0, 1, 0]
    assert_allclose(small.intercepts[1][0, 0, 0], moved, rtol=1e-14)
    assert_array_equal(small.coefs[0], whole.coefs[0][:, :2, :1])
    expected = committee_outputs(whole, INPUTS)
    assert_allclose(committee_outputs(small, INPUTS[:, used]), expected, atol=1e-14)


@every_activation
def test_constants_move_through_layer_after_layer(activation):
    # unit 1 of the first layer is constant, and all that unit 0 of the second reads;
    # unit 2 of the second reads nothing, unit 2 of the first is not read
    first = [[1, 0, 1], [0, 0, 1], [1, 0, 0]]
    second = [[0, 1, 0], [1, 1, 0], [0, 0, 0]]
    third = [[1, 0], [1, 1], [0, 1]]
    whole, masks = network([first, second, third], activation)
    used, small, kept = compact_network(whole, masks)
    assert used.tolist() == [True, False, True]
    assert [mask.shape for mask in kept] == [(2, 1), (1, 1), (1, 2)]
    expected = committee_outputs(whole, INPUTS)
    assert_allclose(committee_outputs(small, INPUTS[:, used]), expected, atol=1e-14)


@every_activation
def test_sparse_layers_between_dense_ones(activation):
    wide, diagonal = np.ones((3, 60)), np.eye(60)
    whole, masks = network([wide, diagonal, diagonal, wide.T], activation)
    used, small, kept = compact_network(whole, masks)
    assert used.all()
    assert [issparse(weights) for weights in small.coefs] == [False, True, True, False]
    expected = committee_outputs(whole, INPUTS)
    assert_allclose(committee_outputs(small, INPUTS), expected, rtol=1e-12, atol=1e-12)
    _, again, _ = compact_network(small, kept)
    assert [issparse(weights) for weights in again.coefs] == [False, True, True, False]
    assert_array_equal(
        committee_outputs(again, INPUTS), committee_outputs(small, INPUTS)
    )


def test_an_input_that_only_unread_units_read_is_removed():
    whole, masks = network([[[1, 0], [0, 1], [0, 1]], [[1], [0]]])
    used, small, kept = compact_network(whole, masks)
    assert used.tolist() == [True, False, False]
    assert [mask.shape for mask in kept] == [(1, 1), (1, 1)]
    expected = committee_outputs(whole, INPUTS)
    assert_allclose(committee_outputs(small, INPUTS[:, used]), expected, atol=1e-14)


def test_an_output_that_nothing_reaches_keeps_its_intercept():
    whole, masks = network([[[1, 1], [1, 1], [1, 1]], [[1, 0], [1, 0]]])
    _, small, kept = compact_network(whole, masks)
    assert [mask.shape for mask in kept] == [(3, 2), (2, 2)]
    outputs = committee_outputs(small, INPUTS)
    assert_array_equal(outputs[:, 1], np.full(20, whole.intercepts[1][0, 0, 1]))
    assert_allclose(outputs, committee_outputs(whole, INPUTS), atol=1e-14)


@pytest.mark.parametrize("seed", range(20))
@every_activation
def test_any_masks(seed, activation):
    rng = np.random.default_rng(seed)
    sizes = [3, *rng.integers(1, 6, rng.integers(0, 4)), 2]
    open_share = rng.choice([0.1, 0.3, 0.6])
    drawn = [rng.random(shape) < open_share for shape in pairwise(sizes)]
    whole, masks = network(drawn, activation, seed)
    before = pickle.dumps((whole.coefs, whole.intercepts, masks))
    used, small, kept = compact_network(whole, masks)
    assert pickle.dumps((whole.coefs, whole.intercepts, masks)) == before
    expected = committee_outputs(whole, INPUTS)
    got = committee_outputs(small, INPUTS[:, used])
    assert_allclose(got, expected, rtol=1e-12, atol=1e-12)
    again_used, again, again_kept = compact_network(small, kept)
    assert again_used.all()
    assert [m.shape for m in again_kept] == [m.shape for m in kept]
    assert_array_equal(committee_outputs(again, INPUTS[:, used]), got)
