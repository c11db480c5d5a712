"""STG

Stochastic gates (Yamada and others, 2020) as its authors' examples have them: hidden
layers of 500, 50 and 10 tanh units for numbers and of 60 and 20 for classes, SGD with
step 0.1 on all rows (at most 1,000 of them at once), `sigma=0.5`, `lam=0.1` for numbers
and 0.5 for classes, 3,000 epochs of one step (as many steps where a table is longer);
columns are standardized, and ranked by the mean of their gates. Its last release looks
for names that Python moved to `collections.abc`; they are lent to it.
"""

import collections
import contextlib
import io
from collections import abc
from unittest import mock

import numpy as np
import torch
from sklearn.preprocessing import StandardScaler
from stg import STG

PACKAGES = ("stg",)
RANKS_ALL = True
STEPS, MOST_ROWS = 3000, 1000


def select(X, y, k, task, seed):
    X = StandardScaler().fit_transform(X)
    classes = task == "classification"
    y = y if classes else (y - y.mean())[:, None] / y.std()
    torch.manual_seed(seed)
    batch = min(len(X), MOST_ROWS)
    moved = {name: getattr(abc, name) for name in ("Mapping", "Sequence", "Set")}
    lent = mock.patch.multiple(collections, create=True, **moved)
    with lent, contextlib.redirect_stdout(io.StringIO()):
        model = STG(
            task_type=task,
            input_dim=X.shape[1],
            output_dim=len(np.unique(y)) if classes else 1,
            hidden_dims=[60, 20] if classes else [500, 50, 10],
            activation="tanh",
            optimizer="SGD",
            learning_rate=0.1,
            batch_size=batch,
            feature_selection=True,
            sigma=0.5,
            lam=0.5 if classes else 0.1,
            random_state=seed,
            device="cpu",
        )
        steps_an_epoch = -(-len(X) // batch)
        model.fit(X, y, nr_epochs=-(-STEPS // steps_an_epoch), verbose=False)
    return np.argsort(-model.get_gates(mode="raw"), kind="stable")
