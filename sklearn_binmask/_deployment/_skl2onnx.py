"""The only door to skl2onnx: it has no types, and some of these names are private.

The private ones are those that its own documentation uses to write a converter.
"""

from skl2onnx import (  # type: ignore[import-untyped]
    update_registered_converter,
    update_registered_parser,
)
from skl2onnx._parse import (  # type: ignore[import-untyped]
    _apply_zipmap,
    sklearn_parsers_map,
)
from skl2onnx._supported_operators import (  # type: ignore[import-untyped]
    get_model_alias,
)
from skl2onnx.common.data_types import (  # type: ignore[import-untyped]
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
)

__all__ = [
    "DoubleTensorType",
    "FloatTensorType",
    "Int64TensorType",
    "StringTensorType",
    "_apply_zipmap",
    "get_model_alias",
    "sklearn_parsers_map",
    "update_registered_converter",
    "update_registered_parser",
]
