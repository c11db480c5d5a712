"""Estimators through onnxruntime, and the tables to run them on."""

import dataclasses

import numpy as np
import pandas as pd
from numpy.testing import assert_allclose, assert_array_equal
from onnxruntime import InferenceSession
from planted import SMALL, easy
from skl2onnx import to_onnx
from skl2onnx.common.data_types import (
    BooleanTensorType,
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
)

from sklearn_binmask import BinMaskSelector, register_onnx_converters

register_onnx_converters()

N = 150
FULL, Y = easy(N)
# Holes, a few values that many rows share, a flag, and cells far from all others.
X = FULL.copy()
X[:, 2] = np.round(X[:, 2])
X[:, 3] = X[:, 3] > 0
X[::7, 0] = X[::5, 2] = X[::9, 3] = X[3] = np.nan
FAR = np.vstack([X, 1e9 * X, -1e-9 * X, X + 0.3])
NAMES = np.array(["no", "perhaps", "yes"], dtype=object)
CUT = np.digitize(FULL[:, 0], [-0.4, 0.4])
TARGETS = {
    "binary": Y == 1,
    "two texts": NAMES[2 * Y],
    "integers": 3 - 10 * Y,
    "multiclass": CUT + 5,
    "three texts": NAMES[CUT],
    "multilabel": (FULL[:, :3] > [0, 0.5, -0.5]).astype(int),
    "number": 1e4 + 50 * FULL[:, 0],
    "numbers": FULL[:, :2] @ [[1.0, 2.0, 0.5], [0.0, 3.0, -2.0]] + [0, 1e3, 1],
}
CLASSES = [name for name in TARGETS if not name.startswith("number")]


def selector(**params):
    return BinMaskSelector(**SMALL | {"n_features_to_select": 4} | params)


def run(model, X, types=None, **options):
    """Convert a model and run it; `X` is a matrix, or a dict of columns."""
    given = {"X": X} if types is None else {"initial_types": types}
    converted = to_onnx(model, options=options or None, **given)
    session = InferenceSession(
        converted.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [node.name for node in session.get_inputs()]
    cells = X if isinstance(X, dict) else {names[0]: X}
    return session.run(None, {name: cells[name] for name in names})


def assert_same(model, X, types=None, cells=None, atol=1e-12):
    """Compare the prediction of a model with that of its ONNX form."""
    label, probability = run(model, X if cells is None else cells, types, zipmap=False)
    assert_array_equal(label, model.predict(X))
    assert_allclose(probability, model.predict_proba(X), rtol=0, atol=atol)


def with_network(fitted, **changes):
    """Return a copy of a fitted selector with another network."""
    network = dataclasses.replace(fitted.estimator_.network, **changes)
    other = selector()
    vars(other).update(vars(fitted))
    other.estimator_ = dataclasses.replace(fitted.estimator_, network=network)
    return other


# A frame with all kinds of columns


def frame(seed=0, n_rows=N):
    rng = np.random.default_rng(seed)
    age, size = rng.normal(size=(2, n_rows))
    columns = {
        "age": age,
        "city": rng.choice(["Oslo", "Rome", "Łódź"], n_rows),
        "member": rng.random(n_rows) > 0.4,
        "grade": pd.Categorical(rng.integers(0, 4, n_rows)),
        "visits": rng.integers(0, 9, n_rows),
        "size": size,
    }
    table = pd.DataFrame(columns)
    table.loc[::7, "age"] = np.nan
    table.loc[::11, "city"] = None
    table.loc[::13, "grade"] = np.nan
    return table


TABLE = frame()
HIGH = TABLE["grade"].astype(float) > 1
MIXED = (TABLE["age"].fillna(0) + (TABLE["city"] == "Rome") + HIGH > 0.8).to_numpy()
TYPES = [
    ("age", DoubleTensorType([None, 1])),
    ("city", StringTensorType([None, 1])),
    ("member", BooleanTensorType([None, 1])),
    ("grade", DoubleTensorType([None, 1])),
    ("visits", Int64TensorType([None, 1])),
    ("size", DoubleTensorType([None, 1])),
]


def cells_of(table, types=TYPES):
    """Columns as ONNX carries them: missing text is empty."""
    cells = {}
    for name, kind in types:
        column = table[[name]]
        if isinstance(kind, StringTensorType):
            cells[name] = column.fillna("").to_numpy(dtype=str).astype(object)
        else:
            numpy_type = {DoubleTensorType: float, FloatTensorType: np.float32}
            dtype = numpy_type.get(type(kind))
            cells[name] = column.to_numpy(dtype=dtype)
    return cells
