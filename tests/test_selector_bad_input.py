"""Bad input is refused in words, and leaves the estimator as it was.

A message names the parameter or argument, the value it got, and what to try.
"""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from numpy.testing import assert_array_equal
from planted import SMALL, easy

from sklearn_binmask import BinMaskSelector, binmask_path

N = 120
X, Y = easy(N)
FRAME = pd.DataFrame(X, columns=list("abcdef"))
NUMBERS = 2 * X[:, 0] + X[:, 1]


def changed(table, place, value):
    """A copy with one other value."""
    table = np.array(table, dtype=np.result_type(table, type(value)))
    table[place] = value
    return table


def with_column(values):
    return FRAME.assign(odd=values)


# what is wrong -> X, y, error, what it says
TABLES = {
    "one axis": (X[:, 0], Y, ValueError, r"Expected 2D.*reshape"),
    "three axes": (X[None], Y, ValueError, r"dim 3"),
    "a single number": (3.0, Y, ValueError, r"Expected 2D"),
    "more rows than targets": (X, Y[:-1], ValueError, r"inconsistent.*120, 119"),
    "more targets than rows": (X[:-1], Y, ValueError, r"inconsistent.*119, 120"),
    "no row": (X[:0], Y[:0], ValueError, r"0 sample\(s\).*minimum of 2"),
    "one row": (X[:1], Y[:1], ValueError, r"1 sample\(s\)?.*minimum of 2|n_samples.*1"),
    "no column": (X[:, :0], Y, ValueError, r"0 feature\(s\).*minimum of 1"),
    "a frame of no row": (FRAME[:0], Y[:0], ValueError, r"0 sample\(s\).*more"),
    "a frame of one row": (FRAME[:1], Y[:1], ValueError, r"1 sample\(s\).*more"),
    "a frame of no column": (FRAME[[]], Y, ValueError, r"0 feature\(s\).*more"),
    "infinite": (changed(X, (3, 2), np.inf), Y, ValueError, r"infinity"),
    "minus infinite": (changed(X, (3, 2), -np.inf), Y, ValueError, r"infinity"),
    "infinite in a frame": (
        with_column(np.where(Y, np.inf, 0.0)),
        *(Y, ValueError, r"infinity.*'odd'.*Replace"),
    ),
    "infinite in a sparse table": (
        scipy.sparse.csr_matrix(changed(X, (3, 2), np.inf)),
        *(Y, ValueError, r"infinity"),
    ),
    "complex": (X + 1j, Y, ValueError, r"[Cc]omplex"),
    "text in an array": (
        changed(X.astype(object), (0, 0), "red"),
        *(Y, ValueError, r"could not convert.*'red'"),
    ),
    "lists in a frame": (
        with_column([[1, 2]] * N),
        *(Y, TypeError, r"'odd'.*list|'odd'.*object"),
    ),
    "constant columns": (X * 0, Y, ValueError, r"No column of X varies.*Pass"),
    "only holes": (X * np.nan, Y, ValueError, r"No column of X varies.*Pass"),
    "mixed names": (
        FRAME.rename(columns={"a": 0}),
        *(Y, TypeError, r"(?s)column name.*str"),
    ),
    "a lazy frame": (pl.LazyFrame(X), Y, TypeError, r"LazyFrame.*X\.collect"),
    "no y": (X, None, ValueError, r"requires y to be passed.*Pass"),
    "a single y": (X, 1, ValueError, r"target y is 1.*each row"),
    "a word for y": (FRAME, "a", ValueError, r"target y is 'a'.*each row"),
    "one class": (X, Y * 0, ValueError, r"only 1 class, 0.*at least 2"),
    "one text": (X, ["a"] * N, ValueError, r"only 1 class, 'a'.*at least 2"),
    "labels without contrast": (X, np.ones((N, 2), int), ValueError, r"1 class.*pass"),
    "nan in y": (X, changed(NUMBERS, 3, np.nan), ValueError, r"y contains NaN"),
    "inf in y": (X, changed(NUMBERS, 3, np.inf), ValueError, r"y contains infinity"),
    "none in y": (X, [None, *Y[1:]], ValueError, r"y contains NaN.*Drop"),
    "null in a series": (
        *(X, pl.Series([None, *Y[1:].tolist()]), ValueError),
        r"y contains NaN.*missing.*Drop",
    ),
    "text among numbers": (
        X,
        np.array(["a", *Y[1:]], dtype=object),
        *(ValueError, r"y mixes text.*Make all"),
    ),
    "two columns of classes": (
        np.abs(X),
        np.column_stack([Y, Y + np.arange(N) % 3]),
        *(ValueError, r"2 columns of classes.*one column at a time"),
    ),
    "y of three axes": (X, np.zeros((N, 2, 2)), ValueError, r"dim 3|Unknown label"),
    "dates in y": (
        *(X, np.arange(N).astype("M8[D]"), ValueError),
        r"y has dtype.*convert",
    ),
}

