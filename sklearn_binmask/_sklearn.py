"""The only door to private and experimental names of scikit-learn.

The names re-exported here have no promise of stability upstream: when one moves, this
file is the one to change, and a test forbids the others to import it directly.

Progress
--------
A fit is a tree of tasks to the callbacks of ``sklearn.callback`` (`ProgressBar`,
`ScoringMonitor`, or the user's own): the fit itself is the root, each of its steps is
a leaf. A step is a point of the path or an epoch, never a batch, whose cost would be
smaller than that of the call. `FitProgress` keeps the tree; results never depend on
it, except that a callback may ask the fit to stop.

``verbose`` of an estimator is a callback too, one that `FitProgress` adds for the
length of the fit. To a meta-estimator it would be out of place (bars belong on the
outermost estimator), so it draws the tree of this one fit, wherever that fit stands.
"""

import warnings
from collections.abc import Callable, Mapping
from queue import Queue
from typing import Any, Self

from sklearn.base import BaseEstimator, _fit_context
from sklearn.callback import CallbackContext, CallbackSupportMixin, ProgressBar
from sklearn.callback._progressbar import RichProgressMonitor
from sklearn.utils import _safe_indexing
from sklearn.utils._metadata_requests import (
    UNUSED,
    _manual_routing,
    _raise_for_params,
    _routing_enabled,
)
from sklearn.utils._param_validation import (
    HasMethods,
    Hidden,
    Interval,
    InvalidParameterError,
    Options,
    RealNotInt,
    StrOptions,
    validate_parameter_constraints,
)
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import (
    _check_feature_names_in,
    _check_method_params,
    _check_sample_weight,
    _num_samples,
)

__all__ = [
    "Attributes",
    "CallbackSupportMixin",
    "FitProgress",
    "HasMethods",
    "Hidden",
    "Interval",
    "InvalidParameterError",
    "Options",
    "RealNotInt",
    "StrOptions",
    "UNUSED",
    "_check_method_params",
    "_check_sample_weight",
    "_fit_context",
    "_manual_routing",
    "_num_samples",
    "_raise_for_params",
    "_routing_enabled",
    "_check_feature_names_in",
    "_get_output_config",
    "_safe_indexing",
    "validate_parameter_constraints",
]

# What a fit would have left behind had it ended here; called only if a callback asks.
Attributes = Callable[[], Mapping[str, Any]]


class FitProgress:
    """Reports the steps of one fit to the callbacks of its estimator.

    Without callbacks every method returns at once. Where the estimator has a
    ``verbose`` above 0 and no bar yet, one is among them. The estimator inherits from
    `CallbackSupportMixin`, and its ``fit`` wears `_fit_context`, which tears callbacks
    down whether the fit ends well or not.

    A step is open from `start`, or from the end of the step before, until `step` ends
    it; what follows the last one (choosing, refitting) runs in the step still open and
    is closed by `finish`.

    Parameters
    ----------
    estimator : BaseEstimator
        The estimator being fitted.
    data : mapping
        ``X``, ``y`` and ``metadata`` as given to ``fit``, for the callbacks.
    max_steps : int or None
        Most steps that the fit can take, None if unknown. Steps beyond are not
        reported.
    step_name : str
        What the callbacks call a step.

    Examples
    --------
    >>> from sklearn.base import BaseEstimator
    >>> class Patient(CallbackSupportMixin, BaseEstimator):
    ...     _parameter_constraints: dict = {}
    ...
    ...     @_fit_context(prefer_skip_nested_validation=True)
    ...     def fit(self, X, y=None):
    ...         progress = FitProgress.start(self, X, y, max_steps=3)
    ...         steps = 0
    ...         for _ in range(3):
    ...             steps += 1
    ...             if progress.step():
    ...                 break
    ...         progress.finish(lambda: {"n_iter_": steps})
    ...         self.n_iter_ = steps
    ...         return self
    >>> Patient().fit([[0.0]]).n_iter_
    3
    """

    def __init__(
        self,
        estimator: BaseEstimator,
        data: Mapping[str, Any],
        max_steps: int | None,
        step_name: str,
    ) -> None:
        self._estimator = estimator
        self._data = data
        self._step_name = step_name
        self._root: CallbackContext | None = None
        self._open_step: CallbackContext | None = None
        self._steps_left = float("inf") if max_steps is None else max_steps
        callbacks = [*getattr(estimator, "_skl_callbacks", []), *_own_bar(estimator)]
        if callbacks:
            self._root = _root_task(estimator, callbacks, max_steps)
            self._begin(self._root)
            self._open_next()

    @classmethod
    def start(
        cls,
        estimator: BaseEstimator,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        max_steps: int | None,
        step_name: str = "path point",
    ) -> Self:
        """Set the callbacks up and open the first step."""
        metadata = {} if sample_weight is None else {"sample_weight": sample_weight}
        data = {"X": X, "y": y, "metadata": metadata}
        return cls(estimator, data, max_steps, step_name)

    def step(self, attributes: Attributes | None = None) -> bool:
        """End the open step and open the next; True if a callback asks to stop.

        With `attributes`, callbacks that score see a fitted estimator; without, they
        pass this step over.
        """
        if self._open_step is None:
            return False
        stop = self._end(self._open_step, attributes)
        self._open_step = None
        if not stop:
            self._open_next()
        return stop

    def finish(self, attributes: Attributes) -> None:
        """End the fit. To be called before anything is written on the estimator.

        A callback that fails here then leaves the estimator as it was.
        """
        if self._open_step is not None:
            self._end(self._open_step, None)
            self._open_step = None
        if self._root is not None:
            self._end(self._root, attributes)

    def _open_next(self) -> None:
        """Open a step, unless as many as announced have been."""
        if self._root is None or self._steps_left <= 0:
            return
        self._steps_left -= 1
        self._open_step = self._root.subcontext(task_name=self._step_name)
        self._begin(self._open_step)

    def _begin(self, task: CallbackContext) -> None:
        task.call_on_fit_task_begin(estimator=self._estimator, **self._data)

    def _end(self, task: CallbackContext, attributes: Attributes | None) -> bool:
        return task.call_on_fit_task_end(
            estimator=self._estimator,
            reconstruction_attributes=attributes,
            **self._data,
        )


