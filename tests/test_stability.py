"""What a user is promised of `StabilitySelector`."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from planted import easy, friedman, noise
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_binmask import StabilitySelector
from sklearn_binmask.exceptions import ParameterError

FEW = {
    "n_resamples": 8,
    "n_members": 2,
    "hidden_layer_sizes": (4,),
    "random_state": 0,
}
X, Y = easy(300)
CONSTANT = X * [1, 1, 0, 1, 1, 1]
PUBLISHED = ("support_", "selection_probabilities_", "scores_", "ranking_", "path_")
no_columns = pytest.mark.filterwarnings("ignore:No features were selected:UserWarning")


def fit(X=X, y=Y, groups=None, sample_weight=None, **params):
    selector = StabilitySelector(**(FEW | params))
    return selector.fit(X, y, sample_weight=sample_weight, groups=groups)


def assert_same(selector, other):
    for name in PUBLISHED:
        assert_array_equal(getattr(selector, name), getattr(other, name))


# --- what is selected ---------------------------------------------------------------


def test_planted_columns_are_selected_and_others_are_not(any_seed):
    X, true, y = friedman(any_seed, 400, 40)
    selector = StabilitySelector(random_state=any_seed).fit(X, y)
    assert_array_equal(selector.get_support(indices=True), true)
    assert selector.expected_false_ <= 0.1 * len(true)


def test_noise_gives_no_column(any_seed):
    X, y = noise(any_seed, 300, 30)
    selector = StabilitySelector(random_state=any_seed, n_resamples=30).fit(X, y)
    assert not selector.support_.any() and selector.n_features_ == 0
    assert selector.threshold_ == np.inf and selector.expected_false_ == 0.0
    with pytest.warns(UserWarning, match="No features were selected"):
        assert selector.transform(X).shape == (300, 0)


def test_probabilities_of_two_seeds_agree():
    X, _, y = friedman(0, 400, 40)
    runs = [
        StabilitySelector(random_state=seed, n_resamples=30).fit(X, y)
        for seed in (1, 2)
    ]
    one, other = (run.selection_probabilities_ for run in runs)
    assert np.corrcoef(one, other)[0, 1] > 0.95


@pytest.mark.parametrize("threshold", [0.51, 0.7, 1.0])
def test_a_given_threshold_is_compared_with_the_probabilities(threshold):
    selector = fit(threshold=threshold)
    assert selector.threshold_ == threshold
    assert_array_equal(
        selector.support_, selector.selection_probabilities_ >= threshold - 1e-9
    )


def test_a_looser_promise_selects_no_fewer_columns():
    numbers = [fit(max_false=most).n_features_ for most in (1e-6, 0.1, 3.0, 100.0)]
    assert numbers == sorted(numbers) and numbers[0] < numbers[-1]


@pytest.mark.parametrize("promise", [{"fdr": 0.3}, {"max_false": 1.0}])
def test_the_bound_is_under_what_was_promised(promise):
    selector = fit(**promise)
    most = promise.get("max_false", 0.3 * selector.n_features_)
    assert 0 < selector.expected_false_ <= most


def test_probabilities_are_shares_of_the_resamples():
    selector = fit()
    assert selector.n_resamples_ == 8
    shares = selector.path_["selection_probabilities"]
    assert_allclose(shares * 8, np.round(shares * 8), atol=1e-12)
    assert_array_equal(shares[0], 1.0)
    assert_array_equal(shares[-1], 0.0)
    assert_array_equal(selector.selection_probabilities_, shares[selector.point_])
    assert selector.point_ >= selector.path_["validation_loss"].argmin()
    assert_allclose(selector.path_["n_features"], shares.sum(axis=1))


def test_ranks_fall_with_the_probability():
    selector = fit(threshold=0.9)
    ranks, shares = selector.ranking_, selector.selection_probabilities_
    assert_array_equal(ranks == 1, selector.support_)
    late = np.argsort(ranks[~selector.support_])
    assert (np.diff(shares[~selector.support_][late]) <= 0).all()
    assert_array_equal(np.sort(ranks[ranks > 1]), np.arange(2, 2 + (ranks > 1).sum()))


# --- columns ------------------------------------------------------------------------


def test_a_column_that_does_not_vary_is_never_selected():
    selector = fit(CONSTANT, threshold=0.6)
    assert selector.selection_probabilities_[2] == 0 and not selector.support_[2]
    assert selector.scores_[2] == -np.inf
    assert selector.ranking_[2] == selector.ranking_.max()


def test_mandatory_columns_stay_and_groups_stay_together():
    selector = fit(mandatory_features=[4], feature_groups=[[0, 5]], threshold=0.6)
    shares = selector.selection_probabilities_
    assert selector.support_[4] and shares[4] == 1 and selector.scores_[4] == np.inf
    assert shares[0] == shares[5] and selector.support_[0] == selector.support_[5]
    assert selector.ranking_[0] == selector.ranking_[5]


@no_columns
def test_the_order_of_the_columns_is_of_no_matter():
    order = np.random.default_rng(0).permutation(X.shape[1])
    one, other = fit(), fit(X[:, order])
    assert_allclose(
        one.selection_probabilities_[order], other.selection_probabilities_, atol=0.26
    )
    assert_array_equal(one.support_[order], other.support_)


def test_frames_with_all_kinds_of_columns():
    table = pd.DataFrame(X.copy(), columns=list("abcdef"))
    table["level"] = pd.Categorical(np.where(X[:, 0] > 0, "high", "low"))
    table["text"] = np.where(X[:, 2] > 0, "up", "down")
    table.loc[::9, "b"] = np.nan
    selector = fit(table, threshold=0.6)
    chosen = selector.transform(table)
    assert list(chosen.columns) == list(selector.get_feature_names_out())
    pd.testing.assert_frame_equal(chosen, table[chosen.columns])
    report = selector.report()
    assert_array_equal(
        report["selection_probability"], selector.selection_probabilities_
    )


@no_columns
def test_a_frame_of_no_columns_keeps_its_rows():
    X, y = noise(0, 60, 4)
    table = pd.DataFrame(X, columns=list("abcd"), index=range(100, 160))
    chosen = fit(table, y, fdr=1e-6).transform(table)
    assert chosen.shape == (60, 0) and chosen.index.equals(table.index)
    polars = pytest.importorskip("polars")
    table = polars.DataFrame(X, schema=list("abcd"))
    assert fit(table, y, fdr=1e-6).transform(table).width == 0


# --- rows ---------------------------------------------------------------------------


def test_groups_stay_on_one_side():
    """Rows of a group are copies; apart, they would tell the noise of each other."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 20)), rng.integers(0, 2, 60)
    groups = np.repeat(np.arange(60), 6)
    many_X = X[groups] + 0.01 * rng.normal(size=(360, 20))
    together = fit(many_X, y[groups], groups=groups, n_resamples=20, threshold=0.6)
    apart = fit(many_X, y[groups], n_resamples=20, threshold=0.6)
    losses = [run.path_["validation_loss"][0] for run in (together, apart)]
    # what was learned of a copy is worth much, what was learned of others next to none
    assert losses[0] > np.log(2) - 0.03 > np.log(2) - 0.1 > losses[1]


