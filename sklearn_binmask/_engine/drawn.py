"""Rows that are encoded when they are drawn, until they fit in memory encoded."""

from typing import Any

import torch
from torch import Tensor

from .arrays import load_array
from .devices import has_own_memory

__all__ = ["DrawnRows"]

# Encoded numbers that are held at once, 16 MB of float32, and in a GPU's memory, 1 GB.
_MOST_HELD, _MOST_HELD_APART = 2**22, 2**28


class DrawnRows:
    """Rows of inputs that can ``draw``; it is indexed as a tensor is.

    Parameters
    ----------
    inputs : object
        Has ``draw``, ``toarray`` and ``shape``, and can be indexed.
    dtype : torch.dtype
        Of what is drawn.
    device : str
        torch device of what is drawn.
    """

    ndim = 2

    def __init__(self, inputs: Any, dtype: torch.dtype, device: str) -> None:
        self.inputs, self.dtype, self._device = inputs, dtype, device

    @classmethod
    def load(cls, inputs: Any, dtype: torch.dtype, device: str) -> Any:
        """Hold the inputs as a tensor where there is room, else draw them."""
        n_rows, n_inputs = inputs.shape
        n_numbers = n_rows * n_inputs
        if n_numbers <= _MOST_HELD:
            return load_array(inputs.toarray(), dtype, device)
        drawn = cls(inputs, dtype, device)
        if n_numbers > _MOST_HELD_APART or not has_own_memory(device):
            return drawn
        held = torch.empty(n_rows, n_inputs, dtype=dtype, device=device)
        for part in held.split(max(1, _MOST_HELD // n_inputs)):
            start = part.storage_offset() // n_inputs
            part.copy_(drawn[start : start + len(part)])
        return held

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and inputs."""
        return self.inputs.shape

    @property
    def device(self) -> torch.device:
        """Where rows are drawn to."""
        return torch.device(self._device)

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.inputs)

    def __getitem__(self, index: Any) -> Any:
        """Draw rows, of any shape; or take ``[:, columns]`` without drawing any."""
        if isinstance(index, tuple):
            columns = index[1]
            if not isinstance(columns, slice):
                columns = columns.cpu().numpy()
            return self.load(self.inputs[:, columns], self.dtype, self._device)
        if isinstance(index, slice):
            return self._tensor(index)
        drawn = self._tensor(index.cpu().numpy().ravel())
        return drawn.view(*index.shape, -1)

    def _tensor(self, rows: Any) -> Tensor:
        return load_array(self.inputs.draw(rows), self.dtype, self._device)
