"""Each picture shows what the estimator holds, in one line, and can be read."""

import io
import pickle
import sys
from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from gates.public_api import import_faults
from planted import SMALL, easy
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import RFECV
from sklearn.linear_model import LogisticRegression

from sklearn_binmask import (
    BinMaskMLPClassifier,
    BinMaskMLPRegressor,
    BinMaskSelector,
    MaskDisplay,
    PathDisplay,
    StabilityDisplay,
    StabilitySelector,
    TrainingDisplay,
)
from sklearn_binmask.exceptions import ParameterError

X, Y = easy()
DISPLAYS = [MaskDisplay, PathDisplay, StabilityDisplay, TrainingDisplay]
LONG = "the monthly income of the applicant in the year number "


class Fitted(BaseEstimator):
    """Holds fitted attributes, as an estimator would after `fit`."""

    def fit(self, **attributes):
        vars(self).update(attributes)
        return self


def stability(n_columns=20, n_points=12, n_selected=4):
    """Selection probabilities that fall with the penalty, the slower the surer."""
    sureness = np.linspace(3, 0.2, n_columns)
    penalty = np.geomspace(1e-3, 1, n_points)
    probabilities = np.exp(-penalty[:, None] * 5 / sureness**2)
    kinds = [
        ("n_features", int),
        ("penalty", float),
        ("selection_probabilities", float, (n_columns,)),
    ]
    path = np.zeros(n_points, dtype=kinds)
    path["penalty"] = penalty
    path["n_features"] = np.linspace(n_columns, 1, n_points)
    path["selection_probabilities"] = probabilities
    return Fitted().fit(
        path_=path,
        selection_probabilities_=probabilities[n_points // 2],
        threshold_=0.6,
        support_=np.arange(n_columns) < n_selected,
        n_features_=n_selected,
    )


def walk(n_columns, names=None, n_selected=4):
    """Make the data of a path that loses its last column at each point."""
    n_points = min(n_columns, 60) + 1
    sizes = np.unique(np.linspace(0, n_columns, n_points).astype(int))[::-1]
    return {
        "sizes": sizes,
        "scores": (sizes - n_selected) ** 2 / n_columns**2 + 0.1,
        "errors": np.full(len(sizes), 0.01),
        "support": np.arange(n_columns) < sizes[:, None],
        "selected": np.arange(n_columns) < n_selected,
        "penalties": np.append(np.geomspace(1e-4, 0.3, len(sizes) - 1), np.inf),
        "chosen_size": n_selected,
        "feature_names": names,
    }


@pytest.fixture(scope="module")
def selector():
    return BinMaskSelector(**SMALL).fit(X, Y)


@pytest.fixture(scope="module")
def network():
    return BinMaskMLPClassifier(sparsity=0.5, max_iter=20, random_state=0).fit(X, Y)


@pytest.fixture(scope="module")
def gated():
    """Fit a network with gates on columns."""
    return BinMaskMLPRegressor(
        granularity="features", n_features_to_select=2, max_iter=20, random_state=0
    ).fit(X, 3.0 * X[:, 0] + X[:, 1])


@pytest.fixture(scope="module")
def rfecv():
    return RFECV(LogisticRegression(), cv=3).fit(X, Y)


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    plt.close("all")


ONE_LINE = [
    ("selector", lambda e: PathDisplay.from_estimator(e)),
    ("selector", lambda e: PathDisplay.from_estimator(e, kind="score")),
    ("selector", lambda e: PathDisplay.from_estimator(e, kind="columns")),
    ("selector", lambda e: MaskDisplay.from_estimator(e)),
    ("selector", lambda e: MaskDisplay.from_estimator(e, image_shape=(2, 3))),
    ("selector", lambda e: TrainingDisplay.from_estimator(e)),
    ("network", lambda e: PathDisplay.from_estimator(e)),
    ("network", lambda e: MaskDisplay.from_estimator(e)),
    ("network", lambda e: MaskDisplay.from_estimator(e, image_shape=(3, 2))),
    ("network", lambda e: MaskDisplay.from_estimator(e, kind="columns")),
    ("network", lambda e: TrainingDisplay.from_estimator(e)),
    ("gated", lambda e: PathDisplay.from_estimator(e)),
    ("gated", lambda e: MaskDisplay.from_estimator(e)),
    ("gated", lambda e: TrainingDisplay.from_estimator(e)),
    ("rfecv", lambda e: PathDisplay.from_estimator(e)),
    ("rfecv", lambda e: PathDisplay.from_cv_results(e.cv_results_)),
    ("stability", lambda e: StabilityDisplay.from_estimator(e)),
    ("stability", lambda e: StabilityDisplay.from_estimator(e, x="sizes")),
    ("stability", lambda e: MaskDisplay.from_estimator(e)),
]


@pytest.mark.parametrize(("name", "draw"), ONE_LINE)
def test_one_line_makes_a_png(name, draw, request):
    estimator = stability() if name == "stability" else request.getfixturevalue(name)
    display = draw(estimator)
    png = io.BytesIO()
    display.figure_.savefig(png, format="png")
    pixels = plt.imread(io.BytesIO(png.getvalue()))[..., :3]
    assert png.getvalue().startswith(b"\x89PNG")
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 10
    assert display.ax_.figure is display.figure_


# --- data and drawing ---------------------------------------------------------------


def test_importing_the_displays_loads_neither_matplotlib_nor_torch():
    assert import_faults("sklearn_binmask.display", ("matplotlib", "torch")) == []


def test_data_can_be_kept_and_drawn_elsewhere():
    data = walk(8)
    display = pickle.loads(pickle.dumps(PathDisplay(**data)))
    for name, value in data.items():
        np.testing.assert_array_equal(getattr(display, name), value)
    assert plt.get_fignums() == []
    x, y = display.plot(kind="score").line_.get_data()
    np.testing.assert_array_equal(x, data["sizes"][::-1])
    np.testing.assert_array_equal(y, data["scores"][::-1])


@pytest.mark.parametrize("display", DISPLAYS)
def test_given_axes_are_drawn_on_and_no_figure_is_made(display, selector):
    estimator = stability() if display is StabilityDisplay else selector
    kind = {"kind": "score"} if display is PathDisplay else {}
    figure, ax = plt.subplots()
    drawn = display.from_estimator(estimator, ax=ax, **kind)
    assert drawn.ax_ is ax and drawn.figure_ is figure
    assert plt.get_fignums() == [figure.number]


def test_two_axes_take_both_pictures_and_one_does_not(selector):
    _, axes = plt.subplots(1, 2)
    display = PathDisplay.from_estimator(selector, ax=axes)
    assert list(display.axes_) == list(axes)
    with pytest.raises(ParameterError, match="2 axes"):
        PathDisplay.from_estimator(selector, ax=axes[0])


REFUSED = [
    ("kind", lambda s, n: PathDisplay.from_estimator(s, kind="columnes")),
    ("kind", lambda s, n: PathDisplay.from_estimator(n, kind="columns")),
    ("kind", lambda s, n: MaskDisplay.from_estimator(s, kind="weights")),
    ("image_shape", lambda s, n: MaskDisplay.from_estimator(s, image_shape=(2, 2))),
    ("feature_names", lambda s, n: PathDisplay.from_estimator(s, feature_names="ab")),
    ("kind", lambda s, n: StabilityDisplay.from_estimator(stability(), x="size")),
]


@pytest.mark.parametrize(("parameter", "draw"), REFUSED)
def test_what_cannot_be_drawn_is_refused_before_a_figure_is_made(
    parameter, draw, selector, network
):
    with pytest.raises(ParameterError, match=f"^{parameter}="):
        draw(selector, network)
    assert plt.get_fignums() == []


@pytest.mark.parametrize("display", DISPLAYS)
def test_an_estimator_that_is_not_fitted_is_refused(display):
    with pytest.raises(NotFittedError):
        display.from_estimator(BinMaskSelector())


def test_without_matplotlib_the_error_says_what_to_install(selector, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"sklearn-binmask\[plots\]"):
        PathDisplay.from_estimator(selector)


# --- what is shown ------------------------------------------------------------------


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"n_features_to_select": 3},
        {"l0_penalty": 0.05},
        {"mandatory_features": [5]},
        {"feature_groups": [[0, 2], [1, 3, 4]], "n_features_to_select": 4},
    ],
)
def test_the_choice_is_marked_at_the_number_of_selected_columns(parameters):
    fitted = BinMaskSelector(**SMALL, **parameters).fit(X, Y)
    display = PathDisplay.from_estimator(fitted)
    assert set(display.chosen_.get_xdata()) == {fitted.n_features_}
    on_path = fitted.path_["n_features"] == fitted.n_features_
    if display.chosen_score is not None:
        assert display.chosen_score in fitted.path_["validation_loss"][on_path]
        (y,) = display.chosen_.get_ydata()
        assert y == display.chosen_score


