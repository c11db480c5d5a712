"""Converted estimators on columns of a frame, and in pipelines."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from onnx_runs import (
    CUT,
    FULL,
    HIGH,
    MIXED,
    NAMES,
    TABLE,
    TYPES,
    N,
    Y,
    assert_same,
    cells_of,
    frame,
    run,
    selector,
)
from skl2onnx.common.data_types import (
    DoubleTensorType,
    FloatTensorType,
    StringTensorType,
)
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

# --- columns of a frame -------------------------------------------------------------


@pytest.mark.parametrize(
    "target",
    [MIXED, NAMES[2 * MIXED], HIGH + MIXED, np.column_stack([MIXED, HIGH]).astype(int)],
    ids=["binary", "text", "multiclass", "multilabel"],
)
def test_frames_with_all_kinds_of_columns(target):
    fitted = selector(n_features_to_select=6).fit(TABLE, np.asarray(target))
    assert_same(fitted, TABLE, TYPES, cells_of(TABLE))
    other = frame(seed=1)
    other["city"] = other["city"].replace("Rome", "Paris")
    other["grade"] = other["grade"].astype(float) + 2
    assert_same(fitted, other, TYPES, cells_of(other))


def test_neighbouring_columns_may_share_an_input():
    fitted = selector(n_features_to_select=6).fit(TABLE, MIXED)
    types = [*TYPES[:4], ("rest", DoubleTensorType([None, 2]))]
    rest = TABLE[["visits", "size"]].to_numpy(dtype=float)
    cells = {**cells_of(TABLE), "rest": rest}
    assert_same(fitted, TABLE, types, cells)


def test_a_matrix_of_text():
    texts = TABLE[["city"]].assign(other=NAMES[CUT], third=NAMES[2 * Y])
    fitted = selector(n_features_to_select=2).fit(texts, Y)
    cells = {"X": texts.fillna("").to_numpy(dtype=str).astype(object)}
    types = [("X", StringTensorType([None, 3]))]
    assert_same(fitted, texts, types, cells, atol=1e-6)


def test_an_empty_text_that_was_seen_is_a_level():
    texts = TABLE[["city"]].assign(other=NAMES[2 * Y])
    texts.loc[Y == 1, "city"] = ""
    fitted = selector(n_features_to_select=2).fit(texts, Y)
    seen = texts[texts["city"].notna()]
    types = [(name, StringTensorType([None, 1])) for name in texts]
    assert_same(fitted, seen, types, cells_of(seen, types), atol=1e-6)


def test_times_are_microseconds():
    days = np.arange(N) % 60
    table = pd.DataFrame(
        {
            "seen": pd.Timestamp("2020-01-01") + pd.to_timedelta(days, unit="D"),
            "stay": pd.to_timedelta(np.round(900 * FULL[:, 1]), unit="s"),
        }
    )
    table.loc[3, "seen"] = pd.NaT
    fitted = selector(n_features_to_select=2).fit(table, days > 20)
    seen = table["seen"].to_numpy().astype("datetime64[us]")
    stay = table["stay"].to_numpy().astype("timedelta64[us]")
    cells = {
        "seen": np.where(np.isnat(seen), np.nan, seen.astype(np.int64))[:, None],
        "stay": stay.astype(float)[:, None],
    }
    types = [(name, DoubleTensorType([None, 1])) for name in cells]
    assert_same(fitted, table, types, cells)


# --- pipelines ----------------------------------------------------------------------


def column_transformer():
    return ColumnTransformer(
        [("select", selector(n_features_to_select=2), [0, 1, 2])],
        remainder=StandardScaler(),
    )


def feature_union():
    return FeatureUnion(
        [("select", selector(n_features_to_select=2)), ("scale", StandardScaler())]
    )


PIPELINES = {
    "last": lambda: make_pipeline(StandardScaler(), selector()),
    "a step": lambda: make_pipeline(
        StandardScaler(), selector(task="classification"), LogisticRegression()
    ),
    "two": lambda: make_pipeline(selector(), selector(n_features_to_select=2)),
    "nested": lambda: make_pipeline(
        make_pipeline(StandardScaler(), selector()), LogisticRegression()
    ),
    "union": lambda: make_pipeline(feature_union(), LogisticRegression()),
    "columns": lambda: make_pipeline(column_transformer(), LogisticRegression()),
    "search": lambda: GridSearchCV(
        make_pipeline(StandardScaler(), selector(task="classification")),
        {"binmaskselector__n_members": [2]},
        cv=2,
    ),
    "vote": lambda: VotingClassifier(
        [("a", selector(task="classification")), ("b", LogisticRegression())],
        voting="soft",
        flatten_transform=False,
    ),
}


@pytest.mark.parametrize("name", PIPELINES)
def test_a_selector_is_what_its_place_asks_for(name):
    assert_same(PIPELINES[name]().fit(FULL, Y), FULL)


def test_selected_columns_of_a_frame_go_on_by_name():
    """A step after the selector finds text and numbers under their names."""
    table = TABLE.assign(city=TABLE["city"].fillna("nowhere"))
    encode = [
        ("text", OneHotEncoder(handle_unknown="ignore"), ["city"]),
        ("number", SimpleImputer(), ["age"]),
    ]
    model = make_pipeline(
        selector(mandatory_features=["age", "city"]),
        ColumnTransformer(encode),
        LogisticRegression(),
    ).fit(table, MIXED)
    # one-hot columns are float32 in skl2onnx, which wants them beside their like
    types = [
        (name, FloatTensorType(kind.shape) if type(kind) is DoubleTensorType else kind)
        for name, kind in TYPES
    ]
    assert_same(model, table, types, cells_of(table, types), atol=1e-6)


def test_selected_numbers_of_a_frame_go_on_as_one_matrix():
    table = TABLE[["visits", "size"]].assign(age=TABLE["age"].fillna(0))
    by_name = dict(TYPES)
    types = [(name, by_name[name]) for name in table]
    model = make_pipeline(selector(n_features_to_select=2), LogisticRegression())
    model.fit(table, MIXED)
    assert_same(model, table, types, cells_of(table, types))


def test_selected_columns_of_a_frame_alone():
    fitted = selector(mandatory_features=["city"]).fit(TABLE, MIXED)
    columns = run(fitted, cells_of(TABLE), TYPES, transform=True)
    for column, name in zip(columns, fitted.get_feature_names_out(), strict=True):
        assert_array_equal(column, cells_of(TABLE)[name])
