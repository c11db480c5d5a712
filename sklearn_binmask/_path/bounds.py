r"""How often a column that does not matter reaches a threshold by luck.

Every column without an effect has some chance `p` of being selected on a resample,
about the same for all. Its *share* over many resamples may be far larger by luck:
resamples are drawn from one table, and luck that is in the table comes back.
Complementary halves bound that: two halves share no row, so the chance to be selected
on both is ``p ** 2``, and whoever is selected on a share ``threshold`` of all resamples
is selected on both halves of at least a share ``2 * threshold - 1`` of the pairs.

The chance that a share with a known mean is large is bounded by Markov's inequality,
and far more tightly if its distribution falls off in the way that was found to hold in
practice: if it is *r-concave*, that is, its probabilities to the power `r` are convex,
with r = -1/2 for shares of pairs and r = -1/4 for shares of single resamples. Both
bounds are due to Shah and Samworth (2013), "Variable selection with error control:
another look at stability selection", J. R. Statist. Soc. B 75, 55-80, sections 2 and 3;
the idea of a bound on selections by resampling to Meinshausen and Buehlmann (2010),
"Stability selection", J. R. Statist. Soc. B 72, 417-473.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["chance_by_threshold", "largest_tails"]

# Concavity of the distribution of a share of pairs, and of one of single resamples.
_OF_PAIRS, _OF_SINGLES = -1 / 2, -1 / 4
# Range in which the offset of an extreme distribution is looked for, from a point mass
# at zero to a flat one; halvings of its logarithm; and values tried between two cuts.
_OFFSETS, _HALVINGS, _BETWEEN = (1e-9, 1e9), 60, 9


def largest_tails(mean: float, n: int, r: float) -> NDArray[np.float64]:
    """Bound the chance that an r-concave number of successes is large.

    Of all r-concave distributions on ``0, ..., n`` with a given mean, one of the form
    ``(offset + i) ** (1 / r)``, cut off behind some `k`, has the largest tail; what is
    left beyond a whole `k` sits on the next number.

    Parameters
    ----------
    mean : float
        Mean share of successes, in [0, 1].
    n : int
        Most successes.
    r : float
        Concavity, negative.

    Returns
    -------
    tails : ndarray of shape (n + 1,)
        For each t from 0 to n, the largest chance of t or more successes. It is 1 up to
        twice the mean, where the form of the distribution says nothing.

    Examples
    --------
    >>> from sklearn_binmask._path.bounds import largest_tails
    >>> tails = largest_tails(0.01, 25, -1 / 2)
    >>> bool(tails[13] < 0.01 / 0.52)  # Markov's inequality
    True
    """
    wanted = mean * n
    tails = np.ones(n + 1)
    if wanted == 0 or n == 0:
        tails[1:] = 0.0
        return tails
    flat = int(np.ceil(2 * wanted))
    if flat > n:
        return tails
    # for each k, the offset at which the cut behind k gives the mean, and those on the
    # way to the next cut
    cuts = np.arange(max(1, flat), n + 1)
    offsets = _offsets_of(cuts, wanted, r)
    following = np.append(offsets[1:], offsets[-1:])
    share = np.linspace(0, 1, _BETWEEN)
    between = np.exp(
        np.log(offsets)[:, None] * (1 - share) + np.log(following)[:, None] * share
    )
    total, moment = _sums(between, n, r)
    k = cuts[:, None]
    at_cut = np.take_along_axis(total, k[:, :, None], 2)[:, :, 0]
    mean_part = np.take_along_axis(moment, k[:, :, None], 2)[:, :, 0]
    # the number k + 1 has what is missing for the mean to be right
    rest = np.maximum(wanted * at_cut - mean_part, 0.0) / np.maximum(k + 1 - wanted, 1)
    mass = at_cut + np.where(k < n, rest, 0.0)
    for t in range(1 + flat, n + 1):
        chance = 1 - total[:, :, t - 1] / mass
        tails[t] = np.max(chance[cuts >= t - 1], initial=0.0)
    return np.minimum.accumulate(tails)


def _offsets_of(cuts: NDArray[np.intp], wanted: float, r: float) -> NDArray[np.float64]:
    """Find the offset with which the distribution up to each cut has the mean."""
    low, high = (np.full(len(cuts), np.log(end)) for end in _OFFSETS)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        total, moment = _sums(np.exp(middle)[:, None], cuts[-1], r)
        rows = np.arange(len(cuts))
        more = moment[rows, 0, cuts] < wanted * total[rows, 0, cuts]
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    return np.exp((low + high) / 2)


def _sums(
    offsets: NDArray[np.float64], n: int, r: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum the weights of 0, ..., k and their moments, for each k up to `n`."""
    i = np.arange(n + 1)
    weights = ((offsets[..., None] + i) / offsets[..., None]) ** (1 / r)
    return weights.cumsum(axis=-1), (weights * i).cumsum(axis=-1)


def chance_by_threshold(
    chance: float, n_resamples: int, *, in_pairs: bool
) -> NDArray[np.float64]:
    """Bound the chance that one column without effect reaches each threshold.

    Parameters
    ----------
    chance : float
        Chance that it is selected on one resample.
    n_resamples : int
        Number of resamples; even, if they come in complementary pairs.
    in_pairs : bool
        Whether they do. If not, nothing is known of what two resamples have in common,
        and only the form of the distribution is used.

    Returns
    -------
    bounds : ndarray of shape (n_resamples + 1,)
        For the thresholds ``t / n_resamples``, t from 0 on. It never rises.

    Examples
    --------
    >>> from sklearn_binmask._path.bounds import chance_by_threshold
    >>> bounds = chance_by_threshold(0.02, 50, in_pairs=True)
    >>> bool(500 * bounds[45] < 0.1)  # of 500 columns, expected at a threshold of 0.9
    True
    """
    t = np.arange(n_resamples + 1)
    bounds = largest_tails(chance, n_resamples, _OF_SINGLES)
    if in_pairs:
        n_pairs = n_resamples // 2
        both = chance**2
        pairs = t - n_pairs  # pairs in which both halves must select, at the least
        forced = np.clip(pairs, 0, n_pairs)
        by_form = largest_tails(both, n_pairs, _OF_PAIRS)[forced]
        by_mean = both * n_pairs / np.maximum(forced, 1)  # Markov's inequality
        bounds = np.minimum(bounds, np.where(pairs > 0, by_form, 1.0))
        bounds = np.minimum(bounds, np.where(pairs > 0, by_mean, 1.0))
    return np.minimum.accumulate(bounds)
