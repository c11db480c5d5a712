"""The encoding of data frames, whatever library holds them."""

import copy
import datetime
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_binmask._encoding import MAX_LEVELS, learn_table

COLUMNS = {
    "size": [1.5, 2.0, None, 4.0, 8.0, 2.5],
    "count": [3, 1, 4, 1, 5, 9],
    "rank": [1, None, 2, 3, None, 4],
    "flag": [True, False, True, True, False, False],
    "hole": [True, None, False, None, True, False],
    "city": ["Rome", "Oslo", None, "Rome", "Bonn", "Oslo"],
    "day": [datetime.datetime(2024, 1, day) for day in range(1, 7)],
    "same": [7, 7, 7, 7, 7, 7],
    "void": [None, None, None, None, None, None],
}
KINDS = ("numeric",) * 3 + ("boolean",) * 2 + ("categorical",) + ("numeric",) * 3


def change(columns, **changes):
    return {**columns, **changes}


def outputs_of(encoding, Z, name):
    return Z[:, encoding.input_to_outputs[list(COLUMNS).index(name)]]


def test_same_encoding_from_every_frame(make_frame):
    frame, reference = make_frame(COLUMNS), pd.DataFrame(COLUMNS)
    encoding, expected = learn_table(frame), learn_table(reference)
    assert encoding.kinds == KINDS
    np.testing.assert_array_equal(encoding.informative, [True] * 7 + [False] * 2)
    np.testing.assert_array_equal(encoding.encode(frame), expected.encode(reference))
    # What was learned from one library serves frames of another.
    np.testing.assert_array_equal(expected.encode(frame), encoding.encode(reference))


def test_each_kind_brings_the_outputs_it_should(make_frame):
    encoding = learn_table(make_frame(COLUMNS), numeric_encoding=None)
    sizes = dict(zip(COLUMNS, map(len, encoding.input_to_outputs), strict=True))
    assert sizes == {
        "size": 2,  # value and flag
        "count": 1,
        "rank": 2,
        "flag": 1,
        "hole": 2,
        "city": 4,  # three cities and missing
        "day": 1,
        "same": 0,
        "void": 0,
    }


def test_a_frame_of_numbers_is_encoded_as_its_array(make_frame):
    X = np.random.default_rng(0).integers(0, 9, size=(30, 3))
    frame = make_frame({f"x{j}": X[:, j].tolist() for j in range(3)})
    expected = learn_table(X).encode(X)
    np.testing.assert_array_equal(learn_table(frame).encode(frame), expected)


def test_times_are_numbers(make_frame):
    start = datetime.datetime(2024, 1, 1)
    seconds = [0, 5, 60, 3600]
    times = [start + datetime.timedelta(seconds=s) for s in seconds]
    frame = make_frame({"at": times, "took": [time - start for time in times]})
    Z = learn_table(frame, numeric_encoding=None).encode(frame, dtype=np.float64)
    numbers = np.array(seconds, dtype=float)
    expected = (numbers - numbers.mean()) / numbers.std()
    np.testing.assert_allclose(Z[:, 0], expected, rtol=1e-6)
    np.testing.assert_allclose(Z[:, 1], expected, rtol=1e-9)


def test_unseen_and_newly_missing_cells_are_the_mean(make_frame):
    frame = make_frame({"n": [1, 2, 3, 4], "b": [True, False] * 2, "s": list("aabc")})
    encoding = learn_table(frame)
    new = make_frame(
        {
            "n": [None, 2, 3, 4],
            "b": [None, True, False, True],
            "s": ["new", None, "a", "b"],
        }
    )
    Z = encoding.encode(new)
    np.testing.assert_array_equal(Z[0], 0)
    np.testing.assert_array_equal(Z[1, encoding.input_to_outputs[2]], 0)
    assert np.abs(Z[2:]).min() > 0


def test_a_column_all_missing_at_predict_time_is_welcome(make_frame):
    encoding = learn_table(make_frame(COLUMNS))
    for name in COLUMNS:
        Z = encoding.encode(make_frame(change(COLUMNS, **{name: [None] * 6})))
        assert np.isfinite(Z).all()
        assert not np.ptp(outputs_of(encoding, Z, name), axis=0).any()


def test_missing_is_told_apart_from_every_level(make_frame):
    frame = make_frame(COLUMNS)
    encoding = learn_table(frame)
    city = outputs_of(encoding, encoding.encode(frame), "city")
    assert len(np.unique(city, axis=0)) == 4
    np.testing.assert_allclose(city.var(axis=0).sum(), 1, rtol=1e-5)


def test_rare_levels_share_one_output_with_unseen_ones(make_frame):
    common = [f"level {i:02d}" for i in range(MAX_LEVELS - 1)] * 3
    names = [*common, "rare 1", "rare 2", "rare 3"]
    encoding = learn_table(make_frame({"s": names}))
    Z = encoding.encode(make_frame({"s": [*names, "never seen"]}))
    assert encoding.n_outputs == MAX_LEVELS
    assert len(np.unique(Z, axis=0)) == MAX_LEVELS
    np.testing.assert_array_equal(Z[-4:], np.repeat(Z[-1:], 4, axis=0))
    np.testing.assert_allclose(Z[:-1].mean(axis=0), 0, atol=1e-6)
    assert Z[-1].argmax() == MAX_LEVELS - 1


