"""`BinMaskMLPRegressor`: a masked network for numbers."""

from sklearn.base import RegressorMixin

from ._estimator import MaskedMLP
from ._parameters import MASKED

__all__ = ["BinMaskMLPRegressor"]


class BinMaskMLPRegressor(RegressorMixin, MaskedMLP):
    """Predict numbers with a sparse network.

    The weights of a perceptron, its hidden units, or all that is made of an input
    column stand behind gates, open or closed. After the network has been trained with
    all gates open, gates close, those worth least first, and the rest is trained on.
    What a gate is worth is learned beside the weights, by the straight-through gradient
    of BinMask [1]_; a closed gate keeps its weights and can open again.

    Numbers, booleans, categories and text are taken as they are, missing values too.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(100,)
        Units of each hidden layer. More can learn more, and overfit sooner.
    granularity : {"features", "units", "weights"} or tuple of these, \
            default="weights"
        What stands behind a gate: all that is made of an input column, a hidden unit,
        or a single weight. Gates of several kinds work together: a weight counts where
        all of its gates are open.
    l0_penalty : "auto", float or None, default="auto"
        Price of one open gate, in units of the mean loss: larger closes more; 0 leaves
        all open, and a price that no gate is worth leaves a constant prediction. "auto"
        (or None) closes gates as long as the loss on held-out rows falls: the network
        that generalizes best, not the smallest one.
    sparsity : float, default=None
        Share in [0, 1) to close, kept to exactly: of the weights if they have gates,
        else of the gates. Larger is a smaller network. What stays open joins a column
        to an output wherever its number allows that: one weight per layer, or else one
        gate per gated layer, is enough. A still smaller network predicts a constant.
        Exclusive with `l0_penalty`.
    n_features_to_select : int or float, default=None
        Number, or share, of columns to keep, exactly; needs gates on "features".
        Exclusive with `l0_penalty` and `sparsity`.
    numeric_encoding : {"auto", "piecewise_linear"} or None, default=None
        What the network sees of a number besides its standardized value:
        "piecewise_linear" adds the value's rank, folded at its median and again at
        its quartiles, which often lowers the loss and takes far longer to predict.
        "auto" is "piecewise_linear" for up to 32 columns a row, and None, which adds
        nothing, for more.
    categorical_features : "from_dtype", array-like or None, default="from_dtype"
        Columns whose values are levels: as said by the dtypes of a data frame, or a
        boolean mask, indices or names; None for no column.
    feature_groups : list of list, array-like of shape (n_features,) or None, \
            default=None
        Columns that share one gate: lists of names or indices, or one label per
        column.
    mandatory_features : array-like or None, default=None
        Columns whose gate never closes: a boolean mask, indices or names.
    activation : {"relu", "tanh", "logistic", "identity"}, default="relu"
        Of the hidden units.
    alpha : float, default=0.1
        Weight decay: each step shrinks the open weights by ``learning_rate_init *
        alpha`` (decoupled, as in AdamW). Larger keeps the network smoother.
    batch_size : int or "auto", default="auto"
        Rows per step; "auto" is a 32nd of the table, but at least 128 and at most 512.
        A table of up to 256 rows is always taken whole.
    learning_rate : {"adaptive", "constant"}, default="adaptive"
        "adaptive" lowers the step size to a tenth when the held-out loss stops
        improving, and trains on; "constant" ends the training there.
    learning_rate_init : float, default=0.006
        First step size of Adam. Larger learns faster and less finely.
    mask_learning_rate : float, default=0.01
        Share of a gate's score that one batch replaces. Larger follows the last
        batches more closely and is noisier.
    max_iter : int, default=200
        Most passes over the rows before gates close, and again after.
    tol : float, default=1e-3
        Least relative fall of the held-out loss that counts as an improvement.
    n_iter_no_change : int, default=10
        Passes (of at least 16 steps) without an improvement before the step size
        falls or the training ends. Larger waits longer.
    early_stopping : bool, default=True
        Whether to hold rows out and keep the state that is best on them. Without,
        the training loss is watched; ``l0_penalty="auto"`` holds rows out in any case.
    validation_fraction : float, default=0.1
        Share of the rows held out. In the end they train too, for as long as they
        have shown to be of use; rows given as `X_val` never do.
    warm_start : bool, default=False
        Whether `fit` begins with the weights of the fit before.
    device : str, default="cpu"
        Where to train: "cpu", "auto" (a GPU if there is one) or a torch device.
    distributed : "auto" or None, default=None
        Whether `fit` is one of several processes that fit together. With "auto" it
        is, if a process group of `torch.distributed` is active: each process is given
        rows of its own, and all end with the same estimator, the one of a single
        process with all rows. None fits on the rows given and no others.
    random_state : int, RandomState instance or None, default=None
        Of the split, the first weights and the batches. An int makes `fit` repeatable
        bit for bit on one machine.
    verbose : int, default=0
        Whether to show a progress bar: that of scikit-learn's `ProgressBar` callback,
        which needs the extra ``progress``. Any number above 0 shows the same bar.

    Attributes
    ----------
    coefs_ : list of ndarray of shape (n_in, n_out)
        Weights of each layer; those behind closed gates are 0. The first layer reads
        encoded columns, see `input_to_outputs_`. After `compact`, layers with few open
        weights are sparse matrices.
    intercepts_ : list of ndarray of shape (n_out,)
        Biases of each layer, which have no gates.
    masks_ : list of ndarray of bool of shape (n_in, n_out)
        Which weights are open.
    sparsity_ : float
        Share that is closed, of the weights if they have gates, else of the gates.
        After `compact`, of the weights that are left.
    n_nonzero_params_ : int
        Open weights and biases.
    support_ : ndarray of bool of shape (n_features_in_,)
        Columns that open weights join to an output; with gates on "features", the
        selected columns.
    n_features_ : int
        Number of these.
    ranking_ : ndarray of int of shape (n_features_in_,)
        1 for the selected columns; then 2, 3, ... from the last to leave the path to
        the first. Only with gates on "features", after `fit`.
    open_gates_ : dict of str to ndarray of bool
        By granularity, which gates are open; units and weights layer after layer.
        Only after `fit`, and not after `compact`, as `path_`.
    path_ : ndarray of shape (n_points,)
        The path, a structured array: ``penalty`` (price up to which the point is
        kept), ``n_open`` (gates), ``n_weights`` (open ones), ``train_loss``,
        ``validation_loss`` and ``support`` (columns whose gates are open).
    loss_curve_, validation_scores_ : ndarray
        Training loss, and negative held-out loss, at each look; none while rows that
        were held out train.
    n_iter_ : int
        Training steps taken.
    n_layers_, n_outputs_ : int
        Layers, inputs and outputs among them; outputs.
    out_activation_ : str
        Of the outputs.
    estimator_ : FittedNetwork
        What predicts.
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
    BinMaskMLPClassifier : For classes.
    BinMaskSelector : Only selects columns, more surely.

    References
    ----------
    .. [1] K. Jia and M. Rinard (2023). "Effective Neural Network L0 Regularization
           With BinMask". arXiv:2304.11237.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_binmask import BinMaskMLPRegressor
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = BinMaskMLPRegressor(
    ...     granularity="features", n_features_to_select=4, random_state=0
    ... ).fit(X, y)
    >>> len(model.get_feature_names_out())
    4
    >>> bool(model.score(X, y) > 0.4)
    True
    """

    _parameter_constraints: dict = {
        name: given for name, given in MASKED.items() if name != "class_weight"
    }
    task = "regression"
