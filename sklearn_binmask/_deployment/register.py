"""Our estimators in the global tables of skl2onnx."""

from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline

from ._skl2onnx import (
    sklearn_parsers_map,
    update_registered_converter,
    update_registered_parser,
)
from .converters import calculate_shapes, convert, declare_outputs, parsing_members

__all__ = ["register"]

_OPTIONS: dict[str, list[Any]] = {
    "zipmap": [True, False, "columns"],
    "transform": [True, False, "inside"],  # "inside" is what parsers tell members
    "nocl": [False],  # skl2onnx asks for it, and False is its default
}


def register(estimators: tuple[type, ...]) -> None:
    """Register estimators, and the parsers that tell them where they stand.

    Parameters
    ----------
    estimators : tuple of type
        Each holds, when fitted, a `FittedNetwork` in ``estimator_``, or columns to
        select in ``support_``, or both.
    """
    for estimator in estimators:
        update_registered_converter(
            estimator,
            f"SklearnBinmask{estimator.__name__}",
            calculate_shapes,
            convert,
            parser=declare_outputs,
            options=_OPTIONS,
        )
    for composite in (Pipeline, FeatureUnion, ColumnTransformer):
        parse = parsing_members(sklearn_parsers_map[composite], estimators)
        update_registered_parser(composite, parse)