def test_ties_of_frequency_do_not_hang_on_the_order_of_rows(make_frame):
    names = [f"level {i:02d}" for i in range(MAX_LEVELS + 8)]
    forward, backward = make_frame({"s": names}), make_frame({"s": names[::-1]})
    Z = learn_table(forward).encode(forward)
    np.testing.assert_array_equal(learn_table(backward).encode(forward), Z)


def test_restricted_encoding_does_not_read_the_other_columns(make_frame):
    frame = make_frame(COLUMNS)
    encoding = learn_table(frame)
    support = np.array([name in {"size", "city", "void"} for name in COLUMNS])
    small = encoding.restrict(support)
    columns = support[encoding.input_of_output]
    Z = encoding.encode(frame)
    np.testing.assert_array_equal(small.encode(frame), Z[:, columns])
    assert small.n_inputs == encoding.n_inputs
    unreadable = make_frame(change(COLUMNS, count=list("abcdef")))
    np.testing.assert_array_equal(small.encode(unreadable), Z[:, columns])
    with pytest.raises(ValueError, match=r"Column 'count' .* held numbers in fit"):
        encoding.encode(unreadable)


def test_a_constant_column_is_not_read_again(make_frame):
    frame = make_frame(COLUMNS)
    encoding = learn_table(frame)
    text = make_frame(change(COLUMNS, same=list("abcdef")))
    np.testing.assert_array_equal(encoding.encode(text), encoding.encode(frame))


def test_nan_is_missing_among_levels_too(make_frame):
    frame = make_frame({"n": [1.0, float("nan"), None, 1.0]})
    encoding = learn_table(frame, categorical_features=["n"])
    Z = encoding.encode(frame)
    assert encoding.n_outputs == 2
    np.testing.assert_array_equal(Z[1], Z[2])


def test_infinity_is_refused_by_name(make_frame):
    frame = make_frame({"fine": [1.0, 2.0], "wild": [1.0, float("inf")]})
    with pytest.raises(ValueError, match=r"infinity.*'wild'"):
        learn_table(frame)


@pytest.mark.parametrize(
    "clone", [copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))]
)
def test_encoding_survives_copies_without_the_frame(make_frame, clone):
    frame = make_frame(COLUMNS)
    encoding = learn_table(frame)
    assert not {b"pandas", b"polars", b"narwhals"} & set(
        pickle.dumps(encoding).replace(b".", b" ").split()
    )
    np.testing.assert_array_equal(clone(encoding).encode(frame), encoding.encode(frame))


# Kinds ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "chosen", [["n"], [0], [True, False], np.array([True, False]), np.array([0])]
)
def test_numbers_can_be_levels(make_frame, chosen):
    frame = make_frame({"n": [10, 20, 30, 10], "m": [1, 2, 3, 5]})
    encoding = learn_table(frame, categorical_features=chosen)
    assert encoding.kinds == ("categorical", "numeric")
    assert len(encoding.input_to_outputs[0]) == 3
    floats = make_frame({"n": [10.0, 20.0, 30.0, 10.0], "m": [1, 2, 3, 5]})
    np.testing.assert_array_equal(encoding.encode(floats), encoding.encode(frame))


@pytest.mark.parametrize("chosen", [None, [], ["n"]])
def test_text_left_out_of_categorical_features_is_refused(make_frame, chosen):
    frame = make_frame({"n": [1, 2], "city": ["Rome", "Oslo"]})
    with pytest.raises(ValueError, match=r"'city'.*'categorical_features'"):
        learn_table(frame, categorical_features=chosen)


def test_an_empty_column_is_not_text(make_frame):
    frame = make_frame({"n": [1, 2], "void": [None, None]})
    encoding = learn_table(frame, categorical_features=None)
    np.testing.assert_array_equal(encoding.informative, [True, False])


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([[1], [2, 3]], "list"),
        ([{"a": 1}, {"a": 2}], "dict|Struct"),
        ([datetime.time(1), datetime.time(2)], "time|Time"),
    ],
)
def test_a_column_of_no_known_kind_is_refused_by_name(make_frame, values, dtype):
    with pytest.raises(TypeError, match=f"'odd'.*({dtype}).*Convert"):
        learn_table(make_frame({"fine": [1, 2], "odd": values}))


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pd.Series(["a", "b", None], dtype="category"), "categorical"),
        (pd.Series([3, 1, None], dtype="category"), "categorical"),
        (pd.cut(pd.Series([1.0, 5.0, 9.0]), 2), "categorical"),
        (pd.Series(["a", "b", None], dtype=object), "categorical"),
        (pd.Series([True, False, None], dtype=object), "boolean"),
        (pd.Series([1, 2.5, None], dtype=object), "numeric"),
        (pd.Series([1, 2, None], dtype="Float32"), "numeric"),
        (pl.Series(["a", "b", None], dtype=pl.Categorical), "categorical"),
        (pl.Series(["a", "b", None], dtype=pl.Enum(["b", "a"])), "categorical"),
        (pl.Series([1, 2, None], dtype=pl.Decimal(10, 2)), "numeric"),
        (pl.Series([1.0, float("nan"), None]), "numeric"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value.dtype),
)
def test_kind_by_dtype(column, kind):
    frame = column.to_frame("x")
    encoding = learn_table(frame)
    assert encoding.kinds == (kind,)
    assert encoding.n_outputs >= 1
    assert np.isfinite(encoding.encode(frame)).all()
