"""The selector on frames of mixed kinds with holes, whatever library holds them."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal
from planted import SMALL
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline

from sklearn_binmask import BinMaskSelector

N = 1500
PLANTED = ["n2", "n7", "c1", "b0"]


def draw_columns(seed=0):
    """20 columns of four kinds, a tenth of the cells missing; 4 columns matter."""
    rng = np.random.default_rng(seed)
    columns = {f"n{j}": rng.normal(size=N) for j in range(10)}
    columns |= {f"c{j}": rng.choice(["lo", "mid", "hi"], N) for j in range(5)}
    columns |= {f"b{j}": rng.random(N) < 0.5 for j in range(2)}
    columns |= {f"s{j}": rng.choice([f"w{i}" for i in range(20)], N) for j in range(3)}
    signal = columns["n2"] + 1.5 * columns["b0"] - 0.75 + columns["n7"]
    signal += np.where(columns["c1"] == "hi", 1.5, -0.75)
    y = signal + rng.normal(scale=0.3, size=N) > 0
    holes = rng.random((len(columns), N)) < 0.1
    return {
        name: [
            None if hole else v for v, hole in zip(values.tolist(), row, strict=True)
        ]
        for (name, values), row in zip(columns.items(), holes, strict=True)
    }, y


COLUMNS, Y = draw_columns()


def as_categories(frame):
    """Turn the categories of a frame of text into its library's categorical dtype."""
    names = [f"c{j}" for j in range(5)]
    if isinstance(frame, pl.DataFrame):
        return frame.with_columns(pl.col(names).cast(pl.Categorical))
    levels = {name: frame[name].astype(object).tolist() for name in names}
    # HistGradientBoosting cannot read the missing values of categories of dtype string
    frame = frame.assign(**{n: pd.Categorical(v) for n, v in levels.items()})
    return frame.set_index(np.arange(10, 10 + len(frame)))


@pytest.fixture
def frame(make_frame):
    return as_categories(make_frame(COLUMNS))


def first_rows(frame, n):
    return frame[:n]


def assert_same_columns(out, frame, names):
    """Untouched: names, order, dtypes, index, values, holes."""
    assert type(out) is type(frame)
    if isinstance(frame, pl.DataFrame):
        assert out.equals(frame.select(names))
        assert out.schema == frame.select(names).schema
    else:
        pd.testing.assert_frame_equal(out, frame[names])


def test_exactly_the_planted_columns_are_chosen(frame):
    selector = BinMaskSelector(n_features_to_select=4, random_state=0).fit(frame, Y)
    assert set(selector.get_feature_names_out()) == set(PLANTED)
    assert selector.score(frame, Y) > 0.85
    in_order = [name for name in COLUMNS if name in PLANTED]
    assert_same_columns(selector.transform(frame), frame, in_order)
    some = first_rows(frame, 7)
    assert_same_columns(selector.transform(some), some, in_order)


def test_libraries_agree():
    """The same values are the same table, so the same selection to the last bit."""
    tables = [pd.DataFrame(COLUMNS), pl.DataFrame(COLUMNS)]
    tables.append(tables[0].convert_dtypes())
    one, *others = [BinMaskSelector(**SMALL).fit(table, Y) for table in tables]
    for other, table in zip(others, tables[1:], strict=True):
        assert_array_equal(other.path_, one.path_)
        # and what was learned on one serves frames of another
        assert_array_equal(one.predict_proba(table), other.predict_proba(tables[0]))


def test_a_pipeline_with_gradient_boosting_works_on_the_outcome(frame):
    boosting = HistGradientBoostingClassifier(max_iter=20)
    selector = BinMaskSelector(n_features_to_select=4, random_state=0)
    pipeline = Pipeline([("select", selector), ("model", boosting)])
    pipeline.fit(frame, Y)
    assert pipeline["model"].n_features_in_ == 4
    assert pipeline.score(frame, Y) > 0.85


def quick(frame, **params):
    return BinMaskSelector(**(SMALL | {"n_features_to_select": 4} | params)).fit(
        frame, Y
    )


def test_unseen_categories_and_missing_cells_at_predict_time(make_frame, frame):
    selector = quick(frame, mandatory_features=PLANTED)
    expected = selector.predict_proba(frame)
    for value in ("never seen", None):
        columns = COLUMNS | {"c1": [value] * N}
        new = as_categories(make_frame(columns))
        probabilities = selector.predict_proba(new)
        assert np.isfinite(probabilities).all()
        assert (probabilities != expected).any()
        assert_same_columns(
            selector.transform(new), new, [n for n in COLUMNS if n in PLANTED]
        )
    nothing = make_frame({name: [None] * 3 for name in COLUMNS})
    assert np.ptp(selector.predict_proba(nothing), axis=0).max() < 1e-12


