"""`StabilitySelector`: the columns that most resamples agree on."""

from typing import Any, Self

from ._estimator import (
    PathSettings,
    Promise,
    SelectedColumns,
    StampedEstimator,
    check_enough_rows,
    is_frame,
    publish,
    select_stable,
    word_resampled,
)
from ._parameters import RESAMPLED
from ._sklearn import CallbackSupportMixin, FitProgress, _fit_context
from .exceptions import ParameterError

__all__ = ["StabilitySelector"]

# What is promised where the user asks for nothing.
_DEFAULT = Promise(fdr=0.1)


class StabilitySelector(CallbackSupportMixin, SelectedColumns, StampedEstimator):
    """Select the columns that most resamples of the rows agree on.

    One selection may owe much to the rows at hand. Here the path of `BinMaskSelector`
    is followed on many resamples of the rows, trained as a few batches, and for every
    column the share of the resamples on which its gate was open is counted: its
    selection probability [1]_. Columns whose probability reaches a threshold are
    selected. The threshold is given, or it is the least one at which few selections are
    false by the bound of [2]_: resamples come in pairs of halves that share no row, and
    what is selected on both by luck is rare. How often one half selects a column that
    does not matter is learned from copies of columns, whose values have changed places
    among rows that are alike in all other columns.

    Parameters
    ----------
    n_resamples : int, default=50
        Number of resamples; an even one for "halves". More make the probabilities
        steadier, at a proportional cost.
    resampling : {"halves", "bootstrap"}, default="halves"
        "halves" draws complementary pairs of halves of the rows, as the bound asks for.
        "bootstrap" draws as many rows as there are, with replacement; of two such
        resamples less is known, so that the bound is higher.
    threshold : float, default=None
        Least selection probability of a selected column, in (0.5, 1]. Larger selects
        fewer columns.
    max_false : float, default=None
        Number of false selections that the bound on their expectation stays under;
        exclusive with `threshold`. Larger selects more columns.
    fdr : float, default=None
        False discovery rate: share of the selections that the bound on the expected
        number of false ones stays under; exclusive with `threshold` and `max_false`.
        If all three are None, it is 0.1. Larger selects more columns.
    task : {"auto", "classification", "regression"}, default="auto"
        What `y` is; "auto" asks `sklearn.utils.multiclass.type_of_target`.
    numeric_encoding : {"auto", "piecewise_linear"} or None, default="auto"
        What stands behind the gate of a number besides its standardized value:
        "piecewise_linear" adds the value's rank, folded at its median and again at
        its quartiles. "auto" is "piecewise_linear" for up to 32 columns a row, and
        None, which adds nothing, for more.
    categorical_features : "from_dtype", array-like or None, default="from_dtype"
        Columns whose values are levels: as said by the dtypes of a data frame, or a
        boolean mask, indices or names; None for no column.
    feature_groups : list of list, array-like of shape (n_features,) or None, \
            default=None
        Columns that are kept or dropped together, sharing one gate: lists of names or
        indices, or one label per column. A group counts as one selection.
    mandatory_features : array-like or None, default=None
        Columns that are always kept: a boolean mask, indices or names. They count as no
        selection.
    hidden_layer_sizes : "auto", int or array-like of int, default="auto"
        Units of each hidden layer of each network; "auto" takes one layer of 16, of 32
        for more than 4 outputs (such as classes), and of 64 for more than 8. More units
        see finer interactions and overfit small tables sooner.
    n_members : int, default=3
        Networks of the committee of one resample. Each trains on two thirds of the
        resample and judges the gates on the last third. More make each selection
        steadier, at a proportional cost.
    activation : {"relu", "tanh", "logistic", "identity"}, default="relu"
        Of the hidden units.
    alpha : float, default=0.5
        Weight decay: each step shrinks the weights by ``learning_rate_init * alpha``
        (decoupled, as in AdamW), by less in tables of more than 2000 rows, in
        proportion. Larger keeps the networks smoother.
    batch_size : int or "auto", default="auto"
        Rows per step, of all resamples together; "auto" is a 32nd of the table, but at
        least 128 and at most 512. A table of up to 256 rows is always taken whole.
    learning_rate_init : float, default=0.01
        First step size of Adam for the weights. Larger learns faster and less finely.
    mask_learning_rate : float, default=0.03
        Share of a gate's score that one batch replaces. Larger follows the last
        batches more closely and is noisier.
    class_weight : dict, list of dict, "balanced" or None, default=None
        Weight of each class; a list has one dict per label of a multi-label target.
    n_jobs : int, default=None
        Batches of resamples that train at a time, through joblib. None is 1 unless a
        joblib backend says otherwise. It changes no result.
    device : str, default="cpu"
        Where to train: "cpu", "auto" (a GPU if there is one) or a torch device.
    random_state : int, RandomState instance or None, default=None
        Of the resamples, the copies, the first weights and the batches. An int makes
        `fit` repeatable bit for bit on one machine.
    verbose : int, default=0
        Whether to show a progress bar: that of scikit-learn's `ProgressBar` callback,
        which needs the extra ``progress``. Any number above 0 shows the same bar.

    Attributes
    ----------
    support_ : ndarray of bool of shape (n_features_in_,)
        The selected columns; possibly none, if no threshold keeps the promise.
    selection_probabilities_ : ndarray of shape (n_features_in_,)
        Share of the resamples on which each column was selected, at the point `point_`
        of the path. 0 for columns that do not vary, 1 for mandatory ones.
    threshold_ : float
        Least probability of a selected column; infinite if no threshold keeps the
        promise.
    expected_false_ : float
        Bound on the expected number of false selections at this threshold.
    ranking_ : ndarray of int of shape (n_features_in_,)
        1 for the selected columns; then 2, 3, ... by falling probability, and among
        equals by falling score. Columns that share a gate share their rank.
    scores_ : ndarray of shape (n_features_in_,)
        Price at which each column left the path for good, in units of the mean loss:
        the mean over resamples. Infinite for mandatory columns, ``-inf`` for columns
        that do not vary.
    n_features_ : int
        Number of selected columns.
    path_ : ndarray of shape (n_points,)
        The path, a structured array: ``n_open`` (open gates, those of copies among
        them), ``n_features`` (open columns, mean over resamples), ``penalty`` (price up
        to which supports are kept, median), ``validation_loss`` (on rows outside of the
        resample, mean) and ``validation_se`` (its standard error over resamples),
        ``copy_probability`` (how often a copy is selected) and
        ``selection_probabilities`` (of shape (n_features_in_,)).
    point_ : int
        The point of the path at which columns are selected: of the one that predicts
        best outside of the resamples and those after it, with fewer open gates, the one
        that lets most columns be selected. With a given `threshold`, the one that
        predicts best.
    n_resamples_ : int
        Number of resamples; fewer than `n_resamples` if a callback ended the fit.
    n_iter_ : int
        Training steps taken, by all batches together.
    task_ : str
        "classification" or "regression".
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
    BinMaskSelector : One selection, with a network to predict with.

    Notes
    -----
    Of columns that tell the same, resamples select now one and now another, so that
    none may reach the threshold, as with every stability selection. Such columns may be
    put into one of `feature_groups`.

    The bound speaks of columns that are all equally likely to be selected if they do
    not matter, and of shares whose distribution falls off as in section 3 of [2]_ (it
    is r-concave). Where copies of columns reach the threshold more often than the bound
    has it, their number stands in its place.

    References
    ----------
    .. [1] N. Meinshausen and P. Buehlmann (2010). "Stability selection". Journal of the
           Royal Statistical Society B 72, 417-473.
    .. [2] R. D. Shah and R. J. Samworth (2013). "Variable selection with error
           control: another look at stability selection". Journal of the Royal
           Statistical Society B 75, 55-80.

    Examples
    --------
    Three of twenty columns matter:

    >>> import numpy as np
    >>> from sklearn_binmask import StabilitySelector
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 20))
    >>> y = X[:, 2] + np.abs(X[:, 5]) + X[:, 11] ** 2 + rng.normal(size=300) / 2
    >>> selector = StabilitySelector(random_state=0).fit(X, y)
    >>> selector.get_support(indices=True)
    array([ 2,  5, 11])
    >>> bool(selector.expected_false_ < 0.3)
    True
    """

    _parameter_constraints: dict = RESAMPLED

    def __init__(
        self,
        *,
        n_resamples: int = 50,
        resampling: str = "halves",
        threshold: float | None = None,
        max_false: float | None = None,
        fdr: float | None = None,
        task: str = "auto",
        numeric_encoding: str | None = "auto",
        categorical_features: Any = "from_dtype",
        feature_groups: Any = None,
        mandatory_features: Any = None,
        hidden_layer_sizes: Any = "auto",
        n_members: int = 3,
        activation: str = "relu",
        alpha: float = 0.5,
        batch_size: int | str = "auto",
        learning_rate_init: float = 0.01,
        mask_learning_rate: float = 0.03,
        class_weight: Any = None,
        n_jobs: int | None = None,
        device: str = "cpu",
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.n_resamples = n_resamples
        self.resampling = resampling
        self.threshold = threshold
        self.max_false = max_false
        self.fdr = fdr
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
        self.class_weight = class_weight
        self.n_jobs = n_jobs
        self.device = device
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
            Rows that belong together: they fall on the same side of every split.

        Returns
        -------
        self : StabilitySelector
            The fitted selector.

        Raises
        ------
        ValueError
            If the data or a parameter cannot serve; the estimator stays as it was.
        TypeError
            If `X` holds values of a kind that cannot be read.
        """
        promise = self._read_promise()
        rows = check_enough_rows(self, X, y, sample_weight, groups)
        ask = word_resampled(
            rows,
            PathSettings.of(self),
            n_resamples=self.n_resamples,
            resampling=self.resampling,
            random_state=self.random_state,
        )
        progress = FitProgress.start(
            self,
            X,
            y,
            sample_weight,
            max_steps=len(ask.batches),
            step_name="batch of resamples",
        )
        path, n_steps = ask.follow(self.n_jobs, progress.step)
        attributes = {
            **rows.seen,
            "_fitted_on_frame": is_frame(X),
            **select_stable(path, ask.gates, promise, in_pairs=ask.in_pairs),
            "n_iter_": n_steps,
            "task_": ask.encoded.target.task,
            "input_to_outputs_": list(ask.encoded.encoding.input_to_outputs),
            "input_kinds_": ask.encoded.encoding.input_kinds,
        }
        progress.finish(lambda: attributes)
        publish(self, attributes)
        return self

    def _read_promise(self) -> Promise:
        """Read which of three parameters is given; refuse what contradicts."""
        names = ("threshold", "max_false", "fdr")
        given = {n: getattr(self, n) for n in names if getattr(self, n) is not None}
        if len(given) > 1:
            words = " and ".join(f"{name}={value!r}" for name, value in given.items())
            raise ParameterError(
                f"{words} each say how many columns are selected. Give one of them, or "
                "none for fdr=0.1."
            )
        if self.resampling == "halves" and self.n_resamples % 2:
            raise ParameterError.of(
                "n_resamples",
                self.n_resamples,
                "even, as resampling='halves' draws pairs",
                str(self.n_resamples + 1),
            )
        if self.task == "regression" and self.class_weight is not None:
            raise ParameterError(
                f"class_weight={self.class_weight!r} has no meaning with "
                "task='regression'. Use sample_weight in fit, or class_weight=None."
            )
        return Promise(**given) if given else _DEFAULT
