"""Column selection by masked neural networks, as scikit-learn estimators.

Each input column of a table stands behind a gate, open or closed, that is trained
together with the network. Raising the penalty of an open gate closes them one after
the other; what is left open is the selection.

Importing the package is free: a public name brings its module, and with it torch and
scikit-learn, when it is first used.
"""

from sklearn_binmask._version import __version__

TYPE_CHECKING = False  # what type checkers take for true; typing costs milliseconds
if TYPE_CHECKING:
    from sklearn_binmask.chunks import sample_rows
    from sklearn_binmask.classifier import BinMaskMLPClassifier
    from sklearn_binmask.deployment import TRUSTED_TYPES as TRUSTED_TYPES
    from sklearn_binmask.deployment import dump, load, register_onnx_converters
    from sklearn_binmask.display import (
        MaskDisplay,
        PathDisplay,
        StabilityDisplay,
        TrainingDisplay,
    )
    from sklearn_binmask.path import binmask_path
    from sklearn_binmask.regressor import BinMaskMLPRegressor
    from sklearn_binmask.selector import BinMaskSelector
    from sklearn_binmask.selector_cv import BinMaskSelectorCV
    from sklearn_binmask.stability import StabilitySelector

# Public name -> the module that defines it. A new name is one line here, one above
# for type checkers, and one in __all__.
_HOMES = {
    "TRUSTED_TYPES": "sklearn_binmask.deployment",
    "dump": "sklearn_binmask.deployment",
    "load": "sklearn_binmask.deployment",
    "register_onnx_converters": "sklearn_binmask.deployment",
    "BinMaskMLPClassifier": "sklearn_binmask.classifier",
    "BinMaskMLPRegressor": "sklearn_binmask.regressor",
    "BinMaskSelector": "sklearn_binmask.selector",
    "BinMaskSelectorCV": "sklearn_binmask.selector_cv",
    "StabilitySelector": "sklearn_binmask.stability",
    "MaskDisplay": "sklearn_binmask.display",
    "PathDisplay": "sklearn_binmask.display",
    "StabilityDisplay": "sklearn_binmask.display",
    "TrainingDisplay": "sklearn_binmask.display",
    "binmask_path": "sklearn_binmask.path",
    "sample_rows": "sklearn_binmask.chunks",
}

__all__ = [
    "BinMaskSelector",
    "BinMaskSelectorCV",
    "StabilitySelector",
    "BinMaskMLPClassifier",
    "BinMaskMLPRegressor",
    "binmask_path",
    "sample_rows",
    "MaskDisplay",
    "PathDisplay",
    "StabilityDisplay",
    "TrainingDisplay",
    "dump",
    "load",
    "register_onnx_converters",
    "__version__",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(
            f"module {__name__!r} has no attribute {name!r}; "
            f"its public names are {', '.join(__all__)}"
        )
    # Not at the top: `import sklearn_binmask` pays for nothing that it does not use.
    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value  # the next look-up does not come here
    return value


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted({*globals(), *__all__})