def _root_task(
    estimator: BaseEstimator, callbacks: list[Any], max_steps: int | None
) -> CallbackContext:
    """Set callbacks up for one fit; the estimator keeps those of the user alone."""
    given = vars(estimator).get("_skl_callbacks")
    estimator._skl_callbacks = callbacks
    try:
        return estimator._init_callback_context(max_subtasks=max_steps)
    finally:
        if given is None:
            del estimator._skl_callbacks
        else:
            estimator._skl_callbacks = given


def _own_bar(estimator: BaseEstimator) -> list["OwnBar"]:
    """Make the bar that ``verbose`` asks for, unless there is one already."""
    callbacks = getattr(estimator, "_skl_callbacks", [])
    if not getattr(estimator, "verbose", 0):
        return []
    if any(isinstance(callback, ProgressBar) for callback in callbacks):
        return []
    try:
        import rich  # noqa: F401
    except ImportError:
        warnings.warn(
            f"verbose={estimator.verbose!r} shows a progress bar with rich, which is "
            "not installed; the fit goes on without it. Try: pip install "
            "'sklearn-binmask[progress]', or verbose=0.",
            stacklevel=2,
        )
        return []
    return [OwnBar()]


class OwnBar:
    """The display of scikit-learn's `ProgressBar` for one fit, wherever it stands.

    `ProgressBar` itself is handed down from the outermost estimator, and refused by
    meta-estimators when it is set on one inside. This one shows the fit as the root of
    a tree of its own, and so is at home in a grid search that knows nothing of it. It
    opens no line to other processes, whose thread `ProgressBar` leaves behind.
    """

    def setup(self, estimator: BaseEstimator, context: CallbackContext) -> None:
        """Start the display."""
        self._top = context
        self._queue: Queue = Queue()
        self._monitor = RichProgressMonitor(queue=self._queue)
        self._monitor.start()

    def on_fit_task_begin(
        self, estimator: BaseEstimator, context: CallbackContext
    ) -> None:
        """Add a bar for a task that has steps."""
        if context is self._top or context.max_subtasks != 0:
            self._queue.put(
                {
                    "event": "begin",
                    "path": self._path(context),
                    "task_name": context.task_name,
                    "task_id": context.task_id,
                    "max_subtasks": context.max_subtasks,
                    "estimator_name": context.estimator_name,
                    "source_estimator_name": None,
                    "source_task_name": None,
                }
            )

    def on_fit_task_end(
        self, estimator: BaseEstimator, context: CallbackContext
    ) -> None:
        """Move the bars on."""
        self._queue.put({"event": "end", "path": self._path(context)})

    def teardown(self, estimator: BaseEstimator, context: CallbackContext) -> None:
        """End the display."""
        self._queue.put(None)
        self._monitor.join()

    def _path(self, context: CallbackContext) -> list[int]:
        """Name a task by its place under the fit."""
        if context is self._top:
            return [0]
        return [*self._path(context.parent), context.task_id]