WEIGHTS = {
    "negative": (changed(np.ones(N), 3, -1.0), r"[Nn]egative.*sample_weight"),
    "all zero": (np.zeros(N), r"sample_weight is zero.*positive"),
    "too few": (np.ones(N - 1), r"sample_weight.*119"),
    "two axes": (np.ones((N, 2)), r"[Ss]ample.?weights?.*1D"),
    "nan": (changed(np.ones(N), 3, np.nan), r"sample_weight contains NaN"),
    "inf": (changed(np.ones(N), 3, np.inf), r"sample_weight contains infinity"),
    "one row left": (changed(np.zeros(N), 3, 1.0), r"sample_weight|1 class|rows?"),
    "one class left": (np.where(Y, 1.0, 0.0), r"1 class.*at least 2"),
    "text": (["heavy"] * N, r"'heavy'|could not convert"),
}

GROUPS = "feature_groups"
MUST = "mandatory_features"
LEVELS = "categorical_features"
# parameters, what is said
PARAMETERS = [
    ({"n_features_to_select": 7}, r"n_features_to_select=7.*6.*at most 6"),
    ({"n_features_to_select": 0}, r"n_features_to_select.*\[1.*Got 0"),
    ({"n_features_to_select": -2}, r"n_features_to_select.*Got -2"),
    ({"n_features_to_select": 1.5}, r"n_features_to_select.*\(0.*1.*Got 1\.5"),
    ({"n_features_to_select": 0.0}, r"n_features_to_select.*\(0.*Got 0\.0"),
    ({"n_features_to_select": np.nan}, r"n_features_to_select.*Got nan"),
    ({"n_features_to_select": "best"}, r"n_features_to_select.*'auto'.*Got 'best'"),
    ({"n_features_to_select": None}, r"n_features_to_select.*Got None"),
    ({"min_features_to_select": 0}, r"min_features_to_select.*Got 0"),
    ({"l0_penalty": -1.0}, r"l0_penalty.*Got -1\.0"),
    ({"l0_penalty": np.nan}, r"l0_penalty.*[Gg]ot nan|l0_penalty=nan"),
    (
        {"l0_penalty": 0.1, "n_features_to_select": 2},
        r"l0_penalty=0\.1 and n_features_to_select=2.*Give one",
    ),
    ({"task": "ranking"}, r"task.*Got 'ranking'"),
    (
        {"task": "regression", "class_weight": "balanced"},
        r"class_weight='balanced'.*task='regression'.*sample_weight",
    ),
    ({"class_weight": "heavy"}, r"class_weight.*Got 'heavy'"),
    ({"class_weight": {0: -1, 1: 1}}, r"class_weight=\{0: -1.*at least 0"),
    ({"class_weight": {"x": 1, "y": 2}}, r"class_weight.*'x'.*\[0, 1\]"),
    ({"numeric_encoding": "cubic"}, r"numeric_encoding.*Got 'cubic'"),
    ({LEVELS: [9]}, rf"{LEVELS}.*9.*\[0, 5\]"),
    ({LEVELS: [True]}, rf"{LEVELS}.*1.*6"),
    ({LEVELS: ["zz"]}, rf"{LEVELS}.*'zz'"),
    ({LEVELS: "all"}, rf"{LEVELS}.*'all'"),
    ({GROUPS: [["a", "zz"]]}, rf"{GROUPS}.*'zz'.*not columns.*'a'"),
    ({GROUPS: [[0, 6]]}, rf"{GROUPS}.*6.*\[0, 5\]"),
    ({GROUPS: [[0, -1]]}, rf"{GROUPS}.*-1.*\[0, 5\]"),
    ({GROUPS: [[0, 1], [1, 2]]}, rf"{GROUPS}.*\[1, 2\] twice"),
    ({GROUPS: [[0, 0]]}, rf"{GROUPS}.*\[0, 0\] twice"),
    ({GROUPS: [0, 0, 1]}, rf"{GROUPS}.*3 labels.*6 columns"),
    ({GROUPS: [[0, 1], 2]}, rf"{GROUPS}.*2.*list of lists"),
    ({GROUPS: "ab"}, rf"{GROUPS}.*'ab'"),
    (
        {GROUPS: [[0, 1, 2], [3, 4, 5]], "n_features_to_select": 2},
        rf"n_features_to_select=2.*{GROUPS}.*\[3\].*Ask",
    ),
    ({MUST: ["zz"]}, rf"{MUST}.*'zz'.*not columns"),
    ({MUST: [6]}, rf"{MUST}.*6.*\[0, 5\]"),
    ({MUST: [True, False]}, rf"{MUST}.*2.*6"),
    ({MUST: [0.5]}, rf"{MUST}.*0\.5"),
    ({MUST: "a"}, rf"{MUST}.*\['a'\]|{MUST}.*Got 'a'"),
    (
        {MUST: [0, 1, 2], "n_features_to_select": 2},
        rf"n_features_to_select=2.*{MUST} keeps 3.*at least",
    ),
    (
        {MUST: [0], GROUPS: [[0, 1, 2]], "n_features_to_select": 0.3},
        rf"n_features_to_select=0\.3.*{MUST} keeps 3",
    ),
    ({"hidden_layer_sizes": 0}, r"hidden_layer_sizes.*Got 0"),
    ({"hidden_layer_sizes": (4, 0)}, r"hidden_layer_sizes=\(4, 0\).*positive.*Try"),
    ({"hidden_layer_sizes": (4, 2.5)}, r"hidden_layer_sizes=\(4, 2\.5\).*Try"),
    ({"hidden_layer_sizes": "big"}, r"hidden_layer_sizes.*Got 'big'"),
    ({"n_members": 1}, r"n_members.*\[2.*Got 1"),
    ({"activation": "sine"}, r"activation.*'relu'.*Got 'sine'"),
    ({"alpha": -1.0}, r"alpha.*Got -1\.0"),
    ({"alpha": np.inf}, r"alpha.*[Gg]ot inf"),
    ({"batch_size": 0}, r"batch_size.*Got 0"),
    ({"learning_rate_init": 0.0}, r"learning_rate_init.*Got 0\.0"),
    ({"mask_learning_rate": 1.5}, r"mask_learning_rate.*Got 1\.5"),
    ({"max_iter": 0}, r"max_iter.*Got 0"),
    ({"validation_fraction": 1.0}, r"validation_fraction.*Got 1\.0"),
    ({"validation_fraction": 0.0}, r"validation_fraction.*Got 0\.0"),
    ({"refit": "yes"}, r"refit.*Got 'yes'"),
    ({"device": "abacus"}, r"device='abacus'.*'cpu'.*Try"),
    ({"device": "cuda:99"}, r"device='cuda:99'.*'cpu'.*Try"),
    ({"random_state": "lucky"}, r"random_state.*Got 'lucky'"),
    ({"random_state": -1}, r"random_state.*Got -1"),
]


