"""Ways to select columns, one a file, each behind the same function.

``select(X, y, k, task, seed)`` takes an array of columns of which each varies, classes
0, 1, ... or numbers, how many columns are wanted, "classification" or "regression", and
a seed; it returns indices of columns, the best first, at least `k` of them where the
method has that many to give. A file may also say

* ``PACKAGES``: what it needs besides scikit-learn; the first is the rival itself. A
  package that is not installed skips the rival.
* ``RANKS_ALL = True``: the answer does not depend on `k`, so one call serves all sizes.
* ``KEEPS_ALL = True``: nothing is cut off after `k` columns.

The first line of the docstring is the name of the method in tables, the rest says whose
settings they are. Everybody standardizes for itself what it wants standardized.
"""
