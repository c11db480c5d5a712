"""BinMaskSelector, by group

Ours, told which rows belong together, which it is the only one to make use of: its
splits part no group. Only for tables whose rows belong together.
"""

from .binmask import select_with

PACKAGES = ("sklearn-binmask",)
TAKES_GROUPS = True


def select(X, y, k, task, seed, groups):
    if groups is None:
        raise ValueError("groups=None: the rows of this table stand alone")
    return select_with(X, y, k, task, seed, groups=groups)
