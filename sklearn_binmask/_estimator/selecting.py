"""The transformer in every estimator: the user's own columns, those selected."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.feature_selection import SelectorMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from .pointers import refuse_outside
from .reporting import ColumnReport
from .rows import check_table, is_frame, select_columns

__all__ = ["SelectedColumns"]


class SelectedColumns(SelectorMixin, ColumnReport):
    """Hands back the columns of ``support_`` untouched, and reports on all."""

    support_: NDArray[np.bool_]
    _fitted_on_frame: bool

    def _get_support_mask(self) -> NDArray[np.bool_]:
        check_is_fitted(self, "support_")
        return self.support_

    def transform(self, X: Any) -> Any:
        """Keep the selected columns.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            A table with the columns of the one fitted.

        Returns
        -------
        X_selected : array or data frame of shape (n_samples, n_features_)
            The selected columns, values and dtypes untouched: a data frame if `X` is
            one (unless `set_output` says otherwise), CSR if `X` is sparse, else an
            array.
        """
        support = self._get_support_mask()
        if self._fitted_on_frame and is_frame(X):
            return select_columns(check_table(self, X, reset=False), support)
        if issparse(X):
            refuse_outside(X)
        return super().transform(X)

    def __sklearn_tags__(self) -> Tags:
        """Tell scikit-learn what the estimator takes."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        return tags
