"""Fitted estimators in files that others can read: skops and ONNX.

See ``docs/deployment.md`` for how to save, load and convert.
"""

from .classifier import BinMaskMLPClassifier
from .regressor import BinMaskMLPRegressor
from .selector import BinMaskSelector
from .selector_cv import BinMaskSelectorCV
from .stability import StabilitySelector

__all__ = ["TRUSTED_TYPES", "register_onnx_converters"]

# What skops finds in the files of our estimators and does not know: to be passed to
# ``skops.io.load(file, trusted=TRUSTED_TYPES)``.
TRUSTED_TYPES: list[str] = [
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