def test_the_choice_of_a_network_is_marked_at_what_is_open(network, gated):
    (x,) = PathDisplay.from_estimator(network).chosen_.get_xdata()
    assert x == sum(mask.sum() for mask in network.masks_)
    (x,) = PathDisplay.from_estimator(gated).chosen_.get_xdata()
    assert x == gated.n_features_ == 2


def test_the_path_shows_losses_and_their_band(selector):
    display = PathDisplay.from_estimator(selector)
    path = np.sort(selector.path_, order="n_features", kind="stable")
    np.testing.assert_array_equal(display.line_.get_ydata(), path["validation_loss"])
    low, high = display.band_.get_paths()[0].get_extents().intervaly
    assert low == pytest.approx((path["validation_loss"] - path["excess_se"]).min())
    assert high == pytest.approx((path["validation_loss"] + path["excess_se"]).max())


def test_results_of_rfecv_are_shown(rfecv):
    results = rfecv.cv_results_
    display = PathDisplay.from_cv_results(results)
    np.testing.assert_array_equal(display.line_.get_ydata(), results["mean_test_score"])
    assert set(display.chosen_.get_xdata()) == {rfecv.n_features_}
    share = np.mean([np.stack(results[f"split{i}_support"]) for i in range(3)], axis=0)
    np.testing.assert_array_equal(display.support, share)


