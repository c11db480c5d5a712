"""Scorers and splitters of scikit-learn, and the metadata that is theirs.

A scorer is handed a fitted estimator: the selector itself, with the committee of a fold
in the place of its final network. So whatever a scorer may ask of the selector after a
fit (`predict`, `predict_proba`, `decision_function`, `transform`, ``support_``), it may
ask of each point of each fold.
"""

import copy
import inspect
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import get_scorer
from sklearn.model_selection import check_cv
from sklearn.utils import Bunch
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.metaestimators import available_if

from .._encoding import target_array
from .._engine.problem import PointRecord
from .._path.folds import Split
from .._sklearn import (
    _check_method_params,
    _manual_routing,
    _num_samples,
    _raise_for_params,
    _routing_enabled,
)
from ..exceptions import ParameterError
from .base import publish
from .predicting import NetworkPredictions, has_network
from .road import Ask
from .rows import Rows, is_frame

__all__ = ["CrossValidated", "FoldScorer", "route", "split_rows"]


class CrossValidated(NetworkPredictions):
    """Methods of an estimator with a splitter and a scorer."""

    cv: Any
    scoring: Any

    @available_if(has_network)
    def score(
        self, X: Any, y: Any, sample_weight: Any = None, **score_params: Any
    ) -> float:
        """Score the predictions by `scoring`; by accuracy, or R2, if it is None.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            A table with all the columns of the one fitted.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            True classes, labels or numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        **score_params : dict
            What else the scorer takes. Only with
            ``sklearn.set_config(enable_metadata_routing=True)``.

        Returns
        -------
        score : float
            Larger is better.
        """
        if self.scoring is None:
            _raise_for_params(score_params, self, "score")
            return super().score(X, y, sample_weight)
        routed = route(self, "score", {"sample_weight": sample_weight, **score_params})
        scorer = get_scorer(self.scoring)
        return float(scorer(_of_known_task(self), X, y, **routed.scorer.score))

    def get_metadata_routing(self) -> MetadataRouter:
        """Say to whom metadata goes.

        Returns
        -------
        router : sklearn.utils.metadata_routing.MetadataRouter
            To the selector itself, the splitter and the scorer.
        """
        router = MetadataRouter(owner=self).add_self_request(self)
        router.add(
            # a list of folds that is read but once is not to be read here
            splitter=check_cv(self.cv if hasattr(self.cv, "split") else None),
            method_mapping=MethodMapping().add(caller="fit", callee="split"),
        )
        if self.scoring is not None:
            router.add(
                scorer=get_scorer(self.scoring),
                method_mapping=MethodMapping()
                .add(caller="fit", callee="score")
                .add(caller="score", callee="score"),
            )
        return router


def route(estimator: CrossValidated, method: str, params: dict[str, Any]) -> Bunch:
    """Part metadata between splitter and scorer.

    Parameters
    ----------
    estimator : CrossValidated
        Which was given the metadata.
    method : str
        "fit" or "score".
    params : dict
        ``groups``, ``sample_weight``, and others if scikit-learn routes metadata.

    Returns
    -------
    routed : Bunch
        ``splitter.split`` and ``scorer.score``, keyword arguments of both.
    """
    _raise_for_params(params, estimator, method, allow=["groups", "sample_weight"])
    given = {name: value for name, value in params.items() if value is not None}
    if _routing_enabled():
        routed = process_routing(estimator, method, **given)
        if estimator.scoring is None:
            routed["scorer"] = Bunch(score={})
        return routed
    for_split = {name: given[name] for name in ("groups",) if name in given}
    for_score = {}
    if "sample_weight" in given and _takes_weights(estimator.scoring):
        for_score["sample_weight"] = given["sample_weight"]
    routing = {"splitter": {"split": for_split}, "scorer": {"score": for_score}}
    return _manual_routing(routing)


def _takes_weights(scoring: Any) -> bool:
    """Tell whether a scorer knows of weights of rows."""
    if scoring is None:
        return False
    scorer = get_scorer(scoring)
    function = getattr(scorer, "_score_func", scorer)
    return "sample_weight" in inspect.signature(function).parameters


def _of_known_task(estimator: Any) -> Any:
    """Copy a fitted selector so that its tags say what it predicts."""
    known = copy.copy(estimator)
    known.task, known.refit = estimator.task_, True
    return known


