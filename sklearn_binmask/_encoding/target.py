"""A target as numbers to train on, and what is needed to speak of it again.

Classes become 0/1 columns, numbers are standardized; one record holds the way back.
"""

from collections.abc import Mapping
from decimal import Decimal
from numbers import Real
from typing import Any, Protocol

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import assert_all_finite, check_array, column_or_1d
from sklearn.utils.multiclass import type_of_target

from ..exceptions import ParameterError
from .moments import center_and_scale, power_of_two_unit
from .schema import Target

Floats = NDArray[np.float64]

TASKS = ("auto", "classification", "regression")
# What scikit-learn calls a target, and the task it stands for.
TASK_OF_TYPE = {
    "binary": "classification",
    "multiclass": "classification",
    "multilabel-indicator": "classification",
    "continuous": "regression",
    "continuous-multioutput": "regression",
}
# Deviations beyond which the square of a number cannot be trained on in float32.
_FAR = 1e12


def encode_target(
    y: Any,
    *,
    task: str = "auto",
    class_weight: Any = None,
    sample_weight: ArrayLike | None = None,
) -> Target:
    """Encode a target.

    Parameters
    ----------
    y : array-like, series or data frame of shape (n_rows,) or (n_rows, n_outputs)
        Classes, 0/1 labels or numbers, none of them missing.
    task : {"auto", "classification", "regression"}, default="auto"
        "auto" asks `sklearn.utils.multiclass.type_of_target`.
    class_weight : None, "balanced", dict or list of dict, default=None
        Weight of each class; one dict per label for multi-label targets.
    sample_weight : array-like of shape (n_rows,), default=None
        Positive weights of the rows.

    Returns
    -------
    target : Target
        Plain numpy.

    Examples
    --------
    >>> from sklearn_binmask._encoding import encode_target
    >>> target = encode_target(["no", "yes", "yes"])
    >>> target.kind, target.classes.tolist(), target.values.ravel().tolist()
    ('binary', ['no', 'yes'], [0.0, 1.0, 1.0])
    """
    if task not in TASKS:
        raise ParameterError.of("task", task, f"one of {TASKS}", "the default, 'auto'")
    values = target_array(y)
    weights = np.ones(len(values))
    if sample_weight is not None:
        weights = np.asarray(sample_weight, dtype=np.float64)
    if task == "regression":
        return _encode_numbers(values, class_weight, weights)
    with np.errstate(invalid="ignore"):  # it tries huge numbers as integers
        kind = type_of_target(values, input_name="y")
    if kind == "multiclass-multioutput":
        raise ValueError(
            f"y has {values.shape[1]} columns of classes (multiclass-multioutput), "
            "which is not supported: fit one column at a time, make them 0/1 labels, "
            "or pass task='regression' if they are numbers."
        )
    if kind not in TASK_OF_TYPE:
        raise ValueError(
            f"Unknown label type: {kind}. y must hold classes (all text, all integers "
            "or all booleans), 0/1 labels or numbers."
        )
    if TASK_OF_TYPE[kind] == "regression":
        if task == "classification":
            raise ValueError(
                f"Unknown label type: {kind}. Classification needs discrete classes, "
                f"but y holds fractions such as {_first_fraction(values)}. Try a "
                "regressor (task='regression'), or cut y into classes."
            )
        return _encode_numbers(values, class_weight, weights)
    if kind == "multilabel-indicator":
        return _encode_labels(values, class_weight, weights)
    return _encode_classes(values, class_weight, weights)


class KnownTarget(Protocol):
    """What is left of a target once its rows are gone."""

    @property
    def kind(self) -> str: ...

    @property
    def classes(self) -> NDArray | None: ...

    @property
    def center(self) -> Floats | None: ...

    @property
    def scale(self) -> Floats | None: ...


