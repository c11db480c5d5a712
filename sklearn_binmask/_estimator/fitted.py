"""A trained network together with the way in and the way out.

The encoding of the columns it reads, and the decoding of what it says: numpy and plain
Python, no torch.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._encoding import TableEncoding, Target, is_sound
from .._engine.predict import LINKS, can_predict, committee_outputs
from .._engine.problem import Network

__all__ = ["FittedNetwork"]

# Rows of an array predicted at a time.
_CHUNK = 2048


@dataclass(frozen=True, eq=False)
class FittedNetwork:
    """What `predict` uses: a committee of small networks on the chosen columns.

    It reads the user's table, with all its columns, and looks at the chosen ones only.

    Attributes
    ----------
    encoding : TableEncoding
        Of the chosen columns.
    network : Network
        Weights of the committee.
    kind : {"binary", "multiclass", "multilabel", "regression"}
        What is predicted.
    classes : ndarray or None
        Classes, None for regression.
    center, scale : ndarray or None
        Turn outputs into the user's units, for regression.
    n_dims : int
        Number of axes of the user's target.
    """

    encoding: TableEncoding
    network: Network
    kind: str
    classes: NDArray | None
    center: NDArray[np.float64] | None
    scale: NDArray[np.float64] | None
    n_dims: int

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Refuse parts that do not fit together, as a file may hold them."""
        self.__dict__.update(state)
        if not (is_sound(self.encoding) and can_predict(self.network)):
            raise ValueError("columns or weights of a network do not fit together")
        n_inputs = self.network.coefs[0].shape[-2]
        if n_inputs != self.encoding.n_outputs or not self._can_answer():
            raise ValueError("a network does not fit the columns or the target it has")

    def _can_answer(self) -> bool:
        """Tell whether what the network says can be put in the user's terms."""
        n_outputs = self.network.coefs[-1].shape[-1]
        if self.kind == "regression":
            units = self.center, self.scale
            return (n_outputs == 1 or self.n_dims == 2) and all(
                part is not None
                and part.shape == (n_outputs,)
                and bool(np.isfinite(part).all())
                for part in units
            )
        n_classes = n_outputs + (self.kind == "binary")
        known = self.kind in ("binary", "multiclass", "multilabel")
        return known and self.classes is not None and self.classes.shape == (n_classes,)

    @classmethod
    def of(
        cls, encoding: TableEncoding, network: Network, target: Target
    ) -> "FittedNetwork":
        """Join what was learned, without the training data."""
        return cls(
            encoding,
            network,
            target.kind,
            target.classes,
            target.center,
            target.scale,
            target.n_dims,
        )

    def with_network(
        self, network: Network, encoding: TableEncoding | None = None
    ) -> "FittedNetwork":
        """Put another network behind the same target."""
        return replace(self, network=network, encoding=encoding or self.encoding)

    def outputs(self, X: Any) -> NDArray[np.float64]:
        """Mean output of the networks, (n_rows, n_outputs)."""
        if not isinstance(X, np.ndarray) or len(X) <= _CHUNK:
            return committee_outputs(self.network, self.encoding.encode(X, np.float64))
        # what is encoded need not leave the cache before it is used
        starts = range(0, len(X), _CHUNK)
        return np.vstack([self.outputs(X[start : start + _CHUNK]) for start in starts])

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Log-odds of the second class, or of each label; else one score per class."""
        outputs = self.outputs(X)
        return outputs[:, 0] if self.kind == "binary" else outputs

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probability of each class, or of each label for a multi-label target."""
        shares = LINKS[self.network.loss](self.outputs(X))
        if self.kind == "binary":
            return np.hstack([1 - shares, shares])
        return shares

    def predict(self, X: Any) -> NDArray:
        """Class, labels, or number for each row."""
        if self.kind == "regression":
            assert self.scale is not None and self.center is not None
            numbers = self.outputs(X) * self.scale + self.center
            return numbers[:, 0] if self.n_dims == 1 else numbers
        probabilities = self.predict_proba(X)
        if self.kind == "multilabel":
            return (probabilities > 0.5).astype(int)
        assert self.classes is not None
        return self.classes[probabilities.argmax(axis=1)]