@pytest.mark.parametrize("resampling", ["halves", "bootstrap"])
def test_both_ways_to_resample_find_what_is_plain(resampling):
    selector = fit(resampling=resampling, n_resamples=20, threshold=0.9)
    assert selector.support_[:2].all()


def test_rows_of_weight_zero_are_left_out():
    weights = np.r_[np.ones(200), np.zeros(100)]
    groups = np.arange(300) // 2
    assert_same(
        fit(sample_weight=weights, groups=groups),
        fit(X[:200], Y[:200], sample_weight=np.ones(200), groups=groups[:200]),
    )


@pytest.mark.parametrize("kind", ["numbers", "classes", "labels", "many numbers"])
def test_every_kind_of_target(kind):
    rng = np.random.default_rng(0)
    signal = 2 * X[:, 0] + X[:, 1]
    y = {
        "numbers": signal,
        "classes": np.digitize(signal, [-1, 1]),
        "labels": np.column_stack([signal > 0, X[:, 0] > 0]).astype(int),
        "many numbers": np.column_stack([signal, X[:, 0] + rng.normal(size=300)]),
    }[kind]
    selector = fit(y=y, n_resamples=20, threshold=0.9)
    assert selector.support_[0] and selector.n_features_ < 6


# --- scikit-learn around it ---------------------------------------------------------


def test_the_same_seed_gives_the_same_and_jobs_change_nothing():
    assert_same(fit(), fit())
    assert_same(fit(n_resamples=26), fit(n_resamples=26, n_jobs=2))


def test_it_works_in_pipelines_and_searches():
    model = make_pipeline(StabilitySelector(**FEW), LogisticRegression())
    assert cross_val_score(model, X, Y, cv=3).mean() > 0.8
    grid = {"stabilityselector__threshold": [0.6, 0.9]}
    assert GridSearchCV(model, grid, cv=2).fit(X, Y).best_score_ > 0.8


def test_groups_are_routed(monkeypatch):
    import sklearn

    groups = np.arange(300) // 3
    with sklearn.config_context(enable_metadata_routing=True):
        selector = StabilitySelector(**FEW).set_fit_request(groups=True)
        model = make_pipeline(selector, LogisticRegression())
        scores = cross_val_score(
            model, X, Y, cv=GroupKFold(3), params={"groups": groups}
        )
    assert scores.mean() > 0.8


def test_a_pickle_is_the_same_selector():
    selector = fit()
    assert_same(selector, pickle.loads(pickle.dumps(selector)))


def test_it_has_nothing_to_predict_with():
    assert not hasattr(fit(), "predict")


class StopAfter:
    """Asks to stop after some batches."""

    def __init__(self, n_batches):
        self.left = n_batches

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.left -= 1
        return self.left == 0


def test_a_callback_can_end_it_between_batches():
    whole = StabilitySelector(**(FEW | {"n_resamples": 40}))
    stopped = whole.set_callbacks(StopAfter(1)).fit(X, Y)
    assert 2 <= stopped.n_resamples_ < 40 and stopped.n_resamples_ % 2 == 0
    assert stopped.support_[0]


# --- refusals -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"threshold": 0.6, "fdr": 0.1}, "threshold=0.6 and fdr=0.1 each say"),
        ({"max_false": 1.0, "fdr": 0.1}, "max_false=1.0 and fdr=0.1 each say"),
        ({"n_resamples": 7}, "n_resamples=7 is not allowed: it must be even"),
        (
            {"task": "regression", "class_weight": "balanced"},
            "class_weight='balanced' has no meaning",
        ),
    ],
)
def test_contradictions_are_refused_in_words(params, words):
    with pytest.raises(ParameterError, match=words):
        fit(**params)


def test_groups_that_cannot_serve_are_refused():
    with pytest.raises(ParameterError, match="groups has one label only"):
        fit(groups=np.zeros(300))
    with pytest.raises(ValueError, match=r"groups has shape \(299,\), but X has 300"):
        fit(groups=np.zeros(299))


def test_a_failed_fit_leaves_the_old_selection():
    selector = fit()
    before = dict(vars(selector))
    with pytest.raises(ValueError):
        selector.fit(X, Y, groups=np.zeros(300))
    assert vars(selector) == before
