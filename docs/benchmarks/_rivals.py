"""Other ways to a network of few weights, in plain torch, for `sparsity.py`.

All of them train the same network with the same optimizer, batches and number of
epochs. The learning rate is constant for three quarters of the steps and then falls
linearly to zero; all methods have closed what they close before it falls, so that the
last quarter fine-tunes what is left. Biases are never closed.
"""

import itertools
import math
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional

FALL_FROM = 0.75  # share of the steps after which the learning rate falls
CLOSED_BY = 0.7  # share of the steps in which a gradual schedule closes
STEPS_PER_CUT = 20  # magnitudes are compared this often, not at every step


class Table(NamedTuple):
    """Training and test rows; integer targets are classes, others are numbers."""

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray

    @property
    def is_classification(self):
        return self.y_train.dtype.kind in "iu"

    @property
    def n_outputs(self):
        return int(self.y_train.max()) + 1 if self.is_classification else 1

    def quality(self, predicted):
        """Accuracy, or root mean squared error."""
        if self.is_classification:
            return float(np.mean(predicted == self.y_test))
        return float(np.sqrt(np.mean((predicted - self.y_test) ** 2)))


class Recipe(NamedTuple):
    """How every network is trained."""

    epochs: int
    batch_size: int = 128
    learning_rate: float = 1e-3


class Network:
    """A ReLU network as lists of weights, (n_out, n_in) each, and biases, (n_out,)."""

    def __init__(self, sizes, generator):
        self.weights, self.biases = [], []
        for n_in, n_out in itertools.pairwise(sizes):
            bound = n_in**-0.5  # as torch.nn.Linear has it
            for home, shape in ((self.weights, (n_out, n_in)), (self.biases, (n_out,))):
                values = torch.rand(shape, generator=generator) * 2 * bound - bound
                home.append(values.requires_grad_())

    def outputs(self, X, weights=None):
        layers = list(zip(weights or self.weights, self.biases, strict=True))
        for weight, bias in layers[:-1]:
            X = functional.linear(X, weight, bias).relu()
        return functional.linear(X, *layers[-1])

    @property
    def n_open(self):
        return sum(int(weight.count_nonzero()) for weight in self.weights)


class Dense:
    """Nothing is closed; the others change what they need."""

    def __init__(self, network, kept):
        self.network, self.kept = network, kept
        self.n_weights = sum(weight.numel() for weight in network.weights)

    def parameter_groups(self, rate):
        return [{"params": self.network.weights + self.network.biases, "lr": rate}]

    def weights(self, generator):
        """Return the weights that enter a training step."""
        return self.network.weights

    def price(self):
        """Return what is added to the loss."""
        return 0.0

    def after_step(self, step, progress):
        """Close weights, given the share of the steps that are done."""


class OneShot(Dense):
    """Half of the epochs for all weights, one cut, and half for those left.

    Cuts take the weights of least magnitude in the whole network, for good.
    """

    masks = None

    def after_step(self, step, progress):
        n_open = self.remaining(progress)
        if n_open < self.n_weights and step % STEPS_PER_CUT == 0:
            self.masks = largest(self.network.weights, n_open)
        if self.masks is not None:
            close(self.network.weights, self.masks)

    def remaining(self, progress):
        """Say how many weights are open after a share of the steps."""
        return self.n_weights if progress < 0.5 else self.kept


class Gradual(OneShot):
    """Many small cuts, on the cubic schedule of Zhu and Gupta (2017, 1710.01878)."""

    def remaining(self, progress):
        return cubic(self.n_weights, self.kept, progress)


