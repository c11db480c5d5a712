"""The last training of a masked network: the same way again, on all rows."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from sklearn_binmask._engine.fixed import Record, repeat, settle
from sklearn_binmask._engine.predict import committee_outputs
from sklearn_binmask._engine.problem import Problem, Roles, Size, SolverConfig
from sklearn_binmask._engine.schedules import Schedule, SparseSchedule
from sklearn_binmask._engine.sparse import train_masked
from sklearn_binmask._engine.training import Trainer

N_ROWS = 120
every_seed = pytest.mark.parametrize("seed", [0, 1, 2])
every_size = pytest.mark.parametrize(
    "size", [Size(), Size(sparsity=0.5), Size(price=0.0)], ids=["auto", "half", "all"]
)


def make_problem(seed):
    """A target that is nothing but noise; a quarter of the rows is held out."""
    rng = np.random.default_rng(seed)
    held_out = (np.arange(N_ROWS) % 4 == 0)[:, None, None]
    return Problem(
        inputs=rng.normal(size=(N_ROWS, 20)),
        targets=rng.normal(size=(N_ROWS, 1)),
        row_weights=np.ones(N_ROWS),
        gate_of_input=np.arange(20),
        n_gates=20,
        mandatory=np.zeros(20, dtype=bool),
        loss="squared_error",
        roles=Roles(~held_out, ~held_out, held_out, np.array([N_ROWS / 4])),
    )


def make_config(seed):
    return SolverConfig(
        (50,), "relu", ("weights",), 0.0, N_ROWS, exact=True, seed=seed, max_steps=200
    )


def error_on_held_out(problem, network):
    rows = problem.roles.evaluates[:, 0, 0]
    outputs = committee_outputs(network, problem.inputs[rows])
    return np.square(outputs - problem.targets[rows]).mean()


def train(problem, seed, size, *, on_look=None, **schedule):
    looks = Schedule(check_every=10, patience=3, average=2.0)
    schedule = SparseSchedule(looks, stage_steps=10, listen=10, **schedule)
    return train_masked(problem, make_config(seed), size, schedule, on_look=on_look)


@every_seed
@every_size
def test_rows_that_were_held_out_are_learned_in_the_end(seed, size):
    # from noise there is nothing to be learned about rows that are not trained on
    problem = make_problem(seed)
    apart = train(problem, seed, size, last_on_all=False)
    known = train(problem, seed, size, least_on_all=20)
    error = error_on_held_out(problem, known.network)
    assert error < 0.9 * error_on_held_out(problem, apart.network)
    for one, other in zip(apart.masks, known.masks, strict=True):
        assert_array_equal(one, other)
    # curves tell of rows that were held out while they were
    assert_array_equal(apart.network.validation_curve, known.network.validation_curve)


@every_size
def test_whoever_stops_the_training_stops_the_last_one_too(size):
    problem = make_problem(0)
    looks = []

    def on_look(standing):
        looks.append(True)
        return len(looks) == 2

    stopped = train(problem, 0, size, on_look=on_look, least_on_all=20)
    apart = train(problem, 0, size, on_look=lambda standing: False, last_on_all=False)
    assert len(looks) == 2
    assert stopped.network.n_steps < apart.network.n_steps


@every_seed
def test_the_same_way_on_the_same_rows_leads_to_the_same_weights(seed):
    problem = make_problem(seed)
    everywhere = np.ones_like(problem.roles.trains)
    roles = replace(problem.roles, trains=everywhere, judges=everywhere)
    schedule = Schedule(check_every=10, patience=3, average=2.0)
    trainer = Trainer(replace(problem, roles=roles), make_config(seed))
    with torch.inference_mode():
        settled = settle(trainer, 0.01, schedule, Record(), anneals=0)
        parameters = trainer.networks.parameters
        once = parameters.clone()
        parameters.zero_()
        n_steps = repeat(trainer, settled.legs, schedule, lambda: False)
    assert n_steps == settled.legs[0].n_steps > 0
    assert_array_equal(parameters.numpy(), once.numpy())
