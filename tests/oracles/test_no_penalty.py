"""With all gates open and no penalty, the loss of scikit-learn's own estimators."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import scale

from sklearn_binmask._engine.fixed import train_fixed
from sklearn_binmask._engine.losses import LOSSES
from sklearn_binmask._engine.predict import committee_outputs
from sklearn_binmask._engine.problem import Problem, Roles, SolverConfig, StopReason
from sklearn_binmask._engine.schedules import FINAL, Schedule

MARGIN = 1.02
every_seed = pytest.mark.parametrize("seed", [0, 1])


def load(loader, n_classes=None):
    """Standardized columns and target; a real target is cut in classes if asked."""
    x, y = loader(return_X_y=True)
    if n_classes is not None:
        y = np.searchsorted(np.quantile(y, np.arange(1, n_classes) / n_classes), y)
    return scale(x), (y if y.dtype.kind == "i" else scale(y))


def make_problem(x, y):
    """Each row both trains and is evaluated; the target's kind chooses the loss."""
    n_rows, n_columns = x.shape
    everywhere = np.ones((n_rows, 1, 1), dtype=bool)
    targets, loss = y[:, None].astype(float), "squared_error"
    if y.dtype.kind == "i":
        n_classes = y.max() + 1
        loss = "log_loss" if n_classes == 2 else "softmax"
        targets = targets if n_classes == 2 else np.eye(n_classes)[y]
    return Problem(
        inputs=x,
        targets=targets,
        row_weights=np.ones(n_rows),
        gate_of_input=np.arange(n_columns),
        n_gates=n_columns,
        mandatory=np.zeros(n_columns, dtype=bool),
        loss=loss,
        roles=Roles(everywhere, everywhere, everywhere, np.full(1, n_rows)),
    )


def mean_loss(problem, network):
    """Loss on all rows, from the published weights."""
    outputs = torch.from_numpy(committee_outputs(network, problem.inputs))
    values = LOSSES[problem.loss].values(
        outputs[None], torch.from_numpy(problem.targets)
    )
    return float(values.mean())


def loss_of_sklearn(model, x, y):
    """Half the squared error, or the log loss, on all rows."""
    if y.dtype.kind != "i":
        return 0.5 * np.mean((model.predict(x) - y) ** 2)
    return -np.mean(np.log(model.predict_proba(x)[np.arange(len(y)), y]))


@pytest.mark.parametrize(
    "loader, n_units", [(load_breast_cancer, 4), (load_digits, 8), (load_diabetes, 4)]
)
def test_networks_learn_as_well_as_mlps(loader, n_units):
    # a single start may end in a poor minimum, on either side
    x, y = load(loader)
    problem = make_problem(x, y)
    mlp = MLPClassifier if y.dtype.kind == "i" else MLPRegressor
    options = {"alpha": 0, "learning_rate_init": 0.01, "batch_size": 128}
    options = {"hidden_layer_sizes": [n_units], "max_iter": 500, **options}
    losses, expected = [], []
    for seed in range(3):
        reference = mlp(random_state=seed, **options).fit(x, y)
        expected.append(loss_of_sklearn(reference, x, y))
        config = SolverConfig((n_units,), alpha=0.0, max_steps=3000, seed=seed)
        network = train_fixed(problem, config, schedule=Schedule(patience=10))
        losses.append(mean_loss(problem, network))
    assert np.mean(losses) <= MARGIN * np.mean(expected)


def linear_model(n_classes):
    if n_classes is None:
        return LinearRegression()
    return LogisticRegression(C=1e8, max_iter=1000)


@every_seed
@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("n_classes", [None, 2, 3])
def test_without_hidden_units_the_loss_of_a_linear_model(n_classes, exact, seed):
    x, y = load(load_diabetes, n_classes)
    expected = loss_of_sklearn(linear_model(n_classes).fit(x, y), x, y)
    problem = make_problem(x, y)
    options = {"alpha": 0.0, "batch_size": 1000 if exact else 128, "exact": exact}
    network = train_fixed(problem, SolverConfig((), seed=seed, **options))
    assert expected * (1 - 1e-6) <= mean_loss(problem, network) <= MARGIN * expected


@pytest.mark.parametrize("n_classes", [None, 2, 3])
def test_patience_brings_the_linear_optimum(n_classes):
    x, y = load(load_diabetes, n_classes)
    expected = loss_of_sklearn(linear_model(n_classes).fit(x, y), x, y)
    problem = make_problem(x, y)
    config = SolverConfig((), alpha=0.0, batch_size=1000, exact=True, max_steps=4000)
    schedule = Schedule(patience=40, anneals=3)
    network = train_fixed(problem, config, schedule=schedule)
    np.testing.assert_allclose(mean_loss(problem, network), expected, rtol=1e-3)


@every_seed
def test_the_best_state_on_held_out_rows_is_kept(seed):
    x, y = load(load_diabetes)
    everywhere = make_problem(x, y)
    held_out = np.zeros_like(everywhere.roles.trains)
    held_out[1::2] = True
    roles = Roles(~held_out, ~held_out, held_out, np.full(1, held_out.sum()))
    problem = replace(everywhere, roles=roles)
    config = SolverConfig((64,), alpha=0.0, batch_size=32, seed=seed)
    network = train_fixed(problem, config)
    outputs = committee_outputs(network, x[1::2])[:, 0]
    loss = 0.5 * np.mean((outputs - y[1::2]) ** 2)
    curve = network.validation_curve
    np.testing.assert_allclose(loss, curve.min(), rtol=1e-5)
    assert curve[-1] > curve.min()
    assert network.stop_reason is StopReason.NO_IMPROVEMENT
    assert network.n_steps == 32 * len(curve) == 32 * len(network.loss_curve)


def two_groups(n_rows=60, n_columns=300):
    """So many columns that any classes of the rows are soon told apart."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n_rows, n_columns)).astype(np.float32)
    return x, (x[:, 0] + rng.normal(size=n_rows) > 0).astype(int)


@every_seed
def test_rows_learned_by_heart_end_a_training_of_classes(seed):
    """What comes after makes networks surer of other rows, and no better."""
    x, y = two_groups()
    everywhere = make_problem(x, y)
    # the held-out loss always improves, as these rows are among those that train
    config = SolverConfig((16,), alpha=0.0, max_steps=1000, seed=seed)
    network = train_fixed(everywhere, config)
    assert network.stop_reason is StopReason.NOTHING_LEFT
    on = train_fixed(everywhere, config, schedule=replace(FINAL, told_apart=0.0))
    assert on.n_steps > 2 * network.n_steps
    fresh = np.random.default_rng(1).normal(size=(1000, x.shape[1]))
    surer, sure = (np.abs(committee_outputs(n, fresh)).mean() for n in (on, network))
    assert surer > 1.2 * sure


@every_seed
def test_numbers_are_trained_on_as_long_as_they_improve(seed):
    x, _ = two_groups()
    config = SolverConfig((16,), alpha=0.0, max_steps=400, seed=seed)
    network = train_fixed(make_problem(x, x[:, 0].astype(float)), config)
    assert network.stop_reason is not StopReason.NOTHING_LEFT
    assert network.loss_curve.min() < 1e-3 * np.var(x[:, 0])
