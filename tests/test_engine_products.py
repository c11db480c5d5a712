"""Networks that begin at several products of columns, each beside those before it."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from test_engine_pairs import trainer_for

from sklearn_binmask._engine.pairs import begin_at_pairs
from sklearn_binmask._engine.products import (
    Found,
    Sample,
    confirmed,
    is_bolder,
    statistics_of,
    without,
)
from sklearn_binmask._engine.triples import begin_at_triples

N_COLUMNS = 20


def normal(seed, n_rows=2400):
    return np.random.default_rng(seed).normal(size=(n_rows, N_COLUMNS))


def begun(X, y, seed):
    """Products at which each network begins, whose units are its own and read these."""
    y = y + 0.1 * y.std() * np.random.default_rng(seed + 1).normal(size=len(y))
    trainer = trainer_for(X, y, loss="squared_error", seed=seed)
    weights = trainer.networks.weights[0]
    drawn = weights.clone()
    with torch.inference_mode():
        begin_at_pairs(trainer)
        begin_at_triples(trainer)
    is_begun = ((weights != drawn) & (weights != 0)).numpy()
    for network, starts in enumerate(trainer.starts):
        units = [unit for own in starts.values() for unit in own]
        assert len(units) == len(set(units)) <= 16
        for gates, own in starts.items():
            is_read = is_begun[:, network, list(own)]
            assert (is_read == is_read[:, :1]).all()
            assert set(trainer.layout.inputs[is_read[:, 0]].tolist()) == gates
    return [set(starts) for starts in trainer.starts]


def parts_of(orders):
    """Columns of products of so many columns each, one after another."""
    ends = np.cumsum(orders)
    return [frozenset(range(end - n, end)) for n, end in zip(orders, ends, strict=True)]


def summed(X, parts):
    return np.sum([X[:, sorted(part)].prod(axis=1) for part in parts], axis=0)


@pytest.mark.parametrize(
    "orders", [(2,), (2, 2), (2, 2, 2), (2, 2, 2, 2), (3,), (3, 3), (3, 2), (3, 2, 2)]
)
def test_a_network_begins_at_as_many_products_as_there_is_room_for(orders, any_seed):
    X, parts = normal(any_seed), parts_of(orders)
    for network, found in enumerate(begun(X, summed(X, parts), any_seed)):
        others = found - set(parts)  # luck shows some to a network in twenty
        n_places = 4 if is_bolder(network) or 3 in orders else 2
        assert len(found & set(parts)) == min(len(parts), n_places) or others


def test_networks_share_what_there_is_no_room_for_in_one(any_seed):
    X, parts = normal(any_seed), parts_of((3, 3, 2))
    found = begun(X, summed(X, parts), any_seed)
    for one, other in zip(found[:2], found[2:], strict=True):
        others = (one | other) - set(parts)
        assert one | other >= set(parts) or others


def test_a_triple_takes_the_place_of_the_third_and_fourth_pair(any_seed):
    X, parts = normal(any_seed), parts_of((2, 2, 2, 2, 3))
    for found in begun(X, summed(X, parts), any_seed):
        assert parts[-1] in found
        assert len(found & set(parts[:-1])) == 2


TRIPLES = {frozenset({0, 1, 2}), frozenset({0, 3, 4})}


def test_half_of_the_networks_on_each_half_of_the_rows_are_bolder():
    X = normal(0)
    trainer = trainer_for(X, X[:, 0], n_members=16)
    trains = trainer.problem.roles.trains[:, 0].T
    bolder = [is_bolder(network) for network in range(16)]
    for half in np.unique(trains, axis=0):
        on_it = (trains == half).all(axis=1)
        assert np.mean(np.array(bolder)[on_it]) == 0.5


def test_a_column_that_says_which_product_counts_is_seen_beside_them(any_seed):
    """It tells nothing alone, and with two others less than these without it."""
    X = normal(any_seed)
    y = np.where(X[:, 0] > 0, X[:, 1] * X[:, 2], X[:, 3] * X[:, 4])
    found = begun(X, y, any_seed)
    assert all(products & TRIPLES for products in found)
    assert all(
        products >= {frozenset({1, 2}), frozenset({3, 4})} for products in found[:2]
    )


def test_beside_a_product_noise_shows_no_other_to_most_networks():
    shown = []
    for seed in range(20):
        X = normal(seed, n_rows=800)
        y = X[:, 0] * X[:, 1] + np.random.default_rng(seed).normal(size=len(X))
        found = begun(X, y, seed)
        shown += [len(products) > 1 for products in found]
    assert np.mean(shown) < 0.2  # 0.05 for pairs and for triples, were rows normal


def share_that_begin(few_rows, monkeypatch, n_rows=560, order=3):
    """Networks that begin at a product that is hard to see, over 20 tables."""
    monkeypatch.setattr("sklearn_binmask._engine.products._FEW_ROWS", few_rows)
    shares = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(n_rows, 60))
        y = np.sign(X[:, :order].prod(axis=1)) + 1.7 * rng.normal(size=n_rows)
        found = begun(X, y, seed)
        shares.append(np.mean([frozenset(range(order)) in some for some in found]))
    return np.mean(shares)


def test_few_rows_show_more_where_others_confirm_what_they_show(monkeypatch):
    assert share_that_begin(512, monkeypatch) > share_that_begin(0, monkeypatch) + 0.2


def test_candidates_are_confirmed_by_rows_that_did_not_show_them(any_seed):
    """Of three products, one is told by new rows alone, and one by read ones."""
    rng = np.random.default_rng(any_seed)
    product = torch.from_numpy(rng.normal(size=(400, 3)))
    is_new = torch.arange(400)[:, None] >= torch.tensor([200, 400])
    pull = torch.from_numpy(rng.normal(size=(400, 1)))
    new = product[200:, :2]  # of which the pulls there are cleared of luck
    pull[200:] -= new @ torch.linalg.lstsq(new, pull[200:]).solution
    pull[200:, 0] += (
        new[:, 0] - new[:, 1] * (new[:, 0] @ new[:, 1]) / new[:, 1].square().sum()
    )
    pull[:200, 0] += product[:200, 1]
    sample = Sample(product, pull, None, 0, is_new)
    for by, expected in ((0, [True, False]), (1, [False, False])):
        of_one = torch.zeros(3, 2, dtype=torch.bool)
        of_one[:, by] = True
        found = Found(torch.arange(3), of_one, True)
        seen = confirmed(found, product, sample, lambda *_: None)
        assert seen[:2].tolist() == expected


@pytest.mark.parametrize("grouped", [False, True])
def test_what_a_product_tells_is_taken_off_and_no_more(grouped, any_seed):
    rng = np.random.default_rng(any_seed)
    x, pull = (torch.from_numpy(rng.normal(size=(400, n))) for n in (6, 2))
    products = torch.stack([x[:, 0] * x[:, 1], x[:, 2] * x[:, 3] * x[:, 4]], dim=1)
    pull += products @ torch.tensor([[3.0, 0.0], [1.0, 2.0]], dtype=torch.double)
    groups = torch.from_numpy(rng.integers(0, 40, 400)) if grouped else None
    sample = Sample(x, pull, groups, 40, torch.zeros(400, 2))
    rest = without(sample, [[0, 1]], lambda *_: None)
    after = statistics_of(products, rest, lambda *_: None)
    assert_allclose(after[0], 0, atol=1e-9)
    least = torch.linalg.lstsq(products[:, :1], pull).solution
    assert_allclose(rest.pull, pull - products[:, :1] @ least)
    assert without(sample, [], lambda *_: None).pull is pull


def test_rows_of_all_processes_say_what_is_taken_off(any_seed):
    rng = np.random.default_rng(any_seed)
    x, pull = (torch.from_numpy(rng.normal(size=(90, n))) for n in (5, 2))
    products = [[0, 1], [2, 3, 4]]
    whole = without(
        Sample(x, pull, None, 0, torch.zeros(90, 2)), products, lambda *_: None
    ).pull
    said = []

    def listen(*sums):
        # the second sums depend on what the first ones of both come to
        said.append([part.clone() for part in sums])
        for part, others in zip(sums, answers[len(said) - 1], strict=True):
            part.add_(others)

    def sums_over(rows):
        """What a process that knows the whole says of its rows, product by product."""
        rests = [pull]
        for columns in products:
            own = x[:, columns].prod(1)
            told = own @ rests[-1] / (own @ own)
            rests.append(rests[-1] - own[:, None] * told)
        parts = []
        for columns, rest in zip(products, rests, strict=False):
            own = x[rows][:, columns].prod(1)
            parts.append((own @ rest[rows], own @ own))
        return parts

    answers = sums_over(slice(40, 90))
    own = without(
        Sample(x[:40], pull[:40], None, 0, torch.zeros(40, 2)), products, listen
    )
    assert_allclose(own.pull, whole[:40])
