"""What skl2onnx calls: which outputs there are, of which shapes, and what makes them.

A selector is two things: a transformer inside a pipeline, and at its end, or alone, an
estimator that predicts. skl2onnx does not tell a step where it stands. So the parsers
of what holds other estimators (a pipeline, a column transformer) tell their members,
by the option "transform", before they go on as ever.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline

from ._skl2onnx import (
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
    _apply_zipmap,
    get_model_alias,
)
from .columns import is_text, places_of_columns, take
from .encoding import write_encoding
from .graph import Graph
from .network import LINKS, drop_unread, write_committee

__all__ = [
    "calculate_shapes",
    "convert",
    "convert_fitted_network",
    "declare_outputs",
    "parsing_members",
]


# Which outputs there are -----------------------------------------------------------


def parsing_members(parse: Callable, kinds: tuple[type, ...]) -> Callable:
    """Make a parser that tells members which are transformers that they are.

    Parameters
    ----------
    parse : callable
        skl2onnx's parser of a pipeline, a feature union or a column transformer.
    kinds : tuple of type
        Estimators that have to be told.

    Returns
    -------
    parse : callable
        Does as before, then. If it was made here, it is returned as it is.
    """
    if hasattr(parse, "tells_members"):
        return parse

    @functools.wraps(parse)
    def tell_then_parse(
        scope: Any, model: Any, inputs: Any, custom_parsers: Any = None
    ) -> Any:
        for member in _transformers_of(model):
            if isinstance(member, kinds):
                scope.add_options(id(member), {"transform": "inside"})
        return parse(scope, model, inputs, custom_parsers=custom_parsers)

    tell_then_parse.tells_members = True  # type: ignore[attr-defined]
    return tell_then_parse


def _transformers_of(model: Any, is_last: bool = True) -> Iterator[Any]:
    """Yield the estimators in a composite whose `transform` is what is called."""
    if isinstance(model, Pipeline):
        *first, last = (step for _, step in model.steps)
        for step in first:
            yield from _transformers_of(step, is_last=False)
        yield from _transformers_of(last, is_last)
    elif isinstance(model, FeatureUnion):
        for _, member in model.transformer_list:
            yield from _transformers_of(member, is_last=False)
    elif isinstance(model, ColumnTransformer):
        for _, member, _ in model.transformers_:
            yield from _transformers_of(member, is_last=False)
    elif not is_last:
        yield model


def declare_outputs(
    scope: Any, model: Any, inputs: Any, custom_parsers: Any = None
) -> Any:
    """Declare what an estimator puts out; a parser for skl2onnx."""
    options = scope.get_options(model, {"zipmap": True, "transform": False})
    operator = scope.declare_local_operator(get_model_alias(type(model)), model)
    operator.inputs = inputs
    operator.transforms = bool(options["transform"]) or not hasattr(model, "estimator_")
    if operator.transforms:
        return _declare_selected(scope, operator, options["transform"] == "inside")
    number = _number_type(inputs)
    if model.estimator_.kind == "regression":
        operator.outputs.append(scope.declare_local_variable("variable", number()))
        return operator.outputs
    zipmap = options["zipmap"] if model.estimator_.kind != "multilabel" else False
    if zipmap and zipmap != "columns":
        number = FloatTensorType  # the only type that onnxruntime maps
    for name, kind in (("label", Int64TensorType), ("probabilities", number)):
        operator.outputs.append(scope.declare_local_variable(name, kind()))
    if not zipmap:
        return operator.outputs
    return _apply_zipmap(zipmap, scope, model, number(), operator.outputs)


def _declare_selected(scope: Any, operator: Any, keep_names: bool) -> Any:
    """Declare selected columns: one matrix, or one output a column if some are text."""
    variables = list(operator.inputs)
    chosen = variables
    if len(variables) > 1:
        places = places_of_columns(variables, operator.raw_operator)
        chosen = [places[column][0] for column in _selected(operator.raw_operator)]
    if len(variables) == 1 or not any(map(is_text, chosen)):
        kind = _common_type(chosen)
        outputs = [("variable", kind([None, operator.raw_operator.n_features_]))]
    else:
        # the next step may ask for a column by name; an output of the whole graph may
        # not be called as an input is
        prefix = "" if keep_names else "selected_"
        outputs = [(prefix + v.raw_name, type(v.type)([None, 1])) for v in chosen]
    for name, kind in outputs:
        operator.outputs.append(scope.declare_local_variable(name, kind))
    return operator.outputs


def _common_type(variables: list[Any]) -> Any:
    """Return the type of the inputs if they share one, or else one of numbers."""
    kinds = {type(variable.type) for variable in variables}
    return kinds.pop() if len(kinds) == 1 else _number_type(variables)


def _selected(estimator: BaseEstimator) -> list[int]:
    """Return the positions of selected columns."""
    return np.flatnonzero(estimator.support_).tolist()


def _number_type(variables: Any) -> Any:
    """Return the type of computed numbers: double if an input is."""
    is_double = any(isinstance(v.type, DoubleTensorType) for v in variables)
    return DoubleTensorType if is_double else FloatTensorType


# Of which shapes -------------------------------------------------------------------


def calculate_shapes(operator: Any) -> None:
    """Set types and shapes of the outputs; a shape calculator for skl2onnx."""
    n_rows = operator.inputs[0].get_first_dimension()
    model = operator.raw_operator
    if _transforms(operator):
        n_columns = len(_selected(model)) if len(operator.outputs) == 1 else 1
        for variable in operator.outputs:
            variable.type.shape = [n_rows, n_columns]
        return
    fitted = model.estimator_
    if fitted.kind == "regression":
        operator.outputs[0].type.shape = [n_rows, len(fitted.scale)]
        return
    label = StringTensorType if fitted.classes.dtype.kind in "OUS" else Int64TensorType
    n_classes = len(fitted.classes)
    shape = [n_rows, n_classes] if fitted.kind == "multilabel" else [n_rows]
    operator.outputs[0].set_type(label(shape))
    operator.outputs[1].type.shape = [n_rows, n_classes]


def _transforms(operator: Any) -> bool:
    """Tell what the parser found; those that come without it are asked to predict."""
    return getattr(operator, "transforms", False)


# What makes them -------------------------------------------------------------------


def convert(scope: Any, operator: Any, container: Any) -> None:
    """Write a selector or an estimator that predicts; a converter for skl2onnx."""
    estimator = operator.raw_operator
    if _transforms(operator):
        _convert_selection(scope, operator, container, estimator)
    else:
        convert_fitted_network(scope, operator, container, estimator)


def _convert_selection(
    scope: Any, operator: Any, container: Any, estimator: BaseEstimator
) -> None:
    """Write the selected columns, untouched."""
    graph = Graph(scope, container)
    places = places_of_columns(operator.inputs, estimator)
    chosen = [places[column] for column in _selected(estimator)]
    if len(operator.outputs) > 1:
        for place, variable in zip(chosen, operator.outputs, strict=True):
            graph.output(take(graph, [place])[0], variable)
        return
    (output,) = operator.outputs
    parts = take(graph, chosen)
    if len(parts) > 1:
        parts = [graph.cast_like(part, output) for part in parts]
    graph.output(graph.concat(parts), output)


def convert_fitted_network(
    scope: Any, operator: Any, container: Any, estimator: BaseEstimator
) -> None:
    """Write the predictions of an estimator.

    Parameters
    ----------
    scope : skl2onnx.common._topology.Scope
        Gives unique names.
    operator : skl2onnx.common._topology.Operator
        With the inputs, and with one output (numbers) or two (labels, probabilities).
    container : skl2onnx.common._container.ModelComponentContainer
        Takes nodes and constants.
    estimator : estimator
        Fitted, with a `FittedNetwork` in ``estimator_``.
    """
    graph = Graph(scope, container)
    fitted = estimator.estimator_
    places = places_of_columns(operator.inputs, estimator)
    encoding, network = drop_unread(fitted.encoding, fitted.network)
    encoded = write_encoding(graph, places, encoding)
    shares = LINKS[network.loss](graph, write_committee(graph, network, encoded))
    if fitted.kind == "regression":
        scaled = graph.node("Mul", shares, graph.constant(fitted.scale))
        numbers = graph.node("Add", scaled, graph.constant(fitted.center))
        graph.output(numbers, operator.outputs[0])
        return
    if fitted.kind == "multilabel":
        labels = graph.node("Greater", shares, graph.constant(0.5))
    else:
        if fitted.kind == "binary":
            others = graph.node("Sub", graph.constant(1.0), shares)
            shares = graph.concat([others, shares])
        labels = _write_classes(graph, shares, fitted.classes)
    graph.output(labels, operator.outputs[0])
    graph.output(shares, operator.outputs[1])


def _write_classes(graph: Graph, shares: str, classes: np.ndarray) -> str:
    """Write the likeliest class of each row."""
    if classes.dtype.kind not in "OUS":
        classes = classes.astype(np.int64)
    likeliest = graph.node("ArgMax", shares, axis=1, keepdims=0)
    return graph.node("Gather", graph.constant(classes), likeliest, axis=0)
