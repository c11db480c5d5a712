"""`BinMaskSelector`: which columns of a table matter to a non-linear model."""

from typing import Any, Self

from ._estimator import (
    Agreement,
    ColumnSelector,
    PathSettings,
    Trial,
    check_enough_rows,
    find_agreement,
    fitted_attributes,
    publish,
    select,
    trace,
)
from ._parameters import COMMON, SELECTION, SHARED
from ._sklearn import FitProgress, _fit_context
from .exceptions import ParameterError

__all__ = ["BinMaskSelector"]


class BinMaskSelector(ColumnSelector):
    """Select columns with a masked neural network.

    Each column of the table stands behind a gate, open or closed. A committee of small
    networks is trained on the table, and with it the gates, by the straight-through
    gradient of BinMask [1]_: the loss is the data loss plus a price for every open
    gate. The price rises until no gate is open, and on this path lies the answer: the
    support of the wanted size, or the smallest one that predicts as well as the best.

    Numbers, booleans, categories and text are taken as they are, missing values too;
    all that is made of one column (standardized value, folds of its ranks, levels,
    missing flag) shares its gate. A column that does not vary is never selected.

    Parameters
    ----------
    n_features_to_select : "auto", int or float, default="auto"
        How many columns to select. An int is exactly that many; a float in (0, 1] is
        that share of the columns. "auto" takes the smallest set whose loss on held-out
        rows is within one standard error (of the difference, row by row) of the best
        on the path, or a larger one where networks that are trained longer show it to
        be clearly better.
    l0_penalty : float, default=None
        Price of one open gate, in units of the mean loss; a larger one selects fewer
        columns. Exclusive with a number in `n_features_to_select`. `path_` shows the
        price at which each support is left.
    min_features_to_select : int, default=1
        Fewest columns that "auto" or `l0_penalty` may select.
    task : {"auto", "classification", "regression"}, default="auto"
        What `y` is; "auto" asks `sklearn.utils.multiclass.type_of_target`. Say
        "classification" or "regression" to let scikit-learn know before `fit`, for
        stratified folds and default scorers.
    numeric_encoding : {"auto", "piecewise_linear"} or None, default="auto"
        What stands behind the gate of a number besides its standardized value:
        "piecewise_linear" adds the value's rank, folded at its median and again at
        its quartiles, so that small networks see effects without a slope. Where fewer
        than 32 columns are asked for, the last ones also have a step at each octile,
        for thin bands and quick waves. "auto" is "piecewise_linear" for up to 32
        columns a row, and None, which adds nothing, for more.
    categorical_features : "from_dtype", array-like or None, default="from_dtype"
        Columns whose values are levels: as said by the dtypes of a data frame, or a
        boolean mask, indices or names; None for no column.
    feature_groups : list of list, array-like of shape (n_features,) or None, \
            default=None
        Columns that are kept or dropped together, sharing one gate: lists of names or
        indices, or one label per column. Columns not listed stand alone.
    mandatory_features : array-like or None, default=None
        Columns that are always kept and cost nothing: a boolean mask, indices or
        names. They count towards `n_features_to_select`.
    hidden_layer_sizes : "auto", int or array-like of int, default="auto"
        Units of each hidden layer of each network; "auto" takes one layer of 16, of 32
        for more than 4 outputs (such as classes), and of 64 for more than 8. More units
        see finer interactions and overfit small tables sooner.
    n_members : "auto" or int, default="auto"
        Networks of the committee; "auto" takes as many as have 256 units in all, and at
        least 4. Each trains on half of the rows and judges the gates on the other half.
        More make the selection steadier, at a proportional cost.
    activation : {"relu", "tanh", "logistic", "identity"}, default="relu"
        Of the hidden units.
    alpha : float, default=0.5
        Weight decay: each step shrinks the weights by ``learning_rate_init * alpha``
        (decoupled, as in AdamW), by less in tables of more than 2000 rows, in
        proportion. Larger keeps the networks smoother. The final network has a
        fiftieth of it.
    batch_size : int or "auto", default="auto"
        Rows per step; "auto" is a 32nd of the table, but at least 128 and at most 512.
        A table of up to 256 rows is always taken whole, so that a row of weight k
        counts as k copies of it.
    learning_rate_init : float, default=0.01
        First step size of Adam for the weights; it falls to 0.3 of this when gates
        begin to close. In the final network of over 1,500 rows it is larger in
        proportion, up to three times. Larger learns faster and less finely.
    mask_learning_rate : float, default=0.03
        Share of a gate's score that one batch replaces. Larger follows the last
        batches more closely and is noisier.
    max_iter : int, default=1000
        Most passes over the rows of the final network; it stops by itself when its
        held-out loss stops improving.
    validation_fraction : float, default=0.3
        Share of the rows that "auto" holds out to compare the sizes. With a number or
        a price, no row is held out: each is judged by the members that have not
        trained on it.
    class_weight : dict, list of dict, "balanced" or None, default=None
        Weight of each class; a list has one dict per label of a multi-label target.
    refit : bool, default=True
        Whether to train a network on the selected columns, for `predict`,
        `predict_proba` and `score`. `transform` does not need it.
    device : str, default="cpu"
        Where to train: "cpu", "auto" (a GPU if there is one) or a torch device.
    distributed : "auto" or None, default=None
        Whether `fit` is one of several processes that fit together. With "auto" it
        is, if a process group of `torch.distributed` is active: each process is given
        rows of its own, and all end with the same estimator, the one of a single
        process with all rows. None fits on the rows given and no others.
    random_state : int, RandomState instance or None, default=None
        Of the splits, the first weights and the batches. An int makes `fit` repeatable
        bit for bit on one machine.
    verbose : int, default=0
        Whether to show a progress bar: that of scikit-learn's `ProgressBar` callback,
        which needs the extra ``progress``. Any number above 0 shows the same bar.

    Attributes
    ----------
    support_ : ndarray of bool of shape (n_features_in_,)
        The selected columns.
    ranking_ : ndarray of int of shape (n_features_in_,)
        1 for the selected columns; then 2, 3, ... from the last to leave the path to
        the first. Columns that share a gate share their rank.
    scores_ : ndarray of shape (n_features_in_,)
        Price at which each column left the path for good, in units of the mean loss:
        larger is more important. Of columns that are left where a number is asked for,
        what they are worth beside each other. Infinite for mandatory columns, ``-inf``
        for columns that do not vary.
    n_features_ : int
        Number of selected columns.
    path_ : ndarray of shape (n_points,)
        The path, down to no column, or to the number asked for (but with groups of
        several columns); a structured array: ``penalty`` (price up to which the point's
        support is kept), ``n_open`` (open gates), ``n_features`` (columns),
        ``train_loss``, ``validation_loss``, ``validation_se`` (its standard error),
        ``excess_se`` (that of its difference to the best point, row by row) and
        ``support`` (of shape (n_features_in_,)). The losses are mean log losses,
        or half the mean squared error of the standardized target, gross errors of
        which have been brought in (winsorized); those on held-out rows are of outputs
        stretched by the one factor that suits them best.
    estimator_ : FittedNetwork
        The networks trained on the selected columns. Only with ``refit=True``.
    loss_curve_ : ndarray
        Training loss of these networks at each check. Only with ``refit=True``.
    validation_scores_ : ndarray
        Their held-out loss at each check, negative: larger is better. Only with
        ``refit=True``.
    n_iter_ : int
        Training steps taken, on the path, in the trials of smaller and larger sets
        that "auto" may make, and in the refit.
    task_ : str
        "classification" or "regression".
    classes_ : ndarray of shape (n_classes,)
        Classes, or indices of labels. Only for classification.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names. Only where all names are strings.
    input_to_outputs_ : list of ndarray
        For each column, its encoded columns.
    input_kinds_ : list of str
        What each column was read as: "numeric", "boolean", "categorical" (text too), or
        "constant" if it does not vary.

    See Also
    --------
    BinMaskSelectorCV : Chooses how many by cross-validation.
    binmask_path : The path alone, as arrays.

    References
    ----------
    .. [1] K. Jia and M. Rinard (2023). "Effective Neural Network L0 Regularization
           With BinMask". arXiv:2304.11237.

    Examples
    --------
    Two of twenty columns matter, and only together:

    >>> import numpy as np
    >>> from sklearn_binmask import BinMaskSelector
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(1000, 20))
    >>> y = X[:, 3] * X[:, 7] > 0
    >>> selector = BinMaskSelector(random_state=0).fit(X, y)
    >>> selector.get_support(indices=True)
    array([3, 7])
    >>> selector.transform(X).shape
    (1000, 2)
    """

    _parameter_constraints: dict = {
        **SELECTION,
        **SHARED,
        **COMMON,
        "refit": ["boolean"],
    }

    def __init__(
        self,
        *,
        n_features_to_select: str | int | float = "auto",
        l0_penalty: float | None = None,
        min_features_to_select: int = 1,
        task: str = "auto",
        numeric_encoding: str | None = "auto",
        categorical_features: Any = "from_dtype",
        feature_groups: Any = None,
        mandatory_features: Any = None,
        hidden_layer_sizes: Any = "auto",
        n_members: Any = "auto",
        activation: str = "relu",
        alpha: float = 0.5,
        batch_size: int | str = "auto",
        learning_rate_init: float = 0.01,
        mask_learning_rate: float = 0.03,
        max_iter: int = 1000,
        validation_fraction: float = 0.3,
        class_weight: Any = None,
        refit: bool = True,
        device: str = "cpu",
        distributed: str | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.n_features_to_select = n_features_to_select
        self.l0_penalty = l0_penalty
        self.min_features_to_select = min_features_to_select
        self.task = task
        self.numeric_encoding = numeric_encoding
        self.categorical_features = categorical_features
        self.feature_groups = feature_groups
        self.mandatory_features = mandatory_features
        self.hidden_layer_sizes = hidden_layer_sizes
        self.n_members = n_members
        self.activation = activation
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.mask_learning_rate = mask_learning_rate
        self.max_iter = max_iter
        self.validation_fraction = validation_fraction
        self.class_weight = class_weight
        self.refit = refit
        self.device = device
        self.distributed = distributed
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None
    ) -> Self:
        """Select columns.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The table. Frames of pandas or polars may hold numbers, booleans,
            categories, text and missing values; arrays hold numbers, NaN is missing.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Classes, 0/1 labels, or numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, not negative; a row of weight 0 is left out.
        groups : array-like of shape (n_samples,), default=None
            Which rows belong together, such as those of one patient. No split parts
            them, so gates are judged on other groups than networks were trained on,
            and a column that only tells groups apart is worth nothing. "auto" holds a
            share of the groups out, and takes the standard error over them.

        Returns
        -------
        self : BinMaskSelector
            The fitted selector.

        Raises
        ------
        ValueError
            If the data or a parameter cannot serve; the estimator stays as it was.
        DistributedError
            If another process of a shared fit has failed; the estimator stays as it
            was.
        TypeError
            If `X` holds values of a kind that cannot be read.
        KeyboardInterrupt
            If interrupted. A selection that is complete is kept with its best network
            so far; else the estimator stays as it was.
        """
        self._refuse_contradictions()
        with find_agreement(self.distributed) as agreement:
            attributes = self._select(agreement, X, y, sample_weight, groups)
        publish(self, attributes)
        return self

    def _select(
        self, agreement: Agreement, X: Any, y: Any, sample_weight: Any, groups: Any
    ) -> dict[str, Any]:
        """Select columns, and name what is to be published."""
        rows = check_enough_rows(self, X, y, sample_weight, groups, agreement)
        by_number = self.n_features_to_select != "auto"
        ask = trace(
            rows,
            PathSettings.of(self),
            n_features_to_select=self.n_features_to_select,
            hold_out=not by_number and self.l0_penalty is None,
            random_state=self.random_state,
        )
        progress = FitProgress.start(
            self, X, y, sample_weight, max_steps=ask.max_points
        )
        solution = ask.follow(progress.step)
        trial = Trial(ask, solution, self.min_features_to_select)
        selection = select(
            solution,
            ask.gates,
            wanted=ask.wanted,
            price=self.l0_penalty,
            least=self.min_features_to_select,
            reconsider=trial,
        )
        n_steps = solution.n_steps + trial.n_steps
        attributes = fitted_attributes(self, X, rows, ask, selection, n_steps=n_steps)
        progress.finish(lambda: attributes)
        return attributes

    def _refuse_contradictions(self) -> None:
        """Refuse parameters that are each allowed, but not together."""
        if self.l0_penalty is not None and self.n_features_to_select != "auto":
            raise ParameterError(
                f"l0_penalty={self.l0_penalty!r} and n_features_to_select="
                f"{self.n_features_to_select!r} both say how many columns to select. "
                "Give one of them: l0_penalty=None, or n_features_to_select='auto'."
            )
        self._refuse_weighted_numbers()