def encode_like(y: Any, known: KnownTarget) -> Floats:
    """Encode further rows of a target that is known.

    Parameters
    ----------
    y : array-like, series or data frame of shape (n_rows,) or (n_rows, n_outputs)
        Classes, labels or numbers.
    known : Target or other record with its fields
        Of the rows first encoded.

    Returns
    -------
    values : ndarray of shape (n_rows, n_outputs)
        As in ``Target.values``.
    """
    values = target_array(y)
    if known.kind in ("regression", "multilabel"):
        table = values.reshape(len(values), -1)
        heads = known.center if known.kind == "regression" else known.classes
        assert heads is not None
        if values.dtype.kind not in "biuf" or table.shape[1] != len(heads):
            raise ValueError(
                f"y must hold {len(heads)} column(s) of numbers, as before, but has "
                f"{table.shape[1]} of dtype {values.dtype}."
            )
        table = table.astype(np.float64)
        if known.kind == "multilabel":
            if not np.isin(table, [0, 1]).all():
                raise ValueError(
                    "A multi-label y must hold 0 and 1, got "
                    f"{np.unique(table).tolist()}; recode it."
                )
            return table
        assert known.center is not None and known.scale is not None
        with np.errstate(over="ignore"):  # refused below
            standardized = (table - known.center) / known.scale
        if not (np.abs(standardized) < _FAR).all():
            raise ValueError(
                f"y holds {table.flat[np.abs(standardized).argmax()]}, which is more "
                f"than {_FAR:.0e} deviations away from the rows learned from. Leave "
                "such rows out, or fit anew."
            )
        return standardized
    assert known.classes is not None
    values = column_or_1d(values)
    unknown = sorted(set(values.tolist()) - set(known.classes.tolist()), key=repr)
    if unknown:
        raise ValueError(
            f"y has the classes {unknown}, which are not among those known, "
            f"{known.classes.tolist()}. Name all classes beforehand, or fit anew."
        )
    codes = np.searchsorted(known.classes, values)
    n_classes = len(known.classes)
    one_hot = np.eye(n_classes)[:, 1:] if n_classes == 2 else np.eye(n_classes)
    return one_hot[codes]


def target_array(y: Any) -> NDArray:
    """Return `y` as an array of one or two axes, without anything missing."""
    if y is None:
        raise ValueError(
            "This estimator requires y to be passed, but the target y is None."
        )
    native = nw.from_native(y, eager_only=True, allow_series=True, pass_through=True)
    if isinstance(native, nw.DataFrame):
        columns = [_series_to_array(native.get_column(name)) for name in native.columns]
        y = np.column_stack(columns) if columns else native.to_numpy()
    elif isinstance(native, nw.Series):
        y = _series_to_array(native)
    elif hasattr(y, "__array__"):
        y = np.asarray(y)
    if np.ndim(y) == 0:
        raise ValueError(
            f"y must have one value per row, got the single value {y!r}; pass a list."
        )
    values = check_array(
        y, dtype=None, ensure_2d=False, ensure_all_finite=False, input_name="y"
    )
    if values.dtype == object:
        values = _simplify(values)
    if values.dtype.kind in "mMV":
        raise ValueError(
            f"y has dtype {values.dtype}, but must hold classes or numbers: convert it."
        )
    if values.dtype.kind == "f":
        assert_all_finite(values, input_name="y")
    return values


def _series_to_array(series: nw.Series) -> NDArray:
    """Return a series whose nulls, if any, are reported as scikit-learn does."""
    if series.is_null().any():
        raise ValueError(
            f"Input y contains NaN: the column {series.name!r} has missing values. "
            "Drop these rows or fill them."
        )
    return np.asarray(series.to_numpy())


def _simplify(values: NDArray) -> NDArray:
    """Give Python objects the dtype they would have as a list of their own."""
    flat = values.ravel().tolist()
    if any(item is None or item != item for item in flat):
        raise ValueError(
            "Input y contains NaN: it has missing values. Drop these rows or fill them."
        )
    is_text = [isinstance(item, str) for item in flat]
    if any(is_text) and not all(is_text):
        raise ValueError(
            "Unknown label type: y mixes text with other values. Make all of it text "
            "or all of it numbers."
        )
    if not all(isinstance(item, Real | Decimal) for item in flat):
        return values
    plain = np.array(flat)
    plain = plain.astype(np.float64) if plain.dtype == object else plain
    return plain.reshape(values.shape)


def _first_fraction(values: NDArray) -> float:
    """Find a number that cannot be the index of a class."""
    return float(values.ravel()[np.argmax(values.ravel() % 1 != 0)])


# Classification ------------------------------------------------------------------


def _encode_classes(values: NDArray, class_weight: Any, weights: Floats) -> Target:
    """Encode one column of classes: 0/1 for two, one-hot for more."""
    n_dims = values.ndim
    values = column_or_1d(values, warn=True)
    classes, codes = np.unique(values, return_inverse=True)
    if len(classes) == 1:
        raise ValueError(
            f"y has only 1 class, {classes.tolist()[0]!r}, and there is nothing to "
            "tell apart: pass rows of at least 2 classes."
        )
    is_binary = len(classes) == 2
    one_hot = np.eye(len(classes))[:, 1:] if is_binary else np.eye(len(classes))
    return Target(
        task="classification",
        kind="binary" if is_binary else "multiclass",
        values=one_hot[codes],
        classes=classes,
        center=None,
        scale=None,
        n_dims=n_dims,
        row_weights=weights * _weigh(class_weight, classes, codes, weights),
    )


