"""What every estimator has: a stamp on its pickles, and one way to be written on."""

import inspect
import warnings
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from .._version import __version__
from ..exceptions import VersionMismatchWarning

__all__ = ["StampedEstimator", "publish", "seed_of"]

DOCUMENTATION = "https://sklearn-binmask.readthedocs.io/en/stable"


class StampedEstimator(BaseEstimator):
    """An estimator whose pickles know the version that wrote them."""

    # What the HTML view links to: the estimator's page in our documentation.
    _doc_link_module = "sklearn_binmask"
    _doc_link_template = f"{DOCUMENTATION}/generated/sklearn_binmask.{{name}}.html"

    def _doc_link_url_param_generator(self) -> dict[str, str]:
        return {"name": type(self).__name__}

    def __getstate__(self) -> dict[str, Any]:
        """Add the version to what is pickled."""
        return {**super().__getstate__(), "_sklearn_binmask_version": __version__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Warn if another version wrote the pickle."""
        state = dict(state)
        written_by = state.pop("_sklearn_binmask_version", "unknown")
        if written_by != __version__:
            warnings.warn(
                f"{type(self).__name__} was saved by version {written_by} of "
                f"sklearn_binmask and is loaded by version {__version__}. What it "
                "predicts may differ; fit it again, or install the version that "
                "saved it.",
                VersionMismatchWarning,
                stacklevel=2,
            )
        if "support_" in state:
            _check_support(state["support_"], state["n_features_in_"])
        super().__setstate__({**_defaults_of(type(self)), **state})


def _check_support(support: Any, n_columns: Any) -> None:
    """Refuse what does not say of each column whether it is selected."""
    if np.shape(support) != (n_columns,) or np.asarray(support).dtype != bool:
        raise ValueError(f"support_ is no mask of the {n_columns!r} columns")


def _defaults_of(cls: type) -> dict[str, Any]:
    """List the defaults of the parameters, some of which a saved one may not know."""
    parameters = inspect.signature(cls).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}


def seed_of(random_state: Any) -> int:
    """Draw the one seed of a fit, without touching the global generator."""
    if random_state is None:
        return int(np.random.default_rng().integers(2**31))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    return int(random_state)


def publish(estimator: BaseEstimator, attributes: dict[str, Any]) -> None:
    """Replace all fitted attributes at once."""
    kept = {
        name: value
        for name, value in vars(estimator).items()
        if not name.endswith("_") or name[0] == "_"
    }
    # one assignment: an interrupt comes before it or after it
    estimator.__dict__ = kept | attributes
