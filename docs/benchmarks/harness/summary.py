"""What the rows of results say: means, ranks, and who is ahead of whom.

A *table* has a line for each rival and a column for each set; its cells are means over
seeds. In ranks a rival that failed is last. Rivals that were not run on all sets of a
table have cells in it, but no mean rank.
"""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from scipy import stats

OURS = "binmask"
REFERENCES = ("all_columns",)  # no selection, so not ranked


@dataclass
class Cell:
    """One rival on one set: scores by seed, and what became of the others."""

    scores: dict = field(default_factory=dict)
    failures: list = field(default_factory=list)

    @property
    def mean(self):
        return float(np.mean(list(self.scores.values()))) if self.scores else np.nan

    @property
    def text(self):
        if not self.scores:
            return self.failures[0].split(":")[0]
        seeds = f" ({len(self.scores)})" if len(self.scores) > 1 else ""
        failed = f" [{len(self.failures)} failed]" if self.failures else ""
        return f"{self.mean:.4f}{seeds}{failed}"


class Table:
    """Cells by rival and set."""

    def __init__(self):
        self.cells = {}

    def add(self, rival, column, row):
        cell = self.cells.setdefault((rival, column), Cell())
        if row["score"] and np.isfinite(float(row["score"])):
            cell.scores[row["seed"]] = float(row["score"])
        else:
            cell.failures.append(row["status"])

    @property
    def columns(self):
        return list(dict.fromkeys(column for _, column in self.cells))

    @property
    def rivals(self):
        return list(dict.fromkeys(rival for rival, _ in self.cells))

    def complete(self):
        """Name the rivals that were run on all sets, references aside."""
        return [
            rival
            for rival in self.rivals
            if rival not in REFERENCES
            and all((rival, column) in self.cells for column in self.columns)
        ]

    def best(self, column):
        """Name those that reached the most on a set, references aside."""
        means = {
            rival: cell.mean
            for (rival, name), cell in self.cells.items()
            if name == column and cell.scores and rival not in REFERENCES
        }
        return {r for r, mean in means.items() if mean >= max(means.values()) - 1e-9}

    def means(self, rivals):
        """Return the means as an array (sets, rivals), NaN for failures."""
        nothing = Cell()
        return np.array(
            [
                [self.cells.get((rival, column), nothing).mean for rival in rivals]
                for column in self.columns
            ]
        )

    def mean_ranks(self):
        """Return the mean rank of each rival that was run on all sets."""
        rivals = self.complete()
        if len(rivals) < 2:
            return {}
        return dict(zip(rivals, ranks_of(self.means(rivals)).mean(axis=0), strict=True))

    def ahead(self, ours=OURS):
        """Yield (set, our mean, who is ahead with what mean, best first)."""
        rivals = [r for r in self.rivals if r not in (*REFERENCES, ours)]
        for column, own, means in zip(
            self.columns,
            self.means([ours])[:, 0],
            self.means(rivals).reshape(-1, len(rivals)),
            strict=True,
        ):
            better = [
                (rivals[i], means[i])
                for i in np.argsort(-np.nan_to_num(means, nan=-np.inf), kind="stable")
                if means[i] > own + 1e-9
            ]
            if better and np.isfinite(own):
                yield column, own, better


def ranks_of(means):
    """Rank each line of an array, 1 for the largest; failures share the last ranks."""
    return stats.rankdata(-np.nan_to_num(means, nan=-np.inf), axis=1)


def tables_of(rows, place, has_sizes):
    """Sort rows into tables: {(title, size or "", learner): Table}."""
    tables = {}
    for row in rows:
        title, column = place(row["set"])
        key = title, row["k"] if has_sizes else "", row["learner"]
        tables.setdefault(key, Table()).add(row["rival"], column, row)
    return tables


def pooled(tables_by_suite):
    """Rank rivals over several suites: an array (sets, rivals), and the rivals.

    Learners and sizes that judge the same set are no independent witnesses: their ranks
    are averaged first, so that each set counts once. Only rivals that were run on all
    sets of all tables take part.
    """
    tables = [
        (suite, key[0], table)
        for suite, tables in tables_by_suite.items()
        for key, table in tables.items()
    ]
    if not tables:
        return np.empty((0, 0)), []
    shared = [
        rival
        for rival in tables[0][2].complete()
        if all(rival in table.complete() for *_, table in tables)
    ]
    if len(shared) < 2:
        return np.empty((0, 0)), shared
    by_set = {}
    for suite, title, table in tables:
        ranks = ranks_of(table.means(shared))
        for column, line in zip(table.columns, ranks, strict=True):
            by_set.setdefault((suite, title, column), []).append(line)
    return np.array([np.mean(lines, axis=0) for lines in by_set.values()]), shared


def critical_difference(n_rivals, n_sets, level=0.05):
    """Difference of mean ranks beyond which two rivals differ (Nemenyi, 1963)."""
    spread = np.sqrt(n_rivals * (n_rivals + 1) / (6 * n_sets))
    quantile = stats.studentized_range.ppf(1 - level, n_rivals, np.inf)
    return float(quantile / np.sqrt(2) * spread)


def friedman_p(ranks):
    """Chance of such ranks if all rivals were equal (Friedman, 1937)."""
    if ranks.shape[1] < 3 or len(ranks) < 2:
        return np.nan
    return float(stats.friedmanchisquare(*ranks.T).pvalue)


def holm(ranks, rivals, ours=OURS):
    """Compare ours with each by Wilcoxon's signed ranks; p-values after Holm (1979)."""
    own = ranks[:, rivals.index(ours)]
    raw = {}
    for place, rival in enumerate(rivals):
        if rival != ours:
            gaps = ranks[:, place] - own
            raw[rival] = stats.wilcoxon(gaps).pvalue if np.any(gaps) else 1.0
    adjusted, so_far = {}, 0.0
    for place, rival in enumerate(sorted(raw, key=raw.get)):
        so_far = max(so_far, min(1.0, raw[rival] * (len(raw) - place)))
        adjusted[rival] = so_far
    return adjusted


def cliques(ranks, difference):
    """Find the longest runs of sorted mean ranks that lie within the difference."""
    ranks = np.sort(ranks)
    ends = [int(np.searchsorted(ranks, r + difference, "right")) - 1 for r in ranks]
    runs = [(i, end) for i, end in enumerate(ends) if end > i]
    contained = [b for a, b in pairwise(runs) if b[1] == a[1]]
    return [run for run in runs if run not in contained]


def costs(rows):
    """Return CPU seconds of all fits of a rival, by rival and set, mean over seeds.

    A ranking that served several sizes is one fit: its rows share their costs. One that
    ran out of time counts with its limit.
    """
    fits = {}
    for row in rows:
        if row["cpu_s"]:
            key = row["rival"], row["set"]
            fit = row["cpu_s"], row["wall_s"] or row["k"]
            fits.setdefault(key, {}).setdefault(row["seed"], set()).add(fit)
    return {
        key: float(
            np.mean([sum(float(cpu) for cpu, _ in fit) for fit in seeds.values()])
        )
        for key, seeds in fits.items()
    }