def _encode_labels(values: NDArray, class_weight: Any, weights: Floats) -> Target:
    """Encode several 0/1 labels."""
    found = np.unique(values)
    if not np.isin(found, [0, 1]).all():
        raise ValueError(
            f"A multi-label y must hold 0 and 1, got {found.tolist()}; recode it."
        )
    if (values == values[0]).all():
        raise ValueError(
            "Each label of y has only 1 class, and there is nothing to tell apart: "
            "pass rows of which some have a label and some do not."
        )
    n_labels = values.shape[1]
    per_label = class_weight
    if class_weight is None or isinstance(class_weight, str):
        per_label = [class_weight] * n_labels
    if isinstance(per_label, Mapping) or len(per_label) != n_labels:
        raise ParameterError(
            f"class_weight={class_weight!r} is not allowed with {n_labels} labels: "
            "pass None, 'balanced', or a list of one dict per label."
        )
    row_weights = weights.copy()
    for label, given in zip(values.T, per_label, strict=True):
        classes, codes = np.unique(label, return_inverse=True)
        row_weights *= _weigh(given, classes, codes, weights)
    return Target(
        task="classification",
        kind="multilabel",
        values=values.astype(np.float64),
        classes=np.arange(n_labels),
        center=None,
        scale=None,
        n_dims=2,
        row_weights=row_weights,
    )


def _weigh(
    class_weight: Any, classes: NDArray, codes: NDArray[np.intp], weights: Floats
) -> Floats:
    """Return the class weight of each row.

    As `sklearn.utils.class_weight.compute_class_weight`, which cannot be told of
    classes that are digits in text.
    """
    if class_weight is None:
        return np.ones(len(codes))
    names = classes.tolist()
    if isinstance(class_weight, str) and class_weight == "balanced":
        counts = np.bincount(codes, weights)
        return (counts.sum() / (len(names) * counts))[codes]
    if not isinstance(class_weight, Mapping):
        raise ParameterError(
            f"class_weight={class_weight!r} is not allowed: pass None, 'balanced' or "
            "a dict from class to weight."
        )
    forgotten = [name for name in names if name not in class_weight]
    if forgotten and len(names) - len(forgotten) != len(class_weight):
        raise ParameterError(
            f"class_weight has the keys {list(class_weight)}, but the classes are "
            f"{names}; the classes {forgotten} are not in it."
        )
    by_class = np.array([class_weight.get(name, 1.0) for name in names], dtype=float)
    if not (np.isfinite(by_class) & (by_class >= 0)).all() or not by_class.any():
        raise ParameterError(
            f"class_weight={class_weight!r} must hold finite weights of at least 0, "
            "not all of them 0."
        )
    return by_class[codes]


# Regression ----------------------------------------------------------------------


def _encode_numbers(values: NDArray, class_weight: Any, weights: Floats) -> Target:
    """Standardize one or several columns of numbers."""
    if class_weight is not None:
        raise ParameterError(
            f"class_weight={class_weight!r} is only for classification, but this is a "
            "regression: pass class_weight=None, or use sample_weight."
        )
    if values.dtype.kind not in "biuf":
        raise ValueError(
            f"y holds {values.flat[0]!r}, but a regression needs numbers: convert y, "
            "or use a classifier (task='classification')."
        )
    columns = np.ascontiguousarray(values.reshape(len(values), -1).T, dtype=np.float64)
    unit = power_of_two_unit(columns)
    scaled = columns / unit[:, None]
    shares = np.broadcast_to(weights / weights.max(), columns.shape)
    center, spread = center_and_scale(scaled, shares)
    varies = spread > 0
    standardized = (scaled - center[:, None]) / np.where(varies, spread, 1.0)[:, None]
    return Target(
        task="regression",
        kind="regression",
        values=np.ascontiguousarray((standardized * varies[:, None]).T),
        classes=None,
        center=center * unit,
        scale=np.where(varies, spread * unit, 1.0),
        n_dims=values.ndim,
        row_weights=weights.copy(),
    )
