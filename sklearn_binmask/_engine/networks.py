"""The masked network: a perceptron with forward and backward by hand.

Many networks of one shape are trained as one: `C` of them (runs x members), with all
parameters in one flat buffer, and gradients in a second one of the same layout::

    buffer    | first layer (P, C, H1) | bias (C, 1, H1) | (C, H1, H2) | ...

Shapes: `P` encoded columns, `B` rows of a batch, `H1, H2, ...` hidden units, `Q`
outputs. All networks read the same rows, so the first layer, where the time goes, is
one matrix product ``(B, P) @ (P, C * H1)``; the others are batched products. Where each
of `G` groups of them has rows of its own, ``(G, B, P)``, the first layer is one too.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from .arrays import Scratch
from .masks import GateLayout

__all__ = ["ACTIVATIONS", "Activation", "Committee", "pull_back"]


@dataclass(frozen=True)
class Activation:
    """One row of the table of activations.

    Attributes
    ----------
    apply_ : callable
        In place, on what enters the unit.
    times_slope_ : callable
        (gradient, output of the unit): multiply the gradient in place by the slope.
    gain : float
        Variance that keeps a signal alive from layer to layer.
    """

    apply_: Callable[[Tensor], Tensor]
    times_slope_: Callable[[Tensor, Tensor], Tensor]
    gain: float


# In one pass, where a mask of booleans would take several; the overload is named, as to
# find it takes as long as the pass.
_times_step = torch.ops.aten.threshold_backward.grad_input


def _times_relu_slope_(grad: Tensor, h: Tensor) -> Tensor:
    return _times_step(grad, h, 0.0, grad_input=grad)


ACTIVATIONS: dict[str, Activation] = {
    "relu": Activation(torch.relu_, _times_relu_slope_, 2.0),
    "tanh": Activation(torch.tanh_, lambda grad, h: grad.mul_(1 - h * h), 1.0),
    "logistic": Activation(torch.sigmoid_, lambda grad, h: grad.mul_(h * (1 - h)), 4.0),
    "identity": Activation(lambda z: z, lambda grad, h: grad, 1.0),
}


class Committee:
    """Parameters of `C` networks and their gradients.

    Parameters
    ----------
    layer_sizes : sequence of int
        Inputs, hidden units of each layer, outputs.
    n_networks : int
        Number of networks.
    activation : str
        Row of `ACTIVATIONS`.
    dtype : torch.dtype
        Of everything.
    device : str
        torch device.
    """

    def __init__(
        self,
        layer_sizes: Sequence[int],
        n_networks: int,
        activation: str,
        dtype: torch.dtype,
        device: str,
    ) -> None:
        self.layer_sizes = list(layer_sizes)
        self.n_networks = n_networks
        self.activation = ACTIVATIONS[activation]
        size = sum(math.prod(shape) for shape in self._shapes())
        self.parameters = torch.zeros(size, dtype=dtype, device=device)
        self.gradient = torch.zeros_like(self.parameters)
        self._scratch = Scratch()
        self._make_views()

    def _shapes(self) -> list[tuple[int, ...]]:
        """Shapes in the buffer: weights and bias of each layer in turn."""
        n_networks = self.n_networks
        n_inputs, *others = self.layer_sizes
        shapes: list[tuple[int, ...]] = [(n_inputs, n_networks, others[0])]
        for n_in, n_out in pairwise(others):
            shapes += [(n_networks, 1, n_in), (n_networks, n_in, n_out)]
        return [*shapes, (n_networks, 1, others[-1])]

    def _make_views(self) -> None:
        self.weights, self.biases = self.split(self.parameters)
        self.weight_gradients, self.bias_gradients = self.split(self.gradient)
        self.masked = list(self.weights)

    def apply_masks(self, masks: Sequence[Tensor | None]) -> None:
        """Let through what the masks, one per layer, leave of the weights as they are.

        To be called anew when weights have changed; None lets everything through.
        """
        self.masked = [
            weights if mask is None else self._times(weights, mask, f"masked {layer}")
            for layer, (weights, mask) in enumerate(
                zip(self.weights, masks, strict=True)
            )
        ]

    def _times(self, weights: Tensor, mask: Tensor, name: str) -> Tensor:
        return torch.mul(weights, mask, out=self._scratch(name, weights.shape, weights))

    def split(self, flat: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """View a flat buffer as weights and biases."""
        shapes = self._shapes()
        parts = flat.split([math.prod(shape) for shape in shapes])
        views = [part.view(shape) for part, shape in zip(parts, shapes, strict=True)]
        return views[0::2], views[1::2]

    def initialize(self, generators: Sequence[torch.Generator], output: Tensor) -> None:
        """Draw weights; each run has its own generator and the same share of networks.

        The networks start at the constant prediction `output`.
        """
        share = self.n_networks // len(generators)
        n_layers = len(self.weights)
        for layer, weights in enumerate(self.weights):
            gain = self.activation.gain if layer < n_layers - 1 else 1.0
            scale = math.sqrt(gain / max(1, self.layer_sizes[layer]))
            for run, generator in enumerate(generators):
                networks = slice(run * share, (run + 1) * share)
                part = weights[:, networks] if layer == 0 else weights[networks]
                drawn = torch.randn(part.shape, generator=generator, dtype=part.dtype)
                part.copy_(drawn.mul_(scale))
        self.biases[-1].copy_(output.expand_as(self.biases[-1]))

    def forward(self, x: Tensor, some: Any = None) -> list[Tensor]:
        """Compute the outputs of each layer, (C, B, units), the network's last.

        The rows are those of all networks, (B, P), or of groups, (G, B, P). With
        `some`, only some of the networks read them.
        """
        (first, *others), biases = self.masked, self.biases
        if some is not None:
            first, others = first[:, some], [weights[some] for weights in others]
            biases = [bias[some] for bias in biases]
        if x.ndim == 2:
            # in memory row after row, as the products of the first layer want it
            h = (x @ first.flatten(1)).view(len(x), *first.shape[1:])
            h = h.permute(1, 0, 2)
        else:
            n_units = first.shape[1] // len(x) * first.shape[2]
            by_group = first.reshape(len(first), len(x), n_units).transpose(0, 1)
            h = torch.bmm(x, by_group).view(*x.shape[:2], -1, first.shape[2])
            h = h.transpose(1, 2).reshape(-1, x.shape[1], first.shape[2])
        outputs = [h.add_(biases[0])]
        for weights, bias in zip(others, biases[1:], strict=True):
            self.activation.apply_(outputs[-1])
            outputs.append(_carry(outputs[-1], weights, bias))
        return outputs

    def errors(self, outputs: list[Tensor], last: Tensor) -> list[Tensor]:
        """Take errors at the output back through the network.

        Parameters
        ----------
        outputs : list of Tensor
            Of each layer, as `forward` gives them.
        last : Tensor of shape (C, B, Q)
            Errors at the output.

        Returns
        -------
        errors : list of Tensor of shape (C, B, units)
            At what enters the units of each layer.
        """
        errors = [last]
        for layer in range(len(self.masked) - 1, 0, -1):
            like = outputs[layer - 1]
            back = pull_back(errors[-1], self.masked[layer], like)
            errors.append(self.activation.times_slope_(back, outputs[layer - 1]))
        return errors[::-1]

    def write_gradient(
        self, x: Tensor, outputs: list[Tensor], errors: list[Tensor]
    ) -> None:
        """Write the gradient of all parameters for the errors of each layer."""
        torch.sum(errors[0], 1, keepdim=True, out=self.bias_gradients[0])
        self.outer_first(x, errors[0], out=self.weight_gradients[0])
        for layer in range(1, len(errors)):
            torch.sum(errors[layer], 1, keepdim=True, out=self.bias_gradients[layer])
            _outer(outputs[layer - 1], errors[layer], self.weight_gradients[layer])

    def outer_first(
        self, x: Tensor, errors: Tensor, out: Tensor | None = None
    ) -> Tensor:
        """Sum over rows of input times error: the gradient of the first layer.

        Without `out`, the next such call may overwrite it.
        """
        if x.ndim == 3:
            return self._outer_apart(x, errors, out)
        flat = errors.permute(1, 0, 2).reshape(len(x), -1)
        if out is None:
            weights = self.weights[0]
            out = self._scratch("outer", weights.shape, weights)
        torch.mm(x.t(), flat, out=out.flatten(1))
        return out

    def _outer_apart(self, x: Tensor, errors: Tensor, out: Tensor | None) -> Tensor:
        """Do so where each group has rows of its own, (G, B, P)."""
        n_groups, n_rows, n_inputs = x.shape
        flat = errors.view(n_groups, -1, n_rows, errors.shape[2]).transpose(1, 2)
        sums = torch.bmm(x.transpose(1, 2), flat.reshape(n_groups, n_rows, -1))
        sums = sums.transpose(0, 1).reshape(n_inputs, self.n_networks, -1)
        return sums if out is None else out.copy_(sums)

    def bend_first(
        self,
        x: Tensor,
        errors: Tensor,
        weights: Tensor,
        row_weights: Tensor,
        layout: GateLayout,
    ) -> Tensor:
        """Sum over rows, weighted, the square of what a gate adds to errors.

        Parameters
        ----------
        x : Tensor
            As in `forward`.
        errors : Tensor of shape (C, B, H1)
            At what enters the first hidden units.
        weights : Tensor of shape (P, C, H1)
            Of the first layer, were all gates open.
        row_weights : Tensor of shape (C, 1, B)
            Of the rows.
        layout : GateLayout
            Of the inputs.

        Returns
        -------
        sums : Tensor of shape (n_gates, C)
            One for each gate and network.
        """
        shape = (*errors.shape[:2], len(weights))
        per_input = self._scratch("per input", shape, errors)
        torch.bmm(errors, weights.permute(1, 2, 0), out=per_input)
        if x.ndim == 3:  # rows of each group, for all its networks
            per_input.view(len(x), -1, *x.shape[1:]).mul_(x[:, None])
        else:
            per_input.mul_(x)
        per_gate = layout.sum_per_gate_last(per_input).square_()
        return torch.bmm(row_weights, per_gate)[:, 0].t()

    def keep_inputs(self, positions: Tensor, *like: Tensor) -> list[Tensor]:
        """Drop inputs for good; returns the same cut of buffers laid out alike."""
        cut = [self._cut(flat, positions) for flat in (self.parameters, *like)]
        self.layer_sizes[0] = len(positions)
        self.parameters, *others = cut
        self.gradient = torch.zeros_like(self.parameters)
        self._scratch.clear()
        self._make_views()
        return others

    def _cut(self, flat: Tensor, positions: Tensor) -> Tensor:
        first = self.split(flat)[0][0]
        return torch.cat([first[positions].flatten(), flat[first.numel() :]])


# Outputs up to which products are taken with the rows as the last axis: where that is
# the outputs, many small products take two to four times as long.
_FEW_OUTPUTS = 32
# Networks from which their products, into memory that is laid out in another way, take
# longer than a copy of them.
_MANY_NETWORKS = 8


def _carry(h: Tensor, weights: Tensor, bias: Tensor) -> Tensor:
    """Take what units say (C, B, n_in) through weights (C, n_in, n_out)."""
    if weights.shape[2] > _FEW_OUTPUTS:
        return torch.baddbmm(bias, h, weights)
    transposed = (part.transpose(1, 2) for part in (bias, weights, h))
    return torch.baddbmm(*transposed).transpose(1, 2)


def _outer(h: Tensor, errors: Tensor, out: Tensor) -> None:
    """Sum over rows of what units say times error, into `out` (C, n_in, n_out)."""
    if errors.shape[2] > _FEW_OUTPUTS:
        torch.bmm(h.transpose(1, 2), errors, out=out)
    else:
        out.copy_(torch.bmm(errors.transpose(1, 2), h).transpose(1, 2))


def pull_back(errors: Tensor, weights: Tensor, like: Tensor) -> Tensor:
    """Take errors (C, B, n_out) back through weights (C, n_in, n_out).

    They lie in memory as does `like`, (C, B, n_in).
    """
    transposed, back = weights.transpose(1, 2), torch.empty_like(like)
    if errors.shape[2] == 1:
        return torch.mul(errors, transposed, out=back)
    if len(errors) < _MANY_NETWORKS or like.is_contiguous():
        return torch.bmm(errors, transposed, out=back)
    return back.copy_(torch.bmm(errors, transposed))
