"""A table that a dask cluster reads part by part is fitted as one in memory."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from sklearn_binmask import BinMaskMLPClassifier, BinMaskMLPRegressor, BinMaskSelector
from sklearn_binmask._estimator import shards
from sklearn_binmask.distributed import fit
from sklearn_binmask.exceptions import DistributedError

dask_array = pytest.importorskip("dask.array")
dask_frame = pytest.importorskip("dask.dataframe")
distributed = pytest.importorskip("distributed")

SELECTOR = BinMaskSelector(
    n_features_to_select=2,
    hidden_layer_sizes=(3,),
    n_members=2,
    max_iter=20,
    random_state=0,
)


def hold_no_rows() -> None:
    """Take each table for one that is too large to be held."""
    from sklearn_binmask._estimator import shards

    shards._MOST_HELD = 0


def hold_few_rows() -> None:
    """Hold tables of a thousand cells."""
    from sklearn_binmask._estimator import shards

    shards._MOST_HELD = 10_000


def held() -> int:
    """Count what a worker holds for fits."""
    from sklearn_binmask._estimator import workers

    return len(workers._shards) + len(workers._stores)


@contextmanager
def two_workers(**options) -> Iterator[distributed.Client]:
    """Start two workers, each a process of its own."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", **options
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def client() -> Iterator[distributed.Client]:
    """Two workers that hold no rows."""
    with two_workers() as client:
        client.run(hold_no_rows)
        yield client


@pytest.fixture
def doomed_client() -> Iterator[distributed.Client]:
    """Two workers for one test, after which they are not of use any more."""
    with two_workers() as client:
        client.run(hold_no_rows)
        yield client


def frame(n_rows=600):
    """Columns of several kinds with holes; levels that the first rows do not have."""
    rng = np.random.default_rng(1)
    late = np.arange(n_rows) >= n_rows // 2
    number = rng.normal(size=n_rows)
    city = np.where(late, rng.choice(["Oslo", "Rome"], n_rows), "Bern").astype(object)
    city[::7] = None
    return pd.DataFrame(
        {
            "number": np.where(rng.random(n_rows) < 0.1, np.nan, number),
            "city": pd.Categorical(city),
            "text": np.where(late & (rng.random(n_rows) < 0.3), "yes", None),
            "flag": rng.random(n_rows) < 0.5,
            "kind": np.where(number > 0, "high", "low"),
            "weight": rng.integers(0, 3, n_rows) / 2,
        }
    )


@pytest.fixture
def parquet(tmp_path):
    """The frame in partitions of uneven sizes, one of them without rows."""
    bounds = [0, 40, 40, 170, 300, 450, 600]
    for part, (start, stop) in enumerate(pairwise(bounds)):
        frame()[start:stop].to_parquet(tmp_path / f"part{part}.parquet")
    table = dask_frame.read_parquet(tmp_path)
    assert table.npartitions == 6
    return table


def test_full_batches_are_those_of_one_process(client, parquet):
    """To rounding, with rows of no weight, target and weights being named."""
    table = frame()
    selector = clone(SELECTOR).set_params(batch_size=600)
    fitted = fit(selector, parquet, "kind", "weight", client=client)
    X = table.drop(columns=["kind", "weight"])
    alone = clone(selector).fit(X, table["kind"], table["weight"])
    np.testing.assert_array_equal(fitted.support_, alone.support_)
    np.testing.assert_allclose(fitted.scores_, alone.scores_, rtol=1e-10)
    shares = fitted.predict_proba(X), alone.predict_proba(X)
    np.testing.assert_allclose(*shares, rtol=1e-10)
    assert list(client.run(held).values()) == [0, 0]


@pytest.mark.parametrize(
    "estimator",
    [SELECTOR, BinMaskMLPClassifier(granularity="features", random_state=0)],
    ids=["selector", "classifier"],
)
def test_batches_find_what_one_process_finds(client, parquet, estimator):
    """With target and table as two collections, that dask would cut unlike."""
    X, y = parquet.drop(columns=["kind", "weight"]), parquet["kind"]
    table = frame()
    fitted = fit(estimator, X, y, client=client)
    alone = clone(estimator).fit(X.compute(), table["kind"])
    assert alone.support_[0] and fitted.support_[0]
    assert fitted.input_kinds_ == alone.input_kinds_
    some = table[list(X.columns)]
    found = fitted.score(some, table["kind"]), alone.score(some, table["kind"])
    assert found[0] == pytest.approx(found[1], abs=0.05)


def test_several_targets_of_an_array(client):
    """Numbers from an array that is cut in rows and columns; two targets in a frame."""
    X = np.random.default_rng(0).normal(size=(400, 5))
    y = pd.DataFrame({"a": X[:, 1], "b": np.abs(X[:, 3])})
    network = BinMaskMLPRegressor(
        granularity="features", batch_size=400, max_iter=30, random_state=0
    )
    chunked = dask_array.from_array(X, chunks=(100, 2))
    targets = dask_frame.from_pandas(y, npartitions=4)
    fitted = fit(network, chunked, targets, client=client)
    alone = clone(network).fit(X, y)
    np.testing.assert_array_equal(fitted.support_, alone.support_)
    np.testing.assert_allclose(fitted.predict(X), alone.predict(X), rtol=1e-9)