def make(**params):
    return BinMaskSelector(**(SMALL | params))


def assert_refused(table, y, error, says, *, weights=None, **params):
    """On a new estimator, which stays new, and on a fitted one, which still works."""
    new = make(**params)
    with pytest.raises(error, match=f"(?s){says}"):
        new.fit(table, y, sample_weight=weights)
    assert set(vars(new)) == set(new.get_params())

    fitted = make().fit(X, Y)
    expected = fitted.predict_proba(X)
    fitted.set_params(**params)
    state = dict(vars(fitted))
    with pytest.raises(error, match=f"(?s){says}"):
        fitted.fit(table, y, sample_weight=weights)
    assert set(vars(fitted)) == set(state)
    assert all(vars(fitted)[name] is value for name, value in state.items())
    fitted.set_params(**make().get_params())
    assert_array_equal(fitted.predict_proba(X), expected)


@pytest.mark.parametrize("case", TABLES)
def test_tables_and_targets(case):
    assert_refused(*TABLES[case])


@pytest.mark.parametrize("case", WEIGHTS)
def test_weights(case):
    weights, says = WEIGHTS[case]
    assert_refused(X, Y, ValueError, says, weights=weights)


@pytest.mark.parametrize(
    ("params", "says"), PARAMETERS, ids=lambda value: str(value)[:50]
)
def test_parameters(params, says):
    named = "'zz'" in says or "'a'" in says
    assert_refused(FRAME if named else X, Y, (ValueError, TypeError), says, **params)


