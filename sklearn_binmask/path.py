"""`binmask_path`: the whole path as arrays, for those who choose by themselves."""

from typing import Any

from sklearn.base import BaseEstimator
from sklearn.utils import Bunch

from ._estimator import PathSettings, check_enough_rows, path_fields, path_scores, trace
from ._parameters import SHARED
from ._sklearn import validate_parameter_constraints

__all__ = ["binmask_path"]

# scikit-learn's checks of data name the class of their estimator in their messages.
_Caller = type("binmask_path", (BaseEstimator,), {})


def binmask_path(
    X: Any,
    y: Any,
    *,
    sample_weight: Any = None,
    groups: Any = None,
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
    validation_fraction: float = 0.3,
    class_weight: Any = None,
    device: str = "cpu",
    random_state: Any = None,
) -> Bunch:
    """Follow the path of BinMask from all gates open to none.

    The price of an open gate rises from stage to stage, and the gates that are worth
    less than it close: at most 15 % of them at a time while they are many, and one by
    one from 20 on.

    Parameters
    ----------
    X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
        The table, as for `BinMaskSelector.fit`.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Classes, 0/1 labels, or numbers.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows, not negative.
    groups : array-like of shape (n_samples,), default=None
        Which rows belong together: no split parts them.
    task : {"auto", "classification", "regression"}, default="auto"
        What `y` is.
    numeric_encoding : {"auto", "piecewise_linear"} or None, default="auto"
        What stands behind the gate of a number besides its standardized value.
    categorical_features : "from_dtype", array-like or None, default="from_dtype"
        Columns whose values are levels.
    feature_groups : list of list, array-like of shape (n_features,) or None, \
            default=None
        Columns that share one gate.
    mandatory_features : array-like or None, default=None
        Columns whose gates never close.
    hidden_layer_sizes : "auto", int or array-like of int, default="auto"
        Units of each hidden layer of each network; "auto" takes one layer of 16, of 32
        for more than 4 outputs (such as classes), and of 64 for more than 8.
    n_members : "auto" or int, default="auto"
        Networks of the committee; "auto" takes as many as have 256 units in all, and
        at least 4.
    activation : {"relu", "tanh", "logistic", "identity"}, default="relu"
        Of the hidden units.
    alpha : float, default=0.5
        Weight decay; it falls in proportion in tables of more than 2000 rows. Larger
        keeps the networks smoother.
    batch_size : int or "auto", default="auto"
        Rows per step; "auto" is a 32nd of the table, but at least 128 and at most 512.
        A table of up to 256 rows is always taken whole, so that a row of weight k
        counts as k copies of it.
    learning_rate_init : float, default=0.01
        First step size of Adam for the weights.
    mask_learning_rate : float, default=0.03
        Share of a gate's score that one batch replaces.
    validation_fraction : float, default=0.3
        Share of the rows held out to measure the loss of each support.
    class_weight : dict, list of dict, "balanced" or None, default=None
        Weight of each class.
    device : str, default="cpu"
        Where to train: "cpu", "auto" (a GPU if there is one) or a torch device.
    random_state : int, RandomState instance or None, default=None
        Of the splits, the first weights and the batches.

    Returns
    -------
    path : Bunch
        Arrays with one entry per point of the path:

        penalty : ndarray of shape (n_points,)
            Price up to which the point's support is kept, in units of the mean loss;
            never decreases. The last one is infinite.
        n_open : ndarray of shape (n_points,)
            Open gates.
        n_features : ndarray of shape (n_points,)
            Columns in the support.
        train_loss, validation_loss, validation_se : ndarray of shape (n_points,)
            Mean loss on rows trained on; on rows held out, of outputs stretched by
            the one factor that suits them best; and the standard error of the latter.
        excess_se : ndarray of shape (n_points,)
            Standard error of the difference to the best validation loss, row by row.
        support : ndarray of bool of shape (n_points, n_features_in)
            The support.
        scores : ndarray of shape (n_features_in,)
            Price at which each column left for good.

    Raises
    ------
    ValueError
        If the data or a parameter cannot serve.
    TypeError
        If `X` holds values of a kind that cannot be read.

    See Also
    --------
    BinMaskSelector : Chooses a point of the path.

    References
    ----------
    K. Jia and M. Rinard (2023). "Effective Neural Network L0 Regularization With
    BinMask". arXiv:2304.11237.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_binmask import binmask_path
    >>> X, y = load_iris(return_X_y=True)
    >>> path = binmask_path(X, y, random_state=0)
    >>> path.n_features
    array([4, 3, 2, 1, 0])
    >>> path.support.shape
    (5, 4)
    """
    settings = PathSettings(
        task=task,
        numeric_encoding=numeric_encoding,
        categorical_features=categorical_features,
        feature_groups=feature_groups,
        mandatory_features=mandatory_features,
        hidden_layer_sizes=hidden_layer_sizes,
        n_members=n_members,
        activation=activation,
        alpha=alpha,
        batch_size=batch_size,
        learning_rate_init=learning_rate_init,
        mask_learning_rate=mask_learning_rate,
        validation_fraction=validation_fraction,
        class_weight=class_weight,
        device=device,
    )
    given = {**vars(settings), "random_state": random_state}
    validate_parameter_constraints(
        {name: SHARED[name] for name in given}, given, "binmask_path"
    )
    rows = check_enough_rows(_Caller(), X, y, sample_weight, groups)
    ask = trace(rows, settings, random_state=random_state)
    solution = ask.follow()
    return Bunch(
        **path_fields(solution, ask.gates), scores=path_scores(solution, ask.gates)
    )
