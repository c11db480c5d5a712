"""A fault in any function that anything public enters: nothing is left half done.

Whatever an estimator is asked for, each function of the package on the way fails once,
with an error, for want of memory, or by Ctrl-C. The estimator, the table and all that
the process shares are afterwards as they were, and the next answer is the same.
"""

import functools
import io
import itertools

import numpy as np
import pandas as pd
import pytest
from estimators import NAMES, X, Y, quick, says
from saboteur import Saboteur
from world import describe_world

from sklearn_binmask import binmask_path, dump, load, sample_rows

FRAME = pd.DataFrame(X, columns=list("abc")).assign(d=np.where(Y, "u", "v"))
ERRORS = (RuntimeError, KeyboardInterrupt, MemoryError)
# Of an error there scikit-learn makes that there is no such method.
TELL_METHODS = {
    f"_estimator/predicting.py:{name}" for name in ("has_network", "_has_classes")
}


@functools.cache
def saved(name):
    dump(quick(name).fit(FRAME, Y), file := io.BytesIO())
    return file.getvalue()


def dumped(estimator):
    dump(estimator, file := io.BytesIO())
    return len(file.getvalue())


def requests(name):
    """What asks nothing of the estimator but to tell."""
    asked = {
        "says": lambda estimator: says(estimator, FRAME),
        "score": lambda estimator: estimator.score(FRAME, Y),
        "report": lambda estimator: estimator.report(),
        "compact": lambda estimator: says(estimator.compact(), FRAME),
        "dump": dumped,
        "load": lambda estimator: says(load(io.BytesIO(saved(name))), FRAME),
        "sample": lambda estimator: sample_rows(
            [(FRAME[:40], Y[:40]), (FRAME[40:], Y[40:])], n_rows=10, random_state=0
        ),
    }
    if name == "stability":
        del asked["score"]
    if name not in ("classifier", "regressor"):
        del asked["compact"]
    if name not in ("classifier", "stability"):
        del asked["dump"], asked["load"]
    if name != "selector":
        del asked["sample"]
    return asked


def assert_same(one, other):
    """Compare what requests give, whatever it is."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            np.testing.assert_array_equal(one[key], other[key], err_msg=key)
    elif isinstance(one, tuple):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)
    elif isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other)
    else:
        assert one == other


def assert_untouched(estimator, state, world, name):
    assert set(vars(estimator)) == set(state), name
    assert all(vars(estimator)[key] is state[key] for key in state), name
    after = describe_world()
    assert [key for key in world if world[key] != after[key]] == [], name


def faults(ask):
    """Give each function on the way, an error, and at which call it comes."""
    ask()  # what is imported late is here from now on
    with Saboteur() as spy:
        ask()
    victims = {v: n for v, n in spy.called.items() if v not in TELL_METHODS}
    calls = [(v, after) for v, n in victims.items() for after in {1, n}]
    for (victim, after), error in zip(calls, itertools.cycle(ERRORS), strict=False):
        yield victim, error, after


def assert_fails(ask, victim, error, after):
    # an error may be reworded on its way, an interrupt may not
    allowed = error if error is KeyboardInterrupt else Exception
    with pytest.raises(allowed, match="planted"), Saboteur(victim, error, after):
        ask()


@pytest.mark.parametrize(
    ("name", "asked"),
    [(name, asked) for name in NAMES for asked in requests(name)],
)
def test_a_fault_on_the_way_to_an_answer_leaves_no_trace(name, asked):
    estimator = quick(name).fit(FRAME, Y)
    ask = functools.partial(requests(name)[asked], estimator)
    expected = ask()
    state, world = dict(vars(estimator)), describe_world()
    n_faults = 0
    for fault in faults(ask):
        assert_fails(ask, *fault)
        assert_untouched(estimator, state, world, fault)
        n_faults += 1
    assert n_faults
    assert_same(ask(), expected)


@pytest.mark.parametrize("name", ["classifier", "regressor"])
def test_a_fault_in_a_portion_leaves_the_network_as_it_was(name):
    """The first portion, and one that comes after a fit."""
    for estimator in (quick(name), quick(name).fit(FRAME, Y)):
        state = dict(vars(estimator))

        def train(estimator=estimator, state=state):
            estimator.__dict__ = dict(state)
            return estimator.partial_fit(FRAME, Y)

        planted, expected = list(faults(train)), says(train(), FRAME)
        assert len(planted) > 20
        world = describe_world()
        for fault in planted:
            assert_fails(train, *fault)
            assert_untouched(estimator, state, world, fault)
        assert_same(says(train(), FRAME), expected)


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_a_fault_anywhere_in_a_fit_leaves_the_estimator_as_it_was(name):
    """Or complete, where an interrupt keeps the best network so far."""
    whole = quick(name).fit(FRAME, Y)
    fitted = quick(name).fit(X, Y)
    state, world = dict(vars(fitted)), describe_world()
    fresh = iter([quick(name), quick(name)])
    planted = faults(lambda: next(fresh).fit(FRAME, Y))
    for number, fault in enumerate(planted):
        estimator = fitted if number % 2 else quick(name)
        before = dict(vars(estimator))
        assert_fails(functools.partial(estimator.fit, FRAME, Y), *fault)
        now = vars(estimator)
        if now.get("estimator_") is not before.get("estimator_"):
            assert fault[1] is KeyboardInterrupt
            assert set(now) == set(vars(whole)), fault
            says(estimator, FRAME)
            estimator.__dict__ = dict(before)
        assert_untouched(estimator, before, world, fault)
    assert number > 200
    assert vars(fitted).keys() == state.keys()
    assert_same(says(fitted.fit(FRAME, Y), FRAME), says(whole, FRAME))


@pytest.mark.long
def test_a_fault_anywhere_on_a_path_leaves_the_world_as_it_was():
    ask = functools.partial(binmask_path, FRAME, Y, n_members=2, random_state=0)
    expected, world = ask(), describe_world()
    for fault in faults(ask):
        assert_fails(ask, *fault)
        assert describe_world() == world, fault
    assert_same(ask(), expected)
