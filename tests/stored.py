"""Writes the stored models of this release: ``python tests/stored.py``.

To be run once per release, before it is published; the files of a release are never
written again. `tests/test_stored.py` loads them ever after.
"""

import io
import pickle
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from estimators import X, Y, quick, says

from sklearn_binmask import __version__, dump

HOME = Path(__file__).parent / "data"


def table():
    """Make a frame of all kinds of columns, the same on any machine."""
    frame = pd.DataFrame(np.round(X, 3), columns=list("abc"))
    frame.loc[::7, "a"] = np.nan
    frame["text"] = np.where(Y == 1, "u", "v")
    frame["flag"] = X[:, 2] > 0
    return frame


def models():
    """Fit one of each kind."""
    frame = table()
    yield "selector", quick("selector").fit(frame, Y)
    yield "selector_cv", quick("selector_cv").fit(frame, Y)
    yield "stability", quick("stability").fit(frame, Y)
    classes = np.where(Y == 1, "yes", "no")
    network = quick("classifier", sparsity=0.5).fit(frame, classes)
    yield "classifier", network
    yield "classifier_compact", network.compact()
    yield "regressor", quick("regressor").fit(frame, X[:, 0])


def answers(estimator):
    """Say what does not hang on how a library writes its tables."""
    said = says(estimator, table())
    del said["transform"]
    return {name: v.astype(str) if v.dtype == object else v for name, v in said.items()}


def write(home):
    """Write the models and what they say, for the version that runs."""
    folder = home / __version__
    folder.mkdir(parents=True, exist_ok=True)
    for name, estimator in models():
        dump(estimator, folder / f"{name}.skops")
        (folder / f"{name}.pickle").write_bytes(pickle.dumps(estimator, protocol=5))
        np.savez_compressed(file := io.BytesIO(), **answers(estimator))
        (folder / f"{name}.npz").write_bytes(file.getvalue())


if __name__ == "__main__":
    write(HOME)
    sys.exit()
