"""Fitted estimators in files that others can read: skops and ONNX.

See ``docs/deployment.md`` for how to save, load and convert.
"""

import uuid
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

from ._deployment.archive import check_sizes, seal, unseal
from .classifier import BinMaskMLPClassifier
from .exceptions import FileError
from .regressor import BinMaskMLPRegressor
from .selector import BinMaskSelector
from .selector_cv import BinMaskSelectorCV
from .stability import StabilitySelector

__all__ = ["TRUSTED_TYPES", "dump", "load", "register_onnx_converters"]

# What skops finds in the files of our estimators and does not know: to be passed to
# ``skops.io.load(file, trusted=TRUSTED_TYPES)``.
TRUSTED_TYPES: list[str] = [
    "scipy.sparse._csr.csr_array",
    "sklearn_binmask._encoding.schema.LevelState",
    "sklearn_binmask._encoding.schema.NumberState",
    "sklearn_binmask._encoding.table.TableEncoding",
    "sklearn_binmask._engine.problem.Network",
    "sklearn_binmask._engine.problem.StopReason",
    "sklearn_binmask._estimator.fitted.FittedNetwork",
    "sklearn_binmask.classifier.BinMaskMLPClassifier",
    "sklearn_binmask.regressor.BinMaskMLPRegressor",
    "sklearn_binmask.selector.BinMaskSelector",
    "sklearn_binmask.selector_cv.BinMaskSelectorCV",
    "sklearn_binmask.stability.StabilitySelector",
]


def dump(estimator: Any, file: str | Path | BinaryIO) -> None:
    """Save a fitted estimator, or a pipeline with one, in a file without code.

    A file of `skops <https://skops.readthedocs.io>`_, with a checksum of all its bytes.

    Parameters
    ----------
    estimator : estimator
        Ours, or a pipeline or another model of scikit-learn that holds one.
    file : str, Path or binary file
        Where to write; a name ends in ``.skops`` by custom. A file of this name is
        replaced only once all bytes are written, and stays as it is if that fails.

    Raises
    ------
    ImportError
        If skops is not installed.

    See Also
    --------
    load : Reads the file.

    Examples
    --------
    >>> from io import BytesIO
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_binmask import BinMaskSelector, dump, load
    >>> X, y = load_iris(return_X_y=True)
    >>> selector = BinMaskSelector(n_features_to_select=2, random_state=0).fit(X, y)
    >>> file = BytesIO()
    >>> dump(selector, file)
    >>> print((load(file).predict(X) == selector.predict(X)).all())
    True
    """
    data = seal(_skops().dumps(estimator))
    if isinstance(file, str | Path):
        _write(Path(file).resolve(), data)
    else:
        file.write(data)


def _write(path: Path, data: bytes) -> None:
    """Write a file beside the one of this name, and put it in its place."""
    if path.exists() and not path.is_file():
        path.write_bytes(data)  # a pipe, say, has no other place
        return
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def load(file: str | Path | BinaryIO, *, trusted: Sequence[str | type] = ()) -> Any:
    """Load what `dump` saved, or nothing.

    Every byte is checked before any of it is used. No code of the file is run, only
    types of scikit-learn and of this package are built, and the memory needed is
    bounded by the size of the file.

    Parameters
    ----------
    file : str, Path or binary file
        Written by `dump`; a binary file is read from its beginning.
    trusted : sequence of str or type, default=()
        Further types that may be built, such as those of your own estimators.

    Returns
    -------
    estimator : estimator
        As it was saved.

    Raises
    ------
    FileError
        If the file is damaged, was not written by `dump`, asks for too much memory, or
        holds types that are not trusted.
    OSError
        If it cannot be read at all.
    ImportError
        If skops is not installed.

    Warns
    -----
    VersionMismatchWarning
        If another version of this package wrote it.

    See Also
    --------
    dump : Writes the file.

    Examples
    --------
    >>> from io import BytesIO
    >>> from sklearn_binmask import BinMaskSelector, dump, load
    >>> file = BytesIO()
    >>> dump(BinMaskSelector(max_iter=500), file)
    >>> load(file)
    BinMaskSelector(max_iter=500)
    """
    skops_io = _skops()
    if isinstance(file, str | Path):
        data = Path(file).read_bytes()
    else:
        file.seek(0)
        data = file.read()
    unseal(data)
    try:
        check_sizes(data)
        return skops_io.loads(data, trusted=[*TRUSTED_TYPES, *trusted])
    except (FileError, Warning):
        raise
    except Exception as error:
        raise FileError(
            f"The file cannot be loaded: {type(error).__name__}: {error}"
        ) from error


def _skops() -> ModuleType:
    """Import skops, or say how to have it."""
    try:
        import skops.io  # type: ignore[import-untyped]
    except ImportError as error:
        raise ImportError(
            "dump and load need skops, which is not installed. Try: "
            "pip install 'sklearn-binmask[persist]'"
        ) from error
    return skops.io


# Estimators that have an ONNX form: each holds a `FittedNetwork` in ``estimator_`` or,
# as a transformer, the columns that it selects in ``support_``, or both.
CONVERTIBLE: tuple[type, ...] = (
    BinMaskSelector,
    BinMaskSelectorCV,
    StabilitySelector,
    BinMaskMLPClassifier,
    BinMaskMLPRegressor,
)


def register_onnx_converters() -> None:
    """Teach skl2onnx to convert the estimators of this package.

    To be called once, before `skl2onnx.to_onnx` or `skl2onnx.convert_sklearn`; further
    calls do nothing new. Inside a `Pipeline`, a `FeatureUnion` or a
    `ColumnTransformer` an estimator is then converted as the transformer it is there,
    and as the last step, or alone, as what predicts (a selector with ``refit=True``).

    skl2onnx keeps its converters in global tables, and so does this function: it adds
    our estimators, and wraps the parsers of those three, which treat all other
    estimators as before.

    Raises
    ------
    ImportError
        If skl2onnx is not installed.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_binmask import BinMaskSelector, register_onnx_converters
    >>> from skl2onnx import to_onnx
    >>> X, y = load_iris(return_X_y=True)
    >>> selector = BinMaskSelector(n_features_to_select=2, random_state=0).fit(X, y)
    >>> register_onnx_converters()
    >>> graph = to_onnx(selector, X, options={"zipmap": False}).graph
    >>> [output.name for output in graph.output]
    ['label', 'probabilities']
    """
    try:
        import skl2onnx  # type: ignore[import-untyped]  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "register_onnx_converters needs skl2onnx, which is not installed. Try: "
            "pip install 'sklearn-binmask[onnx]'"
        ) from error
    from ._deployment.register import register

    register(CONVERTIBLE)
