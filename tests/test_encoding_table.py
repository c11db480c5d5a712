"""Laws of the encoding of a table, run over each encoding of numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sklearn_binmask._encoding import CLIP, NUMERIC_ENCODINGS, learn_table


@pytest.fixture(params=NUMERIC_ENCODINGS, ids=str)
def numeric_encoding(request):
    return request.param


@pytest.fixture
def X(any_seed):
    """Normal, skewed, few-valued, two-valued, holed, constant and empty columns."""
    rng = np.random.default_rng(any_seed)
    X = rng.normal(size=(60, 9))
    X[:, 1] = np.exp(3 * X[:, 1])
    X[:, 2] = rng.integers(0, 3, 60)
    X[:, 3] = rng.integers(0, 2, 60)
    X[::4, 4] = np.nan
    X[:, 5] = 0.1
    X[:, 6] = np.nan
    X[:, 7] = np.where(X[:, 7] < 1, 0.0, X[:, 7])
    return X


CONSTANT = np.array([5, 6])


def encode(X, X_new=None, **params):
    encoding = learn_table(X, **params)
    return encoding.encode(X if X_new is None else X_new, dtype=np.float64)


def test_provenance_is_consistent(X, numeric_encoding):
    encoding = learn_table(X, numeric_encoding=numeric_encoding)
    Z = encoding.encode(X)
    assert Z.shape == (len(X), encoding.n_outputs)
    assert Z.dtype == np.float32
    assert Z.flags.c_contiguous
    assert encoding.n_inputs == X.shape[1] == len(encoding.input_to_outputs)
    assert encoding.input_of_output.dtype == np.intp
    np.testing.assert_array_equal(
        np.concatenate(encoding.input_to_outputs), np.arange(encoding.n_outputs)
    )
    for column, outputs in enumerate(encoding.input_to_outputs):
        assert (encoding.input_of_output[outputs] == column).all()
        assert encoding.informative[column] == (len(outputs) > 0)


def test_constant_and_empty_columns_have_no_outputs(X, numeric_encoding):
    encoding = learn_table(X, numeric_encoding=numeric_encoding)
    np.testing.assert_array_equal(np.flatnonzero(~encoding.informative), CONSTANT)


def test_every_output_varies_around_zero(X, numeric_encoding):
    rng = np.random.default_rng(0)
    Z = encode(rng.uniform(size=X.shape), numeric_encoding=numeric_encoding)
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-12)
    assert (encode(X, numeric_encoding=numeric_encoding).std(axis=0) > 0).all()


def test_value_is_the_standard_score(X, numeric_encoding):
    X[0, 0] = 1e3  # an outlier that the clip must catch
    encoding = learn_table(X, numeric_encoding=numeric_encoding)
    value = encoding.encode(X, dtype=np.float64)[:, encoding.input_to_outputs[0][0]]
    score = (X[:, 0] - X[:, 0].mean()) / X[:, 0].std()
    np.testing.assert_allclose(value, np.clip(score, -CLIP, CLIP), rtol=1e-12)
    assert value.max() == CLIP


@pytest.mark.parametrize("categorical_features", [None, [2, 3, 4]])
def test_weights_count_copies(X, numeric_encoding, categorical_features, any_seed):
    weights = np.random.default_rng(any_seed).integers(1, 4, len(X))
    params = {
        "numeric_encoding": numeric_encoding,
        "categorical_features": categorical_features,
    }
    Z = encode(X, sample_weight=0.1 * weights, **params)
    copies = encode(np.repeat(X, weights, axis=0), X, **params)
    np.testing.assert_allclose(Z, copies, rtol=1e-9, atol=1e-11)


def test_order_of_rows_does_not_matter(X, numeric_encoding, any_seed):
    order = np.random.default_rng(any_seed).permutation(len(X))
    Z = encode(X, numeric_encoding=numeric_encoding)
    shuffled = encode(X[order], X, numeric_encoding=numeric_encoding)
    np.testing.assert_allclose(shuffled, Z, rtol=1e-9, atol=1e-11)


def test_columns_do_not_see_each_other(X, numeric_encoding, any_seed):
    order = np.random.default_rng(any_seed).permutation(X.shape[1])
    encoding = learn_table(X, numeric_encoding=numeric_encoding)
    moved = learn_table(X[:, order], numeric_encoding=numeric_encoding)
    outputs = [encoding.input_to_outputs[column] for column in order]
    Z = encoding.encode(X)[:, np.concatenate(outputs)]
    np.testing.assert_array_equal(moved.encode(X[:, order]), Z)


@pytest.mark.parametrize("factor", [1e-30, 0.7, 1e30])
def test_unit_and_origin_do_not_matter(X, numeric_encoding, factor):
    Z = encode(X, numeric_encoding=numeric_encoding)
    rescaled = factor * (X + 3.0)
    np.testing.assert_allclose(
        encode(rescaled, numeric_encoding=numeric_encoding), Z, atol=1e-6
    )


def test_sign_mirrors_the_value(X):
    mirrored = encode(-X, numeric_encoding=None)
    encoding = learn_table(X, numeric_encoding=None)
    values = [outputs[0] for outputs in encoding.input_to_outputs if len(outputs)]
    Z = encoding.encode(X, dtype=np.float64)
    np.testing.assert_allclose(mirrored[:, values], -Z[:, values], atol=1e-12)


def test_dtype_of_the_input_does_not_matter(numeric_encoding, any_seed):
    X = np.random.default_rng(any_seed).integers(0, 9, size=(40, 3))
    Z = encode(X.astype(np.float64), numeric_encoding=numeric_encoding)
    for dtype in (np.int8, np.int64, np.uint16, np.float32):
        typed = encode(X.astype(dtype), numeric_encoding=numeric_encoding)
        np.testing.assert_array_equal(typed, Z)
    fortran = encode(np.asfortranarray(X), numeric_encoding=numeric_encoding)
    np.testing.assert_array_equal(fortran, Z)


@pytest.mark.parametrize("cells", [1, 300, 10**9])
def test_blocks_do_not_matter(X, numeric_encoding, cells, monkeypatch):
    Z = encode(X, numeric_encoding=numeric_encoding)
    monkeypatch.setattr("sklearn_binmask._encoding.table.BLOCK_CELLS", cells)
    np.testing.assert_array_equal(encode(X, numeric_encoding=numeric_encoding), Z)


def test_a_row_does_not_depend_on_the_rows_it_comes_with(X, numeric_encoding):
    encoding = learn_table(X, numeric_encoding=numeric_encoding)
    rows = [encoding.encode(row[None]) for row in X]
    np.testing.assert_array_equal(np.concatenate(rows), encoding.encode(X))


def test_missing_flag_tells_the_missing_rows(X, numeric_encoding):
    encoding = learn_table(X, numeric_encoding=numeric_encoding)
    outputs = encoding.input_to_outputs[4]
    Z = encoding.encode(X, dtype=np.float64)[:, outputs]
    missing = np.isnan(X[:, 4])
    np.testing.assert_array_equal(Z[missing, :-1], 0)
    np.testing.assert_allclose(Z[:, -1].std(), 1)
    assert (Z[missing, -1] > 0).all()
    assert (Z[~missing, -1] < 0).all()


def test_two_values_need_no_basis(X, numeric_encoding):
    encoding = learn_table(X, numeric_encoding=numeric_encoding)
    n_outputs = 2 + NUMERIC_ENCODINGS[numeric_encoding].n_functions
    assert len(encoding.input_to_outputs[3]) == 1
    assert len(encoding.input_to_outputs[4]) == n_outputs


def test_values_that_all_but_tie_have_no_basis_between_them(numeric_encoding):
    X = np.array([[-1.0], [0.0], [1e-310], [1.0]])
    assert np.isfinite(encode(X, numeric_encoding=numeric_encoding)).all()


def test_missing_cells_alone_are_information():
    X = np.array([[1.0], [np.nan], [1.0], [np.nan]])
    np.testing.assert_allclose(encode(X)[:, 0], [-1, 1, -1, 1])


def test_restrict_keeps_some_columns(X, numeric_encoding):
    encoding = learn_table(
        X, numeric_encoding=numeric_encoding, categorical_features=[2]
    )
    support = np.isin(np.arange(X.shape[1]), [1, 2, 5])
    small = encoding.restrict(support)
    kept = support[encoding.input_of_output]
    np.testing.assert_array_equal(small.encode(X), encoding.encode(X)[:, kept])
    np.testing.assert_array_equal(small.input_of_output, encoding.input_of_output[kept])
    np.testing.assert_array_equal(small.informative, encoding.informative & support)
    assert small.restrict(np.zeros_like(support)).encode(X).shape == (len(X), 0)


def test_levels_by_value(X):
    encoding = learn_table(X, categorical_features=[2], numeric_encoding=None)
    Z = encoding.encode(X, dtype=np.float64)[:, encoding.input_to_outputs[2]]
    assert encoding.kinds[2] == "categorical"
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(Z.var(axis=0).sum(), 1)
    np.testing.assert_array_equal(Z.argmax(axis=1), X[:, 2])
    X_new = np.where(np.arange(9) == 2, [[99.0], [np.nan]], 0.0)
    np.testing.assert_array_equal(
        encoding.encode(X_new)[:, encoding.input_to_outputs[2]], 0
    )


finite_or_missing = st.floats(allow_infinity=False, width=64)
tables = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 7), st.integers(1, 3)),
    elements=st.one_of(finite_or_missing, st.sampled_from([0.0, 1e300, -1.7e308])),
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(X=tables, data=st.data())
def test_outputs_are_always_finite(X, data):
    n_columns = X.shape[1]
    weights = data.draw(
        hnp.arrays(np.float64, len(X), elements=st.floats(1e-300, 1.7e308))
    )
    rows = st.lists(finite_or_missing, min_size=n_columns, max_size=n_columns)
    X_new = np.array([data.draw(rows)])
    mask = data.draw(st.lists(st.booleans(), min_size=n_columns, max_size=n_columns))
    encoding = learn_table(X, sample_weight=weights, categorical_features=mask)
    for table in (X, X_new):
        Z = encoding.encode(table)
        assert np.isfinite(Z).all()
        assert np.abs(Z).max(initial=0.0) <= CLIP


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ("city", r"pass \['city'\]"),
        ([True, False], "boolean mask of length 2, but X has 9"),
        ([3, 9], r"indices \[9\]"),
        ([-1], r"indices \[-1\]"),
        (["x0", "nope"], r"names \['nope'\]"),
        ([0, "x1"], "only bools"),
        ([0.5], "only bools"),
    ],
)
def test_bad_categorical_features_are_refused(X, chosen, message):
    names = [f"x{j}" for j in range(9)]
    with pytest.raises(ValueError, match=message):
        learn_table(X, categorical_features=chosen, feature_names=names)


def test_names_need_named_columns(X):
    with pytest.raises(ValueError, match="no names"):
        learn_table(X, categorical_features=["x0"])
    names = [f"x{j}" for j in range(9)]
    encoding = learn_table(X, categorical_features=["x2"], feature_names=names)
    assert encoding.kinds.index("categorical") == 2


def test_unknown_numeric_encoding_is_refused(X):
    with pytest.raises(ValueError, match="numeric_encoding='spline'"):
        learn_table(X, numeric_encoding="spline")