def test_without_supports_of_the_splits_only_scores_are_drawn():
    results = {
        "n_features": [1, 2, 3],
        "mean_test_score": [0.5, 0.9, 0.9],
        "std_test_score": [0.1, 0.1, 0.1],
    }
    display = PathDisplay.from_cv_results(results)
    assert len(display.axes_) == 1
    assert display.chosen_size == 2  # the fewest columns of the best score


def test_bars_end_where_columns_leave():
    """The last column to leave is on top, and its bar is the longest."""
    data = {**walk(8), "selected": None}
    ax = PathDisplay(**data).plot(kind="columns").ax_
    (mesh,) = ax.collections
    rows = mesh.get_array().reshape(15, -1)[::2]
    edges = mesh.get_coordinates()[0, :, 0]
    ends = [edges[1:][row != 0].max() for row in rows]
    np.testing.assert_allclose(ends, data["penalties"][:-1][::-1])
    assert ax.get_yticklabels()[0].get_text() == "x0"


def test_an_image_shows_the_support(selector):
    display = MaskDisplay.from_estimator(selector, image_shape=(2, 3))
    np.testing.assert_array_equal(
        display.image_.get_array(), selector.support_.reshape(2, 3)
    )


def test_the_first_layer_shows_its_mask(network):
    display = MaskDisplay.from_estimator(network)
    np.testing.assert_array_equal(display.image_.get_array(), network.masks_[0])


def test_scores_are_bars_and_columns_that_never_leave_have_an_arrow():
    fitted = BinMaskSelector(**SMALL, mandatory_features=[4]).fit(
        np.column_stack([X, np.ones(len(X))]), Y
    )
    display = MaskDisplay.from_estimator(fitted)
    widths = {
        label.get_text(): bar.get_width()
        for label, bar in zip(display.ax_.get_yticklabels(), display.bars_, strict=True)
    }
    finite = np.flatnonzero(np.isfinite(fitted.scores_))
    for column in finite:
        assert widths[f"x{column}"] == fitted.scores_[column]
    assert widths["x4"] > max(fitted.scores_[finite])
    assert widths["x6"] == 0.0  # it does not vary
    assert len(display.ax_.lines) == 1


def test_selected_columns_are_named_and_all_are_drawn():
    estimator = stability()
    display = StabilityDisplay.from_estimator(estimator)
    assert {line.get_label() for line in display.lines_} == {"x0", "x1", "x2", "x3"}
    assert len(display.others_.get_segments()) == 16
    np.testing.assert_array_equal(
        display.lines_[0].get_ydata(), estimator.path_["selection_probabilities"][:, 0]
    )
    assert set(display.threshold_line_.get_ydata()) == {0.6}


@pytest.mark.parametrize("x", ["penalties", "sizes"])
def test_a_selector_is_drawn_with_its_point_and_its_threshold(x):
    X, y = easy()
    few = {"n_resamples": 4, "n_members": 2, "random_state": 0}
    selector = StabilitySelector(threshold=0.6, **few).fit(X, y)
    display = StabilityDisplay.from_estimator(selector, x=x)
    assert len(display.lines_) == selector.n_features_
    for line in display.lines_:
        column = int(line.get_label()[1:])
        place = np.flatnonzero(line.get_xdata() == display.chosen_line_.get_xdata()[0])
        share = selector.selection_probabilities_[column]
        assert share in line.get_ydata()[place] and share >= 0.6
    assert display.threshold_line_.get_ydata()[0] == selector.threshold_


