"""Who judges the selected columns: each is trained on them alone, with its defaults.

A judge is a function of a table that holds nothing but the selected columns. All its
answers are such that a larger one is better.
"""

import warnings

import numpy as np
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC


def svc(task, seed):
    return SVC() if task == "classification" else SVR()


def nearest_neighbour(task, seed):
    kind = KNeighborsClassifier if task == "classification" else KNeighborsRegressor
    return kind(n_neighbors=1)


def extra_trees(task, seed):
    kind = ExtraTreesClassifier if task == "classification" else ExtraTreesRegressor
    return kind(n_estimators=50, random_state=seed)


def mlp(task, seed):
    """Take scikit-learn's network; it stops by a tenth of its training rows."""
    kind = MLPClassifier if task == "classification" else MLPRegressor
    network = kind(early_stopping=True, random_state=seed)
    return make_pipeline(StandardScaler(), network)


def boosting(task, seed):
    if task == "classification":
        return HistGradientBoostingClassifier(random_state=seed)
    return HistGradientBoostingRegressor(random_state=seed)


def tuned_svc(task, seed):
    """Tune the one parameter of a linear machine by folds of the training rows."""
    machine = make_pipeline(StandardScaler(), LinearSVC(random_state=seed))
    return GridSearchCV(machine, {"linearsvc__C": [0.001, 0.01, 0.1, 1.0]}, cv=3)


LEARNERS = {
    "SVC": svc,
    "1-NN": nearest_neighbour,
    "ExtraTrees": extra_trees,
    "MLP": mlp,
    "HistGradientBoosting": boosting,
    "tuned linear SVC": tuned_svc,
}
# Not a learner: the share of the planted columns that are among the selected.
TRUTH = "recovery"


def judge(name, table, columns, seed):
    """Return the accuracy, the R2 or the recovery of the selected columns.

    A learner reads them in the order of the table, so that the same columns have the
    same score, in whatever order they were selected.
    """
    columns = np.sort(columns)
    if name == TRUTH:
        return np.isin(table.truth, columns).mean()
    learner = LEARNERS[name](table.task, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        y, center, scale = table.y, 0.0, 1.0
        if table.task == "regression":  # networks and SVR want a target of deviation 1
            center, scale = y.mean(), y.std()
        learner.fit(table.X[:, columns], (y - center) / scale if scale != 1.0 else y)
    y_test = (table.y_test - center) / scale if scale != 1.0 else table.y_test
    return learner.score(table.X_test[:, columns], y_test)
