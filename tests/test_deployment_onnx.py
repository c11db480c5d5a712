"""What onnxruntime says of a converted estimator is what the estimator says."""

import dataclasses
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from onnx_runs import (
    CLASSES,
    FAR,
    FULL,
    MIXED,
    TABLE,
    TARGETS,
    TYPES,
    N,
    X,
    Y,
    assert_same,
    cells_of,
    run,
    selector,
    with_network,
)
from planted import SMALL
from scipy import sparse
from skl2onnx import to_onnx
from skl2onnx.common.data_types import (
    DoubleTensorType,
    StringTensorType,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_binmask import (
    BinMaskMLPClassifier,
    BinMaskMLPRegressor,
    BinMaskSelectorCV,
    StabilitySelector,
    register_onnx_converters,
)
from sklearn_binmask._encoding import FINE, NUMERIC_ENCODINGS
from sklearn_binmask._engine import predict

# --- predictions on a matrix --------------------------------------------------------


@pytest.mark.parametrize("kind", CLASSES)
def test_classes_and_probabilities_are_the_same(kind):
    fitted = selector().fit(X, TARGETS[kind])
    assert_same(fitted, FAR)
    assert_same(fitted, FAR.astype(np.float32), atol=1e-6)


def test_a_selector_by_cross_validation_is_converted_as_any_other():
    fitted = BinMaskSelectorCV(**SMALL, cv=2).fit(X, TARGETS["three texts"])
    assert_same(fitted, FAR)
    model = make_pipeline(fitted, LogisticRegression()).fit(FULL, Y)
    assert_same(model, FULL)


def test_a_stability_selector_is_converted_as_a_transformer():
    few = {"n_resamples": 4, "n_members": 2, "threshold": 0.6, "random_state": 0}
    fitted = StabilitySelector(**few).fit(X, TARGETS["three texts"])
    model = make_pipeline(fitted, LogisticRegression()).fit(FULL, Y)
    assert_same(model, FULL)


@pytest.mark.parametrize("kind", ["number", "numbers"])
def test_numbers_are_the_same(kind):
    fitted = selector().fit(X, TARGETS[kind])
    for cells, rtol in ((FAR, 1e-12), (FAR.astype(np.float32), 1e-6)):
        (numbers,) = run(fitted, cells)
        assert numbers.dtype == cells.dtype
        expected = fitted.predict(cells).reshape(len(cells), -1)
        assert_allclose(numbers, expected, rtol=rtol, atol=1e-9)


@pytest.mark.parametrize("activation", predict.ACTIVATIONS)
@pytest.mark.parametrize(
    "numeric_encoding", [each for each in NUMERIC_ENCODINGS if each != FINE]
)
def test_every_activation_and_encoding_is_converted(activation, numeric_encoding):
    params = {"activation": activation, "numeric_encoding": numeric_encoding}
    fitted = selector(hidden_layer_sizes=(3, 2), **params).fit(X, Y)
    assert_same(fitted, FAR)


def test_every_link_is_converted():
    from sklearn_binmask._deployment.network import LINKS

    assert set(LINKS) == set(predict.LINKS)


def test_integers_are_read_as_numbers():
    counts = np.round(3 * FULL).astype(np.int64)
    fitted = selector().fit(counts.astype(float), Y)
    assert_same(fitted, counts, atol=1e-6)


def test_a_matrix_of_categories():
    """Levels of an array are numbers; a new one is like none that was seen."""
    codes = np.round(FULL) + 0.1
    codes[::6, 1] = np.nan
    fitted = selector(categorical_features=[0, 1, 4]).fit(codes, Y)
    assert_same(fitted, np.vstack([codes, codes + 0.5, np.full_like(codes, np.nan)]))


def test_a_network_that_reads_nothing_says_the_same_of_all_rows():
    fitted = selector().fit(TABLE, MIXED)
    before = fitted.estimator_.network
    first = before.coefs[0][:, :0]
    nothing = with_network(fitted, coefs=(first, *before.coefs[1:]))
    empty = fitted.estimator_.encoding.restrict(np.zeros(6, dtype=bool))
    nothing.estimator_ = dataclasses.replace(nothing.estimator_, encoding=empty)
    assert_same(nothing, TABLE, TYPES, cells_of(TABLE))


# --- the form of the output ---------------------------------------------------------


@pytest.mark.parametrize("kind", ["binary", "three texts", "multiclass"])
def test_zipmap_is_that_of_other_classifiers(kind):
    fitted = selector().fit(X, TARGETS[kind])
    expected, proba = fitted.predict(X), fitted.predict_proba(X)
    label, rows = run(fitted, X)
    assert_array_equal(label, expected)
    assert list(rows[0]) == fitted.classes_.tolist()
    assert_allclose([list(row.values()) for row in rows], proba, atol=1e-6)
    label, *columns = run(fitted, X, zipmap="columns")
    assert_array_equal(label, expected)
    assert_allclose(np.column_stack(columns), proba, atol=1e-12)


def test_labels_of_a_multilabel_target_are_never_mapped():
    fitted = selector().fit(X, TARGETS["multilabel"])
    labels, probabilities = run(fitted, X, zipmap=True)
    assert_array_equal(labels, fitted.predict(X))
    assert_allclose(probabilities, fitted.predict_proba(X), atol=1e-12)


def test_without_refit_or_if_asked_it_transforms():
    fitted = selector().fit(X, Y)
    assert_array_equal(run(fitted, X, transform=True)[0], fitted.transform(X))
    bare = selector(refit=False).fit(X, Y)
    assert_array_equal(run(bare, X)[0], bare.transform(X))
    assert_array_equal(run(make_pipeline(bare), X)[0], bare.transform(X))


# --- masked networks ----------------------------------------------------------------

MLP = {"hidden_layer_sizes": (60, 20), "max_iter": 10, "random_state": 0}


@pytest.mark.parametrize("kind", CLASSES)
def test_masked_classifiers_are_the_same(kind):
    classifier = BinMaskMLPClassifier(**MLP, sparsity=0.9).fit(X, TARGETS[kind])
    assert_same(classifier, FAR)
    assert_same(classifier.compact(), FAR)


@pytest.mark.parametrize("kind", ["number", "numbers"])
def test_masked_regressors_are_the_same(kind):
    regressor = BinMaskMLPRegressor(**MLP, sparsity=0.9).fit(X, TARGETS[kind])
    for fitted in (regressor, regressor.compact()):
        (numbers,) = run(fitted, FAR)
        expected = fitted.predict(FAR).reshape(len(FAR), -1)
        assert_allclose(numbers, expected, rtol=1e-12, atol=1e-9)


SIZES = [{"sparsity": 0.6}, {"sparsity": 0.97}, {"l0_penalty": 1e3}, {"l0_penalty": 0}]
KINDS = [
    "weights",
    "units",
    "features",
    ("features", "units"),
    ("features", "weights"),
    ("units", "weights"),
    ("features", "units", "weights"),
]


@pytest.mark.parametrize("granularity", KINDS, ids=str)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_masked_networks_of_every_kind_and_size_are_the_same(granularity, size):
    params = {"hidden_layer_sizes": (6, 5), "max_iter": 2, "random_state": 0}
    params |= {"granularity": granularity, **size}
    model = BinMaskMLPClassifier(**params).fit(X, TARGETS[CLASSES[0]])
    whole = model.predict_proba(FAR)
    for fitted in (model, model.compact(), model.compact().partial_fit(X, Y)):
        assert_same(fitted, FAR)
    assert_allclose(model.compact().predict_proba(FAR), whole, rtol=0, atol=1e-10)


def test_masked_networks_have_their_place_in_pipelines():
    scaled = make_pipeline(StandardScaler(), BinMaskMLPClassifier(**MLP))
    assert_same(scaled.fit(FULL, Y), FULL)
    chosen = BinMaskMLPClassifier(**MLP, granularity="features", n_features_to_select=2)
    assert_same(make_pipeline(chosen, LogisticRegression()).fit(FULL, Y), FULL)


# --- size ---------------------------------------------------------------------------


def size_of(model, cells):
    return len(to_onnx(model, cells[:1]).SerializeToString())


# Weights of a single member, (n_in, n_out), as a network may hold them.
FORMS = {
    "array": lambda weights: weights[None],
    "sparse matrix": sparse.csr_matrix,
    "sparse array": sparse.csr_array,
}


@pytest.mark.parametrize("form", FORMS)
def test_closed_weights_of_one_member_take_no_place(form):
    """Zeros are not written, whether the matrix is sparse or an array."""
    fitted = selector(hidden_layer_sizes=(300, 20), n_features_to_select=6).fit(X, Y)
    network = fitted.estimator_.network
    rng = np.random.default_rng(0)
    weights = [
        coef[0] * (rng.random(coef.shape[1:]) < share)
        for coef, share in zip(network.coefs, (0.1, 0.05, 1.0), strict=True)
    ]
    biases = tuple(bias[:1] for bias in network.intercepts)
    arrays = with_network(
        fitted, coefs=tuple(part[None] for part in weights), intercepts=biases
    )
    coefs = tuple(map(FORMS[form], weights))
    thin = with_network(fitted, coefs=coefs, intercepts=biases)
    expected = arrays.predict_proba(FAR)
    assert_allclose(run(thin, FAR, zipmap=False)[1], expected, rtol=0, atol=1e-12)
    n_open, n_biases = sum(map(np.count_nonzero, weights)), sum(b.size for b in biases)
    assert size_of(thin, X) < 12 * n_open + 8 * n_biases + 8_000
    assert 8 * sum(part.size for part in weights) > 3 * size_of(thin, X)


@pytest.mark.parametrize("form", FORMS)
def test_columns_behind_closed_weights_are_not_read(form):
    fitted = selector(n_features_to_select=6).fit(TABLE, MIXED)
    network, encoding = fitted.estimator_.network, fitted.estimator_.encoding
    chosen = np.isin(encoding.input_of_output, [0, 3])
    first = network.coefs[0][0] * chosen[:, None]
    parts = [first, *(coef[0] for coef in network.coefs[1:])]
    biases = tuple(bias[:1] for bias in network.intercepts)
    coefs = tuple(part[None] for part in parts)
    closed = with_network(fitted, coefs=coefs, intercepts=biases)
    coefs = tuple(map(FORMS[form], parts))
    thin = with_network(fitted, coefs=coefs, intercepts=biases)
    cells = {**cells_of(TABLE), "size": np.full((N, 1), np.nan)}
    probability = run(thin, cells, TYPES, zipmap=False)[1]
    expected = closed.predict_proba(TABLE)
    assert_allclose(probability, expected, rtol=0, atol=1e-12)


def test_a_file_holds_the_open_columns_only():
    table = np.random.default_rng(0).normal(size=(N, 80))
    wide = selector(n_features_to_select=3, hidden_layer_sizes=(50,)).fit(table, Y)
    weights = [*wide.estimator_.network.coefs, *wide.estimator_.network.intercepts]
    n_weights = sum(part.size for part in weights)
    assert size_of(wide, table) < 8 * n_weights + 8_000


# --- errors -------------------------------------------------------------------------


def convert(fitted, *types, **options):
    return to_onnx(fitted, initial_types=list(types), **options)


def test_columns_must_be_those_of_fit():
    fitted = selector().fit(TABLE, MIXED)
    with pytest.raises(ValueError, match=r"shape \[None, 6\]"):
        convert(fitted, ("X", DoubleTensorType([None, 5])))
    with pytest.raises(ValueError, match="in that order"):
        convert(fitted, *TYPES[::-1])


def test_text_must_be_where_text_was():
    fitted = selector(n_features_to_select=6).fit(TABLE, MIXED)
    wrong = {
        "age": (StringTensorType, "Declare it as DoubleTensorType"),
        "city": (DoubleTensorType, "Declare it as StringTensorType"),
        "grade": (StringTensorType, "Declare it as Int64TensorType"),
    }
    for name, (kind, remedy) in wrong.items():
        types = dict(TYPES) | {name: kind([None, 1])}
        with pytest.raises(ValueError, match=f"'{name}'.*{remedy}"):
            convert(fitted, *types.items())


def test_old_operators_are_refused():
    fitted = selector().fit(X, Y)
    with pytest.raises(ValueError, match="target_opset=13"):
        convert(fitted, ("X", DoubleTensorType([None, 6])), target_opset=12)
    converted = convert(fitted, ("X", DoubleTensorType([None, 6])), target_opset=13)
    assert converted.opset_import[0].version <= 13


def test_registering_again_changes_nothing():
    from skl2onnx._parse import sklearn_parsers_map

    before = dict(sklearn_parsers_map)
    register_onnx_converters()
    assert sklearn_parsers_map == before


def test_a_missing_library_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ImportError, match=r"sklearn-binmask\[onnx\]"):
        register_onnx_converters()