def test_a_table_that_the_workers_hold(client):
    """Wherever its partitions are."""
    table = frame()
    X = table.drop(columns=["kind", "weight", "text"])
    held_by_dask = dask_frame.from_pandas(
        X.assign(kind=table["kind"]), npartitions=5
    ).persist()
    fitted = fit(SELECTOR, held_by_dask, "kind", client=client)
    assert fitted.support_[0]


def test_threads_of_one_process_bring_rows_of_an_array(monkeypatch):
    """As many at a time as there are threads, of chunks whose size nobody knows."""
    monkeypatch.setattr(shards, "_MOST_HELD", 0)
    table = frame()[["number", "weight", "flag"]].astype(float)
    chunked = dask_frame.from_pandas(table, npartitions=7).to_dask_array()
    target = dask_frame.from_pandas(frame(), npartitions=7)["kind"]
    selector = clone(SELECTOR).set_params(batch_size=600)
    with distributed.Client(
        processes=False, n_workers=1, threads_per_worker=4, dashboard_address=":0"
    ) as client:
        fitted = fit(selector, chunked, target, client=client)
    alone = clone(selector).fit(table.to_numpy(), frame()["kind"])
    np.testing.assert_array_equal(fitted.scores_, alone.scores_)


def test_bad_rows_are_refused(client):
    """By the process that reads them, also where they are of no use to the fit."""
    X = np.random.default_rng(0).normal(size=(300, 4))
    y = dask_array.from_array(X[:, 0] > 0, chunks=50)
    X[290, 1] = np.inf
    with pytest.raises(ValueError, match=r"Rank 1 of 2.*contains infinity"):
        fit(SELECTOR, dask_array.from_array(X, chunks=50), y, client=client)

    def fickle(part: pd.DataFrame) -> pd.DataFrame:
        return part[np.random.default_rng().integers(100) :]

    unsure = dask_frame.from_pandas(frame(), npartitions=4).map_partitions(fickle)
    with pytest.raises(ValueError, match=r"had \d+ rows when they were counted"):
        fit(SELECTOR, unsure, "kind", client=client)
    assert list(client.run(held).values()) == [0, 0]


@pytest.mark.parametrize(
    "when", ["encoded", pytest.param("refitted", marks=pytest.mark.long)]
)
def test_a_worker_that_dies_ends_the_fit(doomed_client, parquet, when):
    """The others, who wait for rows or for the sums of all, give up."""
    client = doomed_client
    doomed = sorted(client.nthreads())[1]

    def die(when) -> None:
        from sklearn_binmask._encoding import CodedRows
        from sklearn_binmask._engine import fixed

        def dying(*_: object, **__: object) -> None:
            os.kill(os.getpid(), signal.SIGKILL)

        if when == "encoded":
            CodedRows.put = dying
        else:
            fixed.train_fixed = dying

    client.run(die, when, workers=[doomed])
    with pytest.raises(DistributedError, match=f"{doomed} has died"):
        fit(SELECTOR, parquet.drop(columns="weight"), "kind", client=client)
    alive = [worker for worker in client.nthreads() if worker != doomed]
    assert set(client.run(held, workers=alive).values()) == {0}


@pytest.mark.long
@pytest.mark.parametrize("is_large", [False, True])
def test_nobody_waits_for_a_worker_that_hangs(doomed_client, parquet, is_large):
    """The client gives up soon after the timeout, whatever the size of the table."""
    client = doomed_client
    client.run(hold_no_rows if is_large else hold_few_rows)
    stopped = sorted(client.nthreads())[1]

    def stop() -> int:
        from sklearn_binmask._engine.training import Trainer

        def stopping(*_: object, **__: object) -> None:
            os.kill(os.getpid(), signal.SIGSTOP)

        Trainer.step = stopping
        return os.getpid()

    process = client.run(stop, workers=[stopped])[stopped]
    started = time.monotonic()
    try:
        with pytest.raises(DistributedError):
            fit(
                SELECTOR,
                parquet.drop(columns="weight"),
                "kind",
                client=client,
                timeout=4,
            )
        assert time.monotonic() - started < 30
    finally:
        os.kill(process, signal.SIGKILL)


@pytest.mark.long
@pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="reads what Linux counts"
)
def test_memory_of_a_worker(tmp_path):
    """At most 0.7 of a table of numbers, categories and text, above a warm worker."""
    n_rows, size = 25_000, 0
    for part in range(24):
        rng = np.random.default_rng(part)
        X = rng.normal(size=(n_rows, 80))
        table = pd.DataFrame(X, columns=[f"x{i}" for i in range(80)])
        table["target"] = X[:, 0] > 0
        for i in range(10):
            levels = np.array([f"level {level}" for level in range(10)])
            table[f"c{i}"] = pd.Categorical(rng.choice(levels, n_rows), levels)
            table[f"t{i}"] = rng.choice([*levels, None], n_rows)
        size += int(table.memory_usage(deep=True).sum())
        table.to_parquet(tmp_path / f"part{part:02}.parquet")

    def memory(name: str) -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(li.split()[1]) * 1024 for li in lines if li.startswith(name))

    def forget_peak() -> int:
        Path("/proc/self/clear_refs").write_text("5")
        return memory("VmRSS")

    with two_workers(memory_limit=0) as client:
        few = dask_frame.from_pandas(table[:300], npartitions=2)
        fit(SELECTOR, few, "target", client=client)
        before = client.run(forget_peak)
        fit(SELECTOR, dask_frame.read_parquet(tmp_path), "target", client=client)
        peaks = client.run(memory, "VmHWM")
    assert all(peaks[worker] - before[worker] < 0.7 * size for worker in before)
