"""A fit reports its steps to scikit-learn's callbacks, and nothing hangs on them."""

import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_binmask._sklearn import CallbackSupportMixin, FitProgress, _fit_context

X, Y = [[-2.0], [-1.0], [1.0], [2.0]] * 4, [0, 0, 1, 1] * 4


class Stepper(CallbackSupportMixin, ClassifierMixin, BaseEstimator):
    """Takes `n_steps` steps, of at most `announced`; its scores grow with each."""

    _parameter_constraints: dict = {}

    def __init__(self, n_steps=3, announced=5, fails_at=None):
        self.n_steps = n_steps
        self.announced = announced
        self.fails_at = fails_at

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        progress = FitProgress.start(self, X, y, max_steps=self.announced)
        attributes = {}
        for step in range(self.n_steps):
            if step == self.fails_at:
                raise RuntimeError("planted")
            attributes = {"n_iter_": step + 1, "classes_": [0, 1]}
            if progress.step(attributes.copy):
                break
        progress.finish(attributes.copy)
        vars(self).update(attributes)
        return self

    def predict(self, X):
        return [int(x > 0 and self.n_iter_ > 1) for (x,) in X]


class Recorder:
    """Writes down what it is told, and asks to stop after `stop_after` steps."""

    def __init__(self, stop_after=None, fails_at_root=False):
        self.told = []
        self.stop_after = stop_after
        self.fails_at_root = fails_at_root

    def setup(self, estimator, context):
        self.told.append("setup")

    def teardown(self, estimator, context):
        self.told.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.told.append(("begin", context.task_name, context.task_id))

    def on_fit_task_end(self, estimator, context):
        self.told.append(("end", context.task_name, context.task_id))
        if context.parent is None and self.fails_at_root:
            raise RuntimeError("planted")
        return context.parent is not None and context.task_id + 1 == self.stop_after

    def ended(self):
        return [task for task in self.told if task[:2] == ("end", "path point")]


def test_tasks_open_and_close_in_order():
    recorder = Recorder()
    Stepper(n_steps=1).set_callbacks(recorder).fit(X, Y)
    assert recorder.told == [
        "setup",
        ("begin", "fit", 0),
        ("begin", "path point", 0),
        ("end", "path point", 0),
        ("begin", "path point", 1),  # choosing and refitting
        ("end", "path point", 1),
        ("end", "fit", 0),
        "teardown",
    ]


@pytest.mark.parametrize(("n_steps", "announced"), [(3, 3), (3, None), (7, 3), (2, 9)])
def test_callbacks_change_nothing(n_steps, announced):
    """Also when the fit takes more steps than it announced, or fewer."""
    plain = Stepper(n_steps, announced).fit(X, Y)
    watched = Stepper(n_steps, announced).set_callbacks(Recorder()).fit(X, Y)
    assert watched.n_iter_ == plain.n_iter_ == n_steps
    assert set(vars(watched)) - set(vars(plain)) == {"_skl_callbacks"}


def test_a_callback_can_stop_the_fit():
    recorder = Recorder(stop_after=2)
    assert Stepper(n_steps=5).set_callbacks(recorder).fit(X, Y).n_iter_ == 2
    assert len(recorder.ended()) == 2


def test_a_failing_fit_tears_callbacks_down():
    recorder = Recorder()
    estimator = Stepper(fails_at=1).set_callbacks(recorder)
    with pytest.raises(RuntimeError, match="planted"):
        estimator.fit(X, Y)
    assert recorder.told[-1] == "teardown"
    assert set(vars(estimator)) == {*estimator.get_params(), "_skl_callbacks"}


def test_a_failing_callback_leaves_the_estimator_unfitted():
    estimator = Stepper().set_callbacks(Recorder(fails_at_root=True))
    with pytest.raises(RuntimeError, match="planted"):
        estimator.fit(X, Y)
    assert not hasattr(estimator, "n_iter_")


def test_steps_are_scored_through_a_grid_search_with_bars(capsys):
    monitor = ScoringMonitor(scoring="accuracy")
    pipeline = make_pipeline(StandardScaler(), Stepper().set_callbacks(monitor))
    search = GridSearchCV(pipeline, {"stepper__n_steps": [2, 3]}, cv=2)
    search.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(X, Y)
    scores = [
        (row["task_id_path"][-1], row["accuracy"])
        for row in monitor.get_logs().data
        if row["task_name"] == "path point"
    ]
    # Two candidates on two splits, and the refit: one step predicts a half, two all.
    assert set(scores) == {(0, 0.5), (1, 1.0), (2, 1.0)}
    assert len(scores) == 2 * (2 + 3) + search.best_params_["stepper__n_steps"]
    assert "Stepper - fit" in capsys.readouterr().out