def split_rows(
    cv: Any, X: Any, y: Any, rows: Rows, ask: Ask, params: dict[str, Any]
) -> list[Split]:
    """Ask a splitter for the folds.

    A number of folds speaks of the rows in use. A splitter, or a list of rows, speaks
    of the rows as they were given; those of zero weight are taken out afterwards.

    Parameters
    ----------
    cv : int, splitter, iterable or None
        As the user gave it.
    X, y : object
        As the user gave them.
    rows : Rows
        Those in use.
    ask : Ask
        With the encoded target.
    params : dict
        Metadata for the splitter.

    Returns
    -------
    splits : list of Split
        Numbers of rows in use.
    """
    by_number = cv is None or isinstance(cv, int | np.integer)
    if by_number:
        # classes as numbers: scikit-learn knows fewer kinds of y than we do
        y = ask.encoded.contents.strata
        is_class = ask.encoded.target.kind in ("binary", "multiclass")
        splitter = check_cv(cv, y if is_class else None, classifier=is_class)
        if rows.kept is not None:
            params = _check_method_params(X, params, rows.kept)
        places = np.arange(len(y))
    else:
        splitter = check_cv(cv)
        n_given = _num_samples(X)
        places = np.arange(n_given)
        if rows.kept is not None:
            places = np.full(n_given, -1)
            places[rows.kept] = np.arange(len(rows.kept))
    splits = []
    for train, test in splitter.split(y if by_number else X, y, **params):
        try:
            a, b = places[train], places[test]
        except IndexError as error:
            raise ParameterError.of(
                "cv",
                cv,
                f"folds of numbers of rows, from 0 to {len(places) - 1} ({error})",
                "KFold(5)",
            ) from error
        splits.append((a[a >= 0], b[b >= 0]))
    _refuse_empty(cv, splits)
    return splits


def _refuse_empty(cv: Any, splits: list[Split]) -> None:
    """Refuse folds that leave nothing to train on or to be tested on."""
    if not splits:
        raise ParameterError.of("cv", cv, "at least one fold", "5")
    for number, (train, test) in enumerate(splits):
        if len(train) < 2 or len(test) < 1:
            raise ParameterError.of(
                "cv",
                cv,
                "such that each fold has 2 rows of positive weight to train on and 1 "
                f"to be tested on (fold {number} has {len(train)} and {len(test)})",
                "fewer folds",
            )


class FoldScorer:
    """Hands the committees of folds to a scorer.

    Parameters
    ----------
    estimator : ColumnSelector
        The selector that is being fitted; it stays as it is.
    X : array-like or data frame
        As the user gave it.
    rows : Rows
        Those in use.
    ask : Ask
        With the encoded rows.
    params : dict
        Metadata for the scorer.
    """

    def __init__(
        self, estimator: Any, X: Any, rows: Rows, ask: Ask, params: dict[str, Any]
    ) -> None:
        self._scorer = get_scorer(estimator.scoring)
        self._estimator, self._X, self._rows = estimator, X, rows
        self._y = target_array(rows.y)
        self._encoded, self._params = ask.encoded, params
        target = ask.encoded.target
        self._attributes = {
            **rows.seen,
            "_fitted_on_frame": is_frame(X),
            "task_": target.task,
            "input_to_outputs_": list(ask.encoded.encoding.input_to_outputs),
            "input_kinds_": ask.encoded.encoding.input_kinds,
        }
        if target.classes is not None:
            self._attributes["classes_"] = target.classes

    def score(
        self,
        point: PointRecord,
        run: int,
        support: NDArray[np.bool_],
        test: NDArray[np.intp],
    ) -> float:
        """Score a committee on some columns by the rows of a fold.

        Parameters
        ----------
        point : PointRecord
            Of a path.
        run : int
            Whose committee is meant.
        support : ndarray of bool of shape (n_columns,)
            Its columns.
        test : ndarray of int
            Rows to be predicted.

        Returns
        -------
        score : float
            As the scorer says; NaN if that is infinite, as it cannot be averaged. NaN
            too if there is no column, for a function of the user's own, which might not
            be ready for that; what `make_scorer` makes asks for predictions alone.
        """
        if not support.any() and not hasattr(self._scorer, "_score_func"):
            return np.nan
        fitted = self._encoded.at_point(point, run, support)
        candidate = copy.copy(self._estimator)
        attributes = {"support_": support, "n_features_": int(support.sum())}
        publish(candidate, {**self._attributes, **attributes, "estimator_": fitted})
        X, y = self._rows.table(test), self._y[test]
        given = test if self._rows.kept is None else self._rows.kept[test]
        params = _check_method_params(self._X, self._params, given)
        score = self._scorer(_of_known_task(candidate), X, y, **params)
        if not isinstance(score, Real):
            raise ParameterError.of(
                "scoring",
                self._estimator.scoring,
                f"a scorer that returns one number (it returned {score!r})",
                "a name of sklearn.metrics.get_scorer_names()",
            )
        number = float(score)
        return number if np.isfinite(number) else np.nan
