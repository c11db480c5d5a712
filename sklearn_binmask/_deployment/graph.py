"""Nodes and constants of an ONNX graph, written as calls that return names."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto, helper, numpy_helper

__all__ = ["LEAST_OPSET", "Graph"]

# Since 13 the axes of ReduceSum are an input and Softmax knows its axis.
LEAST_OPSET = 13
# Smaller constants are not worth the node that would widen them again.
_WORTH_SHRINKING = 32
# Weights are written as entries if fewer than this share of them is not 0: an entry
# costs 8 or 12 bytes, a weight among others 4 or 8.
_DENSE_SHARE = 0.5


class Graph:
    """Where nodes go: the container of skl2onnx, and its scope for unique names.

    Parameters
    ----------
    scope : skl2onnx.common._topology.Scope
        Gives unique names.
    container : skl2onnx.common._container.ModelComponentContainer
        Takes nodes and constants.
    """

    def __init__(self, scope: Any, container: Any) -> None:
        opset = container.target_opset_any_domain("")
        if opset < LEAST_OPSET:
            raise ValueError(
                f"target_opset={opset} is too low for the estimators of "
                f"sklearn_binmask: pass target_opset={LEAST_OPSET} or more."
            )
        self._scope = scope
        self._container = container

    def node(
        self, op_type: str, *inputs: str, domain: str = "", **attributes: Any
    ) -> str:
        """Write a node of one output; return the name of the output."""
        output = self._scope.get_unique_variable_name(op_type.lower())
        self._container.add_node(
            op_type,
            list(inputs),
            output,
            op_domain=domain,
            name=self._scope.get_unique_operator_name(op_type),
            **attributes,
        )
        return output

    def constant(self, values: ArrayLike) -> str:
        """Write an array; float64 on disk only where float32 would not be the same."""
        array = np.asarray(values)
        name = self._scope.get_unique_variable_name("constant")
        if array.dtype.kind in "OUS":
            text = [str(value).encode("utf-8") for value in array.ravel()]
            kind = TensorProto.STRING
            self._container.add_initializer(name, kind, list(array.shape), text)
            return name
        narrow = _narrow(array)
        tensor = numpy_helper.from_array(narrow, name)
        self._container.add_initializer(name, tensor.data_type, narrow.shape, tensor)
        return name if narrow is array else self.cast(name, array.dtype)

    def weights(self, matrix: Any) -> str:
        """Write an array or a sparse matrix, as its entries where few are not 0."""
        size = int(np.prod(matrix.shape))
        if hasattr(matrix, "tocoo"):
            entries = matrix.tocoo()
            places = entries.row.astype(np.int64) * matrix.shape[1] + entries.col
            values = entries.data
        else:
            places = np.flatnonzero(matrix)
            values = matrix.ravel()[places]
        if len(places) >= _DENSE_SHARE * size:
            dense = matrix.toarray() if hasattr(matrix, "tocoo") else matrix
            return self.constant(np.asarray(dense, dtype=np.float64))
        flat = self.node(
            "ScatterElements",
            self._filled_with_zeros(self.constant([size])),
            self.constant(places.astype(np.int32 if size < 2**31 else np.int64)),
            self.constant(values.astype(np.float64)),
            axis=0,
        )
        return self.reshape(flat, *matrix.shape)

    def cast(self, name: str, dtype: Any) -> str:
        """Convert to a dtype of numpy."""
        return self.node(
            "Cast", name, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        )

    def reshape(self, name: str, *shape: int) -> str:
        """Give another shape, -1 standing for what is left."""
        return self.node("Reshape", name, self.constant(np.array(shape, np.int64)))

    def zeros(self, like: str) -> str:
        """Write a column of zeros with the rows of a matrix."""
        n_rows = self.node("Gather", self.node("Shape", like), self.constant([0]))
        shape = self.node("Concat", n_rows, self.constant([1]), axis=0)
        return self._filled_with_zeros(shape)

    def _filled_with_zeros(self, shape: str) -> str:
        zero = numpy_helper.from_array(np.zeros(1))
        return self.node("ConstantOfShape", shape, value=zero)

    def take_columns(self, name: str, columns: NDArray[np.intp] | list[int]) -> str:
        """Take columns of a matrix, by position."""
        return self.node(
            "Gather", name, self.constant(np.asarray(columns, np.int64)), axis=1
        )

    def concat(self, names: list[str]) -> str:
        """Put matrices side by side."""
        return names[0] if len(names) == 1 else self.node("Concat", *names, axis=1)

    def sum(self, name: str, axis: int) -> str:
        """Sum over an axis, which goes."""
        return self.node("ReduceSum", name, self.constant(np.array([axis])), keepdims=0)

    def clip(self, name: str, low: float, high: float) -> str:
        """Bound from both sides."""
        return self.node("Clip", name, self.constant(low), self.constant(high))

    def cast_like(self, name: str, variable: Any) -> str:
        """Convert to the type of a variable of skl2onnx."""
        return self.node("Cast", name, to=variable.type._get_element_onnx_type())

    def output(self, name: str, variable: Any) -> None:
        """Give a result to a variable that skl2onnx has declared, in its type."""
        cast = self.cast_like(name, variable)
        self._container.add_node(
            "Identity",
            [cast],
            [variable.full_name],
            name=self._scope.get_unique_operator_name("Identity"),
        )


def _narrow(array: NDArray) -> NDArray:
    """Return numbers as float32 if nothing is lost."""
    if array.dtype != np.float64 or array.size < _WORTH_SHRINKING:
        return array
    with np.errstate(over="ignore"):
        narrow = array.astype(np.float32)
    return narrow if np.array_equal(narrow, array) else array