def test_lines_can_be_told_apart_without_colours_or_by_colours_alone():
    lines = StabilityDisplay.from_estimator(stability(60, n_selected=30)).lines_
    signs = {(line.get_color(), str(line._dash_pattern)) for line in lines}
    assert len(signs) == len(lines) == 30


def test_training_curves_are_those_of_the_estimator(network):
    display = TrainingDisplay.from_estimator(network)
    np.testing.assert_array_equal(display.line_.get_ydata(), network.loss_curve_)
    np.testing.assert_array_equal(
        display.validation_line_.get_ydata(), -network.validation_scores_
    )


# --- what can be read ---------------------------------------------------------------


def labels_of(display):
    """Draw, and return the boxes of the labels of each axis, and of the figure."""
    display.figure_.canvas.draw()
    axes = getattr(display, "axes_", [display.ax_])
    boxes = []
    for axis in (axis for ax in axes for axis in (ax.xaxis, ax.yaxis)):
        low, high = sorted(axis.get_view_interval())
        shown = [t for t in axis.get_major_ticks() if low <= t.get_loc() <= high]
        boxes.append([tick.label1.get_window_extent() for tick in shown])
    return boxes, display.figure_.bbox


PICTURES = {
    "path": lambda n, names: PathDisplay(**walk(n, names)).plot(),
    "columns": lambda n, names: MaskDisplay(
        selected=np.arange(n) < 3, scores=1.0 / np.arange(1, n + 1), feature_names=names
    ).plot(),
    "prices": lambda n, names: MaskDisplay(
        selected=np.arange(n) < 3,
        scores=0.1 / np.arange(1, n + 1) - 1e-3,
        are_prices=True,
        feature_names=names,
    ).plot(),
    "weights": lambda n, names: MaskDisplay(
        selected=np.arange(n) < 3,
        scores=np.zeros(n),
        weights=np.eye(n, 50),
        feature_names=names,
    ).plot(),
    "stability": lambda n, names: StabilityDisplay.from_estimator(
        stability(n), feature_names=names
    ),
}


@pytest.mark.parametrize("n_columns", [1, 20, 2000])
@pytest.mark.parametrize("picture", PICTURES)
def test_labels_neither_overlap_nor_leave_the_picture(picture, n_columns):
    names = [f"{LONG}{i} of the loan" if i % 3 else f"x{i}" for i in range(n_columns)]
    boxes, figure = labels_of(PICTURES[picture](n_columns, names))
    for labels in boxes:
        assert not any(a.overlaps(b) for a, b in combinations(labels, 2))
        for box in labels:
            assert box.x0 >= figure.x0 and box.x1 <= figure.x1
            assert box.y0 >= figure.y0 and box.y1 <= figure.y1


def test_long_names_stay_apart():
    names = [f"{LONG}{i} of the loan" for i in range(20)]
    ax = PathDisplay(**walk(20, names)).plot(kind="columns").ax_
    assert len({label.get_text() for label in ax.get_yticklabels()}) == 20


@pytest.mark.parametrize(("n_columns", "n_labels"), [(20, 20), (2000, 31)])
def test_all_columns_are_named_where_they_fit_and_else_the_best(n_columns, n_labels):
    ax = PathDisplay(**walk(n_columns)).plot(kind="columns").ax_
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert len(labels) == n_labels
    assert labels[0] == "x0"
    assert (labels[-1] == "and 1,970 more") == (n_columns == 2000)


@pytest.mark.parametrize("penalty", [np.inf, 0.0, -1.0])
def test_a_path_of_one_point_is_drawn(penalty):
    display = PathDisplay(
        sizes=[3], scores=[0.5], support=[[True] * 3], penalties=[penalty]
    )
    boxes, _ = labels_of(display.plot())
    assert len(boxes[-1]) == 3


def test_ties_are_drawn_in_the_order_of_the_table():
    data = {**walk(8), "penalties": np.full(9, 0.1), "selected": None}
    data["support"] = np.ones((9, 8), dtype=bool)
    ax = PathDisplay(**data).plot(kind="columns").ax_
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == [f"x{column}" for column in range(8)]
