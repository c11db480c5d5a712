"""A fit on a dask cluster is the fit of one process with the whole table."""

import os
import signal
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from sklearn_binmask import BinMaskSelector, StabilitySelector
from sklearn_binmask.distributed import fit
from sklearn_binmask.exceptions import DistributedError, ParameterError

dask_array = pytest.importorskip("dask.array")
dask_frame = pytest.importorskip("dask.dataframe")
distributed = pytest.importorskip("distributed")

SELECTOR = BinMaskSelector(
    n_features_to_select=2,
    hidden_layer_sizes=(3,),
    n_members=2,
    batch_size=300,
    max_iter=20,
    random_state=0,
)


@pytest.fixture(scope="module")
def client() -> Iterator[distributed.Client]:
    """Two workers, each a process of its own."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def numbers():
    """A target that needs two columns."""
    X = np.random.default_rng(0).normal(size=(300, 4))
    return X, X[:, 0] + np.abs(X[:, 2])


def frame():
    """Columns of several kinds with holes; levels that the first rows do not have."""
    rng = np.random.default_rng(1)
    late = np.arange(300) >= 150
    number = rng.normal(size=300)
    city = np.where(late, rng.choice(["Oslo", "Rome"], 300), "Bern").astype(object)
    city[::7] = None
    return pd.DataFrame(
        {
            "number": np.where(rng.random(300) < 0.1, np.nan, number),
            "city": pd.Categorical(city),
            "text": np.where(late & (rng.random(300) < 0.3), "yes", None),
            "flag": rng.random(300) < 0.5,
            "kind": np.where(number > 0, "high", "low"),
            "weight": rng.uniform(0.5, 2.0, 300),
        }
    )


def held_by(client) -> list[int]:
    """Count what the workers hold for fits; one after the other, as they work."""

    def count() -> int:
        from sklearn_binmask._estimator import workers

        return len(workers._shards) + len(workers._stores)

    return [
        client.submit(count, workers=[worker], pure=False).result(timeout=60)
        for worker in client.nthreads()
    ]


def test_partitioned_parquet_is_fitted_as_in_memory(client, tmp_path):
    """Categories and missing values too, target and weights by name."""
    table = frame()
    for part, start in enumerate([0, 40, 40, 170]):
        rows = table.iloc[start : [40, 40, 170, 300][part]]
        rows.to_parquet(tmp_path / f"part{part}.parquet")
    parquet = dask_frame.read_parquet(tmp_path)
    assert parquet.npartitions == 4
    fitted = fit(SELECTOR, parquet, "kind", "weight", client=client)
    X = table.drop(columns=["kind", "weight"])
    alone = clone(SELECTOR).fit(X, table["kind"], table["weight"])
    np.testing.assert_array_equal(fitted.support_, alone.support_)
    np.testing.assert_array_equal(fitted.classes_, alone.classes_)
    np.testing.assert_allclose(fitted.scores_, alone.scores_, rtol=1e-10)
    shares = fitted.predict_proba(X), alone.predict_proba(X)
    np.testing.assert_allclose(*shares, rtol=1e-10)
    assert fitted.get_params() == SELECTOR.get_params()
    assert not hasattr(SELECTOR, "support_")
    assert held_by(client) == [0, 0]


def test_arrays_in_whatever_chunks(client):
    """Columns are brought together; one partition is a fit of one worker."""
    X, y = numbers()
    alone = clone(SELECTOR).fit(X, y)
    for rows, columns in [(70, 3), (300, 4)]:
        chunked = dask_array.from_array(X, chunks=(rows, columns))
        target = dask_array.from_array(y, chunks=rows)
        fitted = fit(SELECTOR, chunked, target, client=client)
        np.testing.assert_allclose(fitted.scores_, alone.scores_, rtol=1e-10)
    with pytest.raises(ValueError, match="y has 2 partitions, but X has 5"):
        fit(SELECTOR, dask_array.from_array(X, chunks=60), target.rechunk(200))


def test_groups_by_name_or_as_a_collection(client):
    """Partitions cut across them."""
    X, y = numbers()
    patient = np.arange(300) // 7
    alone = clone(SELECTOR).fit(X, y, groups=patient)
    table = pd.DataFrame(X).rename(columns=str).assign(y=y, patient=patient)
    parted = dask_frame.from_pandas(table, npartitions=4)
    rows = dask_array.from_array(X, chunks=(80, -1))
    target, labels = (dask_array.from_array(part, chunks=80) for part in (y, patient))
    for fitted in (
        fit(SELECTOR, parted, "y", groups="patient", client=client),
        fit(SELECTOR, rows, target, groups=labels, client=client),
    ):
        np.testing.assert_allclose(fitted.scores_, alone.scores_, rtol=1e-10)
        assert fitted.n_features_in_ == 4
    apart = clone(SELECTOR).fit(X, y)
    assert not np.allclose(apart.scores_, alone.scores_, rtol=1e-10)


def test_a_fit_touches_no_global_state_of_client_and_workers(client):
    """The address that the workers meet at is in the environment only meanwhile."""

    def describe():
        from world import describe_world

        # dask's own threads come and go, and draw lots with Python's generator
        dasks = "threads", "python generator"
        world = describe_world().items()
        return {key: repr(value) for key, value in world if key not in dasks}

    X, y = (dask_array.from_array(part, chunks=100) for part in numbers())
    fit(SELECTOR, X, y)  # what is imported late is here from now on
    before = describe(), client.run(describe)
    fit(SELECTOR, X, y)
    after = describe(), client.run(describe)
    for one, other in [
        (before[0], after[0]),
        *((world, after[1][worker]) for worker, world in before[1].items()),
    ]:
        assert [key for key in one if one[key] != other[key]] == []


def test_what_cannot_be_fitted_is_refused(client):
    """By the client, or by the worker that has the rows."""
    X, y = numbers()
    X[290, 1] = np.inf
    chunked, target = (dask_array.from_array(part, chunks=50) for part in (X, y))
    with pytest.raises(ValueError, match=r"Rank 1 of 2.*contains infinity"):
        fit(SELECTOR, chunked, target)
    with pytest.raises(TypeError, match="X is a ndarray, but must be a dask"):
        fit(SELECTOR, X, target)
    with pytest.raises(ParameterError, match="StabilitySelector has no parameter"):
        fit(StabilitySelector(), chunked, target)
    with pytest.raises(ParameterError, match="interface='nowhere' is not allowed"):
        fit(SELECTOR, chunked, target, interface="nowhere")
    assert held_by(client) == [0, 0]


def test_a_worker_that_dies_ends_the_fit(client):
    """The client is told which; the others forget the rows."""
    X, y = numbers()
    chunked, target = (dask_array.from_array(part, chunks=50) for part in (X, y))
    doomed = sorted(client.nthreads())[1]

    def die_at_the_tenth_step() -> None:
        from sklearn_binmask._engine.training import Trainer

        step, steps = Trainer.step, iter(range(10))

        def fatal_step(self, *args, **options):
            if next(steps, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
            step(self, *args, **options)

        Trainer.step = fatal_step

    client.run(die_at_the_tenth_step, workers=[doomed])
    with pytest.raises(DistributedError, match=f"{doomed} has died"):
        fit(SELECTOR, chunked, target)
    client.wait_for_workers(2, timeout=300)
    assert held_by(client) == [0, 0]