def test_a_category_not_chosen_may_hold_anything(make_frame, frame):
    selector = quick(frame, mandatory_features=PLANTED)
    columns = COLUMNS | {"c0": ["new"] * N, "s1": [None] * N, "n0": [1e30] * N}
    other = as_categories(make_frame(columns))
    assert_array_equal(selector.predict_proba(other), selector.predict_proba(frame))


@pytest.mark.parametrize("wanted", ["auto", 3, 1.0])
def test_constant_and_empty_columns_are_never_selected(make_frame, wanted):
    dead = {
        "zero": [0] * N,
        "true": [True] * N,
        "word": ["w"] * N,
        "none": [None] * N,
        "nan": [float("nan")] * N,
    }
    alive = {name: COLUMNS[name] for name in PLANTED}
    frame = make_frame({**dead, **alive})
    selector = quick(frame, n_features_to_select=wanted)
    assert set(selector.get_feature_names_out()) <= set(alive)
    assert np.isneginf(selector.scores_[:5]).all()
    assert not selector.path_["support"][:, :5].any()
    assert (selector.ranking_[:5] > selector.ranking_[5:].max()).all()
    if wanted == 1.0:
        assert selector.support_[5:].all()
    with pytest.raises(ValueError, match=r"n_features_to_select=5.*9.*4 can be"):
        quick(frame, n_features_to_select=5)


def test_holes_alone_are_information(make_frame):
    """A column that is constant where it is known, and known for one class only."""
    columns = {"n0": COLUMNS["n0"], "told": [1.0 if y else None for y in Y]}
    selector = quick(make_frame(columns), n_features_to_select=1)
    assert selector.get_feature_names_out().tolist() == ["told"]


def test_columns_are_named_by_name(frame):
    params = {
        "mandatory_features": ["s0", "n0"],
        "feature_groups": [["c0", "b1"]],
        "categorical_features": [name for name in COLUMNS if name[0] in "cs"],
    }
    by_name = quick(frame, **params)
    place = {name: j for j, name in enumerate(COLUMNS)}
    numbers = {
        "mandatory_features": [place["s0"], place["n0"]],
        "feature_groups": [[place["c0"], place["b1"]]],
        "categorical_features": [place[n] for n in params["categorical_features"]],
    }
    assert_array_equal(quick(frame, **numbers).path_, by_name.path_)
    assert {"s0", "n0"} <= set(by_name.get_feature_names_out())


def test_other_columns_than_in_fit_are_refused(frame):
    selector = quick(frame)
    names = list(COLUMNS)
    for wrong in (names[::-1], names[1:]):
        other = frame.select(wrong) if hasattr(frame, "select") else frame[wrong]
        for method in ("predict", "transform", "predict_proba"):
            with pytest.raises(ValueError, match="feature names"):
                getattr(selector, method)(other)


def test_a_frame_of_targets(make_frame):
    targets = {"one": np.arange(N) / 7.0, "other": np.arange(N)[::-1] / 3.0}
    selector = BinMaskSelector(**SMALL)
    selector.fit(
        make_frame({"n": range(N), "m": [0, 1] * (N // 2)}), make_frame(targets)
    )
    assert selector.support_.tolist() == [True, False]
    assert selector.predict(make_frame({"n": [1, 2], "m": [0, 1]})).shape == (2, 2)


@pytest.mark.parametrize("dtype", ["Float64", "Int64"])
def test_a_series_of_the_frame_is_a_target(make_frame, dtype):
    frame = make_frame({name: COLUMNS[name] for name in PLANTED})
    y = pd.Series(Y, dtype=dtype) if isinstance(frame, pd.DataFrame) else pl.Series(Y)
    expected = BinMaskSelector(**SMALL, task="classification").fit(frame, Y.astype(int))
    selector = BinMaskSelector(**SMALL, task="classification").fit(frame, y)
    assert_array_equal(selector.path_, expected.path_)


def test_levels_of_numbers_and_text_are_told_apart():
    """As if all were text, in the order of numbers first."""
    rng = np.random.default_rng(0)
    codes, other = rng.integers(0, 3, 200), rng.normal(size=200)
    y = (codes == 1) ^ (rng.random(200) < 0.1)
    answers = [
        BinMaskSelector(**SMALL)
        .fit(frame := pd.DataFrame({"mixed": levels[codes], "other": other}), y)
        .predict_proba(frame)
        for levels in (
            pd.Categorical([2, 10, "a"]),
            pd.Categorical(["02", "10", "a"]),
        )
    ]
    assert_array_equal(*answers)
