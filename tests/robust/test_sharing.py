"""Threads, processes, the network, memory: what a fitted estimator shares with others.

Predicting is pure; a fit says the same in any process.
"""

import gc
import multiprocessing
import os
import subprocess
import sys
import threading
import tracemalloc
import weakref

import joblib
import numpy as np
import pytest
import scipy.sparse
import threadpoolctl
import torch
from estimators import NAMES, PREDICTING, X, Y, assert_says, quick, says

from sklearn_binmask._engine import training

N_THREADS = 8


@pytest.mark.parametrize("name", NAMES)
def test_eight_threads_that_predict_disturb_nobody(name):
    """Each asks about rows of its own, all at once, and gets what one alone gets."""
    estimator = quick(name).fit(X, Y)
    tables = [np.roll(X, shift, axis=0) * (1 + shift) for shift in range(N_THREADS)]
    expected = [says(estimator, table) for table in tables]
    barrier, wrong = threading.Barrier(N_THREADS), []

    def ask(number):
        barrier.wait()
        for _ in range(20):
            said = says(estimator, tables[number])
            for key, values in said.items():
                if not np.array_equal(values, expected[number][key]):
                    wrong.append((number, key))

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(N_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("name", NAMES)
def test_predicting_writes_nothing(name):
    estimator = quick(name).fit(X, Y)
    before = joblib.hash(estimator)
    table = X.copy()
    table.flags.writeable = False
    says(estimator, table)
    assert joblib.hash(estimator) == before


def test_four_threads_that_fit_say_what_one_says():
    expected = says(quick("selector").fit(X, Y))
    fitted = joblib.Parallel(n_jobs=4, backend="threading")(
        joblib.delayed(quick("selector").fit)(X, Y) for _ in range(8)
    )
    for estimator in fitted:
        assert_says(estimator, expected)


def fit_in_another_process(name):
    """Fit, for a process that knows nothing but this module."""
    return quick(name).fit(X, Y)


def test_other_processes_say_the_same():
    """Those of loky, which memory-map a table read-only."""
    table = np.tile(X, (1, 1))
    with joblib.parallel_config(backend="loky", n_jobs=2):
        fitted = joblib.Parallel(max_nbytes=100)(
            joblib.delayed(quick(name).fit)(table, Y) for name in PREDICTING
        )
    for name, estimator in zip(PREDICTING, fitted, strict=True):
        assert_says(estimator, says(quick(name).fit(X, Y)))


CHILD = """
import multiprocessing, os, pickle, sys
sys.path.insert(0, {tests!r})
from estimators import X, Y, quick, says
def fit(name):
    return says(quick(name).fit(X, Y))
if __name__ == "__main__":
    predicted = quick("classifier").fit(X, Y)
    with multiprocessing.get_context({method!r}).Pool(1) as pool:
        inside = pool.apply(fit, ("classifier",))
        asked = pool.apply(predicted.predict_proba, (X,))
    outside = says(predicted)
    for key in outside:
        assert (inside[key] == outside[key]).all(), key
    assert (asked == outside["predict_proba"]).all()
    print("same")
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_forked_and_spawned_processes_say_the_same(method, tmp_path):
    """Even a fork after a fit: it ran on one thread, and left no pool behind."""
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"{method} is not known here")
    script = tmp_path / "child.py"
    script.write_text(
        CHILD.format(tests=os.path.dirname(os.path.dirname(__file__)), method=method)
    )
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=300
    )
    assert done.stdout.strip() == "same", done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_the_number_of_threads_is_of_no_matter(name):
    """A fit takes one thread whatever the process has, so not a bit differs."""
    expected = says(quick(name).fit(X, Y))
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with threadpoolctl.threadpool_limits(2):
            assert_says(quick(name).fit(X, Y), expected)
    finally:
        torch.set_num_threads(before)


OFFLINE = """
import sys
sys.path.insert(0, {tests!r})
seen = []
sys.addaudithook(lambda event, args: seen.append(event) if "socket" in event else None)
import io
from estimators import NAMES, X, Y, quick, says
from sklearn_binmask import binmask_path, dump, load
for name in NAMES:
    estimator = quick(name).fit(X, Y)
    says(estimator), repr(estimator), estimator._repr_html_()
    dump(estimator, file := io.BytesIO())
    load(file)
binmask_path(X, Y, n_members=2)
asked = [e for e in seen if e != "socket.__new__" and e != "socket.gethostname"]
assert not asked, asked
print("offline")
"""


def test_nothing_asks_the_network():
    code = OFFLINE.format(tests=os.path.dirname(os.path.dirname(__file__)))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "offline", done.stderr


@pytest.mark.parametrize("name", ["selector", "classifier"])
def test_predicting_takes_memory_for_the_answer_and_a_chunk(name):
    """Not for all rows in each layer: 60,000 rows times 100 units are 48 MB."""
    estimator = quick(name, hidden_layer_sizes=(100,)).fit(X, Y)
    table = np.tile(X, (1_000, 1))
    estimator.predict(table[:100])
    tracemalloc.start()
    estimator.predict_proba(table)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8e6


@pytest.mark.parametrize("name", NAMES)
def test_what_a_fit_holds_is_let_go_of_at_once(name, monkeypatch):
    """Rows and networks wait for no collector of garbage, which may be late."""
    held, genuine = [], training.Trainer.__init__

    def watched(self, *args):
        held.append(weakref.ref(self))
        genuine(self, *args)

    monkeypatch.setattr(training.Trainer, "__init__", watched)
    gc.disable()
    try:
        quick(name).fit(X, Y)
        with pytest.raises(ValueError, match="sample_weight"):
            quick(name).fit(X, Y, sample_weight=-X[:, 0])
        assert held
        assert [ref() for ref in held if ref() is not None] == []
    finally:
        gc.enable()


def test_a_sparse_table_is_not_made_dense():
    """Neither by a fit nor by a prediction: as an array it has 36 MB."""
    n_rows, n_columns = 1_500, 3_000
    rows, columns = np.random.default_rng(0).integers(
        [[n_rows], [n_columns]], size=(2, 9_000)
    )
    cells = np.ones(len(rows)), (rows, columns)
    table = scipy.sparse.csr_array(cells, shape=(n_rows, n_columns))
    y = np.arange(n_rows) % 2
    quick("classifier").fit(X, Y)  # what is imported late is here from now on
    tracemalloc.start()
    estimator = quick("classifier", max_iter=1).fit(table, y)
    estimator.predict_proba(table)
    estimator.transform(table)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 15e6
