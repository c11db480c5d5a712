"""Many fits on many processes: whatever runs them, the scores are those of one."""

import importlib.util
import warnings
from contextlib import nullcontext

import numpy as np
import pytest
from joblib import delayed, parallel_config
from numpy.testing import assert_array_equal
from planted import SMALL, easy
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_binmask import (
    BinMaskMLPClassifier,
    BinMaskSelector,
    BinMaskSelectorCV,
    StabilitySelector,
)
from sklearn_binmask._estimator.resampled import _parallel

X, Y = easy(120, n_columns=4)


def grid(n_jobs):
    selector = BinMaskSelector(task="classification", **SMALL)
    return GridSearchCV(
        make_pipeline(StandardScaler(), selector),
        {"binmaskselector__n_features_to_select": [1, 2]},
        cv=2,
        n_jobs=n_jobs,
    )


def says(n_jobs=None):
    """Gather what many fits say, as arrays by name."""
    search = grid(n_jobs).fit(X, Y)
    stable = StabilitySelector(
        n_resamples=4, n_members=2, random_state=0, n_jobs=n_jobs
    ).fit(X, Y)
    said = {
        "search": search.cv_results_["mean_test_score"],
        "best": search.predict_proba(X),
        "probabilities": stable.path_,
    }
    for model in (
        BinMaskSelectorCV(cv=2, task="classification", **SMALL),
        BinMaskMLPClassifier(hidden_layer_sizes=(4,), max_iter=2, random_state=0),
    ):
        name = type(model).__name__
        said[name] = cross_val_score(model, X, Y, cv=2, n_jobs=n_jobs)
    return said


@pytest.fixture(scope="module")
def serial():
    return says()


@pytest.fixture(scope="module")
def dask():
    """Start a cluster of two processes on this machine."""
    distributed = pytest.importorskip("distributed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ports in use, slow ends of processes
        cluster = distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        )
        with cluster, distributed.Client(cluster):
            yield parallel_config("dask")


@pytest.fixture(scope="module")
def ray():
    ray = pytest.importorskip("ray")
    from ray.util.joblib import register_ray

    register_ray()
    ray.init(num_cpus=2)
    yield parallel_config("ray")
    ray.shutdown()


@pytest.mark.parametrize("backend", ["threading", "loky", "dask", "ray"])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_scores_are_those_of_one_process(backend, serial, request):
    if backend in ("dask", "ray"):
        if importlib.util.find_spec(backend) is None:
            pytest.skip(f"{backend} is not installed")
        config = request.getfixturevalue(backend)
    else:
        config = parallel_config(backend)
    with config or nullcontext():
        said = says(n_jobs=2)
    assert said.keys() == serial.keys()
    for name, values in said.items():
        assert_array_equal(values, serial[name], err_msg=name)
    assert np.ptp(serial["search"]) > 0


def test_a_backend_that_gives_all_results_at_once():
    """As that of ray does; processes are not forked here, beside those of dask."""
    tasks = [delayed(abs)(-number) for number in range(3)]
    with parallel_config("multiprocessing"):
        jobs = _parallel(2)
        assert not jobs.return_generator
    assert list(_parallel(1)(tasks)) == [0, 1, 2]