class HardConcrete(Dense):
    """The L0 penalty of Louizos, Welling and Kingma (2018, arXiv:1712.01312).

    A fixed penalty reaches a wanted number of weights by luck only. Here it is a
    Lagrange multiplier, which rises while the expected number of open gates is over
    that of the cubic schedule, and starts again from zero when it is under it
    (Gallego-Posada and others, 2022, arXiv:2208.04425): so no further runs are spent
    on looking for it. Without schedule, logarithm or restarts, too many or too few
    gates were open at the end, and accuracy was lower.

    Where the learning rate begins to fall, the gates are fixed at their test-time
    values and multiplied into the weights. Of these the largest stay, not more than
    wanted, and are fine-tuned.
    """

    TEMPERATURE, LOW, HIGH = 2 / 3, -0.1, 1.1
    GATE_SPEED = 20  # gates have far to go: at the rate of the weights they lag
    PENALTY_RATE = 1e-2

    def __init__(self, network, kept):
        super().__init__(network, kept)
        # open with probability 0.92 at first
        self.locations = [torch.ones_like(w).requires_grad_() for w in network.weights]
        self.wanted, self.penalty, self.masks = self.n_weights, 0.0, None

    def parameter_groups(self, rate):
        gates = {"params": self.locations, "lr": self.GATE_SPEED * rate}
        return [*super().parameter_groups(rate), gates]

    def weights(self, generator):
        if self.masks is not None:
            return self.network.weights
        drawn = []
        for weight, location in self._pairs():
            uniform = torch.rand(weight.shape, generator=generator)
            noise = uniform.clamp_(1e-6, 1 - 1e-6).logit_()
            drawn.append(
                weight * self._stretched((location + noise) / self.TEMPERATURE)
            )
        return drawn

    def price(self):
        if self.masks is not None:
            return 0.0
        shift = self.TEMPERATURE * math.log(-self.LOW / self.HIGH)
        n_expected = sum((loc - shift).sigmoid().sum() for loc in self.locations)
        excess = torch.log(n_expected / self.wanted)
        self.penalty += self.PENALTY_RATE * excess.item()
        if excess < 0:
            self.penalty = 0.0
        return self.penalty * excess

    def after_step(self, step, progress):
        self.wanted = cubic(self.n_weights, self.kept, progress)
        if self.masks is None and progress >= FALL_FROM:
            with torch.no_grad():
                for weight, location in self._pairs():
                    weight *= self._stretched(location)
            self.masks = largest(self.network.weights, self.kept)
        if self.masks is not None:
            close(self.network.weights, self.masks)

    def _pairs(self):
        return zip(self.network.weights, self.locations, strict=True)

    def _stretched(self, logit):
        return (logit.sigmoid() * (self.HIGH - self.LOW) + self.LOW).clamp(0, 1)


def cubic(n_weights, kept, progress):
    """Return the number of open weights after a share of the steps."""
    return kept + round((n_weights - kept) * max(0.0, 1 - progress / CLOSED_BY) ** 3)


def largest(weights, n_open):
    """Return masks of the `n_open` weights of largest magnitude, exactly as many."""
    magnitudes = torch.cat([weight.detach().abs().flatten() for weight in weights])
    mask = torch.zeros_like(magnitudes)
    mask[magnitudes.topk(n_open, sorted=False).indices] = 1
    parts = mask.split([weight.numel() for weight in weights])
    return [part.view_as(w) for part, w in zip(parts, weights, strict=True)]


def close(weights, masks):
    with torch.no_grad():
        for weight, mask in zip(weights, masks, strict=True):
            weight *= mask


def narrowed(sizes, kept):
    """Scale the hidden layers down to the most weights that are not over `kept`.

    No layer but the first becomes narrower than the output: that would be its ruin.
    """
    for n_first in range(sizes[1], 0, -1):
        share = n_first / sizes[1]
        later = [max(round(share * width), sizes[-1]) for width in sizes[2:-1]]
        narrow = [sizes[0], n_first, *later, sizes[-1]]
        if count(narrow) <= kept:
            break
    return narrow


def count(sizes):
    """Count the weights of a dense network."""
    return sum(n_in * n_out for n_in, n_out in itertools.pairwise(sizes))


METHODS = {
    "dense": Dense,
    "narrow": Dense,
    "one-shot": OneShot,
    "gradual": Gradual,
    "hard concrete": HardConcrete,
}


def train(name, table, hidden, kept, recipe, seed):
    """Train one network; return its quality on the test rows and its open weights."""
    generator = torch.Generator().manual_seed(seed)
    sizes = [table.X_train.shape[1], *hidden, table.n_outputs]
    if name == "narrow":
        sizes = narrowed(sizes, kept)
    network = Network(sizes, generator)
    method = METHODS[name](network, kept)
    X, y = torch.from_numpy(table.X_train), torch.from_numpy(table.y_train)
    loss_of = functional.cross_entropy if table.is_classification else half_square
    optimizer = torch.optim.Adam(method.parameter_groups(recipe.learning_rate))
    full_rates = [group["lr"] for group in optimizer.param_groups]
    n_steps, step = recipe.epochs * -(-len(X) // recipe.batch_size), 0
    for _ in range(recipe.epochs):
        order = torch.randperm(len(X), generator=generator)
        for rows in order.split(recipe.batch_size):
            optimizer.zero_grad()
            outputs = network.outputs(X[rows], method.weights(generator))
            (loss_of(outputs, y[rows]) + method.price()).backward()
            left = min(1.0, (1 - step / n_steps) / (1 - FALL_FROM))
            for group, rate in zip(optimizer.param_groups, full_rates, strict=True):
                group["lr"] = left * rate
            optimizer.step()
            step += 1
            method.after_step(step, step / n_steps)
    with torch.no_grad():
        outputs = network.outputs(torch.from_numpy(table.X_test))
    predicted = outputs.argmax(1) if table.is_classification else outputs[:, 0]
    return table.quality(predicted.numpy()), network.n_open


def half_square(outputs, y):
    return functional.mse_loss(outputs[:, 0], y) / 2
