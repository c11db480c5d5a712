"""`BinMaskSelectorCV`: how many columns, by cross-validation along the path."""

from typing import Any, Self

from ._estimator import (
    ColumnSelector,
    CrossValidated,
    Folds,
    FoldScorer,
    FoldTrial,
    PathSettings,
    check_enough_rows,
    fitted_attributes,
    publish,
    route,
    select_gates,
    split_rows,
    trace,
)
from ._parameters import CROSS_VALIDATION, SELECTION, SHARED
from ._sklearn import UNUSED, FitProgress, _fit_context

__all__ = ["BinMaskSelectorCV"]


class BinMaskSelectorCV(CrossValidated, ColumnSelector):
    """Select columns, their number chosen by cross-validation.

    In each fold a committee follows the path of `BinMaskSelector` [1]_ on the rows of
    the fold, and every size on the way is scored on the rows left out. The size with
    the best mean score, or the smallest one that is as good within one standard error
    [2]_, is then selected from a path on all rows, exactly as
    ``BinMaskSelector(n_features_to_select=k)`` does.

    All folds train as one batch, so there is nothing for `n_jobs` to do; five of them,
    with all that follows, cost two to five times as much as one fit. Their committees
    have a third as many members.

    Weights and gates of a fold are trained on its own rows alone. What is learned on
    all rows: how columns are encoded, which does not look at the target; the mean and
    spread of the target; and when all folds have learned enough to close gates.

    Parameters
    ----------
    cv : int, splitter, iterable or None, default=None
        The folds: a number, None for 5 (stratified if `y` holds classes, and not
        shuffled, as in scikit-learn), a splitter such as `GroupKFold`, or pairs of rows
        to train on and rows to be tested on. More folds train on more rows each, at a
        proportional cost.
    scoring : str, callable or None, default=None
        What is best: a name of `sklearn.metrics.get_scorer_names`, or a callable with
        signature ``scorer(estimator, X, y)``. None is the held-out loss of each
        committee, negative, which tells sizes apart on far fewer rows than most scores.
    rule : {"one_standard_error", "best"}, default="one_standard_error"
        "best" takes the size of the best mean score. "one_standard_error" takes the
        smallest one whose difference to it is within one standard error of that
        difference: over rows (groups of rows, if there are `groups`) where `scoring`
        is None, else over folds. If no size clearly beats having no column, it takes
        the smallest. Where `scoring` is None and columns that would go next are worth
        nothing on the path, networks trained without them in each fold decide, by the
        same rule, whether they go; so the size may be smaller than that which
        ``cv_results_`` suggests.
    min_features_to_select : int, default=1
        Fewest columns to select.
    task : {"auto", "classification", "regression"}, default="auto"
        What `y` is, as in `BinMaskSelector`.
    numeric_encoding : {"auto", "piecewise_linear"} or None, default="auto"
        What stands behind the gate of a number besides its standardized value, as in
        `BinMaskSelector`.
    categorical_features : "from_dtype", array-like or None, default="from_dtype"
        Columns whose values are levels: a boolean mask, indices or names.
    feature_groups : list of list, array-like of shape (n_features,) or None, \
            default=None
        Columns that share one gate. A size is then a number of gates.
    mandatory_features : array-like or None, default=None
        Columns that are always kept and cost nothing. They count towards
        `min_features_to_select`.
    hidden_layer_sizes : "auto", int or array-like of int, default="auto"
        Units of each hidden layer of each network; "auto" takes one layer of 16, of 32
        for more than 4 outputs (such as classes), and of 64 for more than 8.
    n_members : "auto" or int, default="auto"
        Networks of the committee on all rows; "auto" takes as many as have 256 units in
        all, and at least 4. Those of folds have a third as many. More
        make selection and choice steadier, at a proportional cost.
    activation : {"relu", "tanh", "logistic", "identity"}, default="relu"
        Of the hidden units.
    alpha : float, default=0.5
        Weight decay, as in `BinMaskSelector`. Larger keeps the networks smoother.
    batch_size : int or "auto", default="auto"
        Rows per step; "auto" is a 32nd of the table, but at least 128 and at most 512.
        A table of up to 256 rows is always taken whole.
    learning_rate_init : float, default=0.01
        First step size of Adam for the weights. Larger learns faster and less finely.
    mask_learning_rate : float, default=0.03
        Share of a gate's score that one batch replaces. Larger follows the last
        batches more closely and is noisier.
    max_iter : int, default=1000
        Most passes over the rows of the final network.
    class_weight : dict, list of dict, "balanced" or None, default=None
        Weight of each class; a list has one dict per label of a multi-label target.
    refit : bool, default=True
        Whether to train a network on the selected columns, for `predict`,
        `predict_proba` and `score`. The path on all rows is followed in any case.
    device : str, default="cpu"
        Where to train: "cpu", "auto" (a GPU if there is one) or a torch device.
    random_state : int, RandomState instance or None, default=None
        Of the halves of committees, the first weights and the batches; a splitter has
        its own. An int makes `fit` repeatable bit for bit on one machine.
    verbose : int, default=0
        Whether to show a progress bar: that of scikit-learn's `ProgressBar` callback,
        which needs the extra ``progress``. Any number above 0 shows the same bar.

    Attributes
    ----------
    cv_results_ : dict of ndarray
        One row per size that may be selected, sizes increasing, in the form of
        scikit-learn's `RFECV`: ``n_features``, ``mean_test_score``, ``std_test_score``
        (over folds), and for each fold k ``split{k}_test_score``, ``split{k}_support``
        and ``split{k}_ranking``, the last two of shape (n_sizes, n_features_in_). With
        `feature_groups` of unequal sizes the folds may have different numbers of
        columns behind as many gates; ``n_features`` is then their rounded mean.
    n_splits_ : int
        Number of folds.
    support_ : ndarray of bool of shape (n_features_in_,)
        The selected columns.
    ranking_ : ndarray of int of shape (n_features_in_,)
        1 for the selected columns; then 2, 3, ... from the last to leave the path on
        all rows to the first.
    scores_ : ndarray of shape (n_features_in_,)
        Price at which each column left the path on all rows for good; of columns that
        are left, what they are worth beside each other.
    n_features_ : int
        Number of selected columns.
    path_ : ndarray of shape (n_points,)
        The path on all rows, down to the number chosen, as in `BinMaskSelector`.
    estimator_ : FittedNetwork
        The networks trained on the selected columns. Only with ``refit=True``.
    loss_curve_ : ndarray
        Training loss of these networks at each check. Only with ``refit=True``.
    validation_scores_ : ndarray
        Their held-out loss at each check, negative. Only with ``refit=True``.
    n_iter_ : int
        Training steps taken: in the folds, in a trial of a smaller size, on the path
        and in the refit.
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
    BinMaskSelector : The same with a number of columns, a price, or one held-out part.
    sklearn.feature_selection.RFECV : Eliminates columns by the weights of a model.

    References
    ----------
    .. [1] K. Jia and M. Rinard (2023). "Effective Neural Network L0 Regularization
           With BinMask". arXiv:2304.11237.
    .. [2] L. Breiman, J. Friedman, R. Olshen and C. Stone (1984). "Classification and
           regression trees", section 3.4.3.

    Examples
    --------
    Two of ten columns matter, and only together:

    >>> import numpy as np
    >>> from sklearn_binmask import BinMaskSelectorCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(600, 10))
    >>> y = X[:, 3] * X[:, 7] > 0
    >>> selector = BinMaskSelectorCV(random_state=0).fit(X, y)
    >>> selector.get_support(indices=True)
    array([3, 7])
    >>> best = selector.cv_results_["mean_test_score"].argmax()
    >>> bool(selector.cv_results_["n_features"][best] >= selector.n_features_)
    True
    """

    _parameter_constraints: dict = {
        **CROSS_VALIDATION,
        "min_features_to_select": SELECTION["min_features_to_select"],
        **{name: SHARED[name] for name in SHARED if name != "validation_fraction"},
        "refit": ["boolean"],
    }
    # The splitter's, not our own: see `get_metadata_routing`.
    __metadata_request__fit = {"groups": UNUSED}

    def __init__(
        self,
        *,
        cv: Any = None,
        scoring: Any = None,
        rule: str = "one_standard_error",
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
        class_weight: Any = None,
        refit: bool = True,
        device: str = "cpu",
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.cv = cv
        self.scoring = scoring
        self.rule = rule
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
        self.class_weight = class_weight
        self.refit = refit
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        groups: Any = None,
        **params: Any,
    ) -> Self:
        """Choose a number of columns, and select as many.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The table. Frames of pandas or polars may hold numbers, booleans,
            categories, text and missing values; arrays hold numbers, NaN is missing.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Classes, 0/1 labels, or numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, not negative; a row of weight 0 is left out. A scorer
            that takes weights is given them.
        groups : array-like of shape (n_samples,), default=None
            Which rows belong together, for splitters such as `GroupKFold`. Inside a
            fold, too, no split parts them.
        **params : dict
            What else the splitter or the scorer takes. Only with
            ``sklearn.set_config(enable_metadata_routing=True)``.

        Returns
        -------
        self : BinMaskSelectorCV
            The fitted selector.

        Raises
        ------
        ValueError
            If the data or a parameter cannot serve; the estimator stays as it was.
        TypeError
            If `X` holds values of a kind that cannot be read.
        KeyboardInterrupt
            If interrupted. A selection that is complete is kept with its best network
            so far; else the estimator stays as it was.
        """
        self._refuse_weighted_numbers()
        given = {"sample_weight": sample_weight, "groups": groups, **params}
        routed = route(self, "fit", given)
        rows = check_enough_rows(self, X, y, sample_weight, groups)
        ask = trace(
            rows, PathSettings.of(self), hold_out=False, random_state=self.random_state
        )
        splits = split_rows(self.cv, X, y, rows, ask, routed.splitter.split)
        scorer = None
        if self.scoring is not None:
            scorer = FoldScorer(self, X, rows, ask, routed.scorer.score)
        folds = Folds(ask, splits)
        progress = FitProgress.start(
            self, X, y, sample_weight, max_steps=folds.max_points + ask.max_points + 2
        )
        paths = folds.follow(scorer, progress.step)
        fewest = ask.gates.fewest_gates(self.min_features_to_select)
        trial = FoldTrial(folds, paths)
        size = paths.choose(fewest, self.rule)
        if scorer is None and self.rule == "one_standard_error":
            size = trial(size, fewest)
        n_open = int(paths.n_open[size])
        ask = ask.by_way_of(n_open)
        solution = ask.follow(progress.step)
        attributes = fitted_attributes(
            self,
            X,
            rows,
            ask,
            select_gates(solution, ask.gates, n_open),
            n_steps=paths.n_steps + trial.n_steps + solution.n_steps,
            more={"cv_results_": paths.results(fewest), "n_splits_": len(splits)},
        )
        progress.finish(lambda: attributes)
        publish(self, attributes)
        return self