@pytest.mark.parametrize(
    ("y", "task", "says"),
    [
        (np.where(Y, "a", "b"), "regression", r"'[ab]'.*regression needs numbers"),
        (NUMBERS, "classification", r"continuous.*task='regression'|fractions"),
    ],
)
def test_targets_that_do_not_fit_the_task(y, task, says):
    assert_refused(X, y, ValueError, says, task=task)


@pytest.mark.parametrize("columns", [[0], ["a"], [0, 7], ["a", "zz"]])
def test_names_need_a_frame(columns):
    if isinstance(columns[0], str):
        says = rf"{MUST}.*names.*pass a data frame"
        assert_refused(X, Y, ValueError, says, **{MUST: columns})
    elif 7 in columns:
        assert_refused(FRAME, Y, ValueError, rf"{MUST}.*7", **{MUST: columns})
    else:
        assert make(**{MUST: columns}).fit(FRAME, Y).support_[0]


@pytest.mark.parametrize("method", ["predict", "predict_proba", "transform"])
@pytest.mark.parametrize(
    ("table", "says"),
    [(X[:, :5], r"5 features.*6 features"), (X[0], "Expected 2D"), (X[:0], "0 sample")],
)
def test_new_tables(method, table, says):
    selector = make().fit(X, Y)
    with pytest.raises(ValueError, match=f"(?s){says}"):
        getattr(selector, method)(table)


def test_infinite_numbers_are_not_predicted_from():
    selector = make().fit(X, Y)
    for method in ("predict", "predict_proba", "decision_function"):
        with pytest.raises(ValueError, match="infinity"):
            getattr(selector, method)(changed(X, (0, 0), np.inf))


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"n_members": 1}, r"n_members.*Got 1"),
        ({GROUPS: [[0, 9]]}, rf"{GROUPS}.*9"),
        ({"task": "ranking"}, r"task.*Got 'ranking'"),
    ],
)
def test_the_path_refuses_in_the_same_words(params, says):
    with pytest.raises(ValueError, match=says):
        binmask_path(X, Y, **params)


def test_an_unknown_parameter():
    with pytest.raises(TypeError, match="n_columns"):
        BinMaskSelector(n_columns=3)
