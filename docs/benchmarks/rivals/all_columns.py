"""All columns

No selection: what the learner reaches on everything.
"""

import numpy as np

RANKS_ALL = True
KEEPS_ALL = True


def select(X, y, k, task, seed):
    return np.arange(X.shape[1])
