"""A trained network together with the way in and the way out.

The encoding of the columns it reads, and the decoding of what it says: numpy and plain
Python, no torch.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._encoding import TableEncoding, Target
from .._engine.predict import LINKS, committee_outputs
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
