"""mRMR

Minimum redundancy, maximum relevance (Ding and Peng, 2005), in the package
`mrmr-selection` with its defaults: F-test over mean correlation.
"""

import mrmr
import numpy as np
import pandas as pd

PACKAGES = ("mrmr-selection",)


def select(X, y, k, task, seed):
    by_task = mrmr.mrmr_classif if task == "classification" else mrmr.mrmr_regression
    columns = by_task(
        X=pd.DataFrame(X), y=pd.Series(y), K=k, n_jobs=1, show_progress=False
    )
    return np.array(columns, dtype=int)
