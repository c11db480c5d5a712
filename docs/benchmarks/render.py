"""
Render the results of the benchmarks
====================================

Makes a page of tables for each suite, a page of mean ranks over suites, and pictures,
from the CSV files that `run.py` writes::

    python docs/benchmarks/render.py
"""

import argparse
import ast
import csv
import sys
from importlib import import_module
from pathlib import Path

import numpy as np

HOME = Path(__file__).parent
sys.path.insert(0, str(HOME))

from harness import summary  # noqa: E402
from harness.summary import OURS  # noqa: E402

# The suites of real tables that are ranked together.
RANKED = ("lassonet_tables", "extra_columns", "genes")


def read_rows(path):
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def titles_of_rivals():
    """Name each rival as the first line of its docstring does."""
    return {
        path.stem: ast.get_docstring(
            ast.parse(path.read_text(encoding="utf-8"))
        ).splitlines()[0]
        for path in (HOME / "rivals").glob("[!_]*.py")
    }


def suite_of(name):
    """Return what a suite says of itself: its docstring, its places, its sizes."""
    try:
        suite = import_module(f"suites.{name}")
    except ModuleNotFoundError:  # results of a suite that is not ours
        return "", lambda column: ("", column), True
    has_sizes = any(len(case.sizes) > 1 for case in suite.CASES.values())
    place = getattr(suite, "place", lambda column: ("", column))
    return suite.__doc__, place, has_sizes


def table_lines(table, titles, published):
    """Write a table, best mean rank first, the best of each set in bold."""
    # numbers of columns in their order, names as they come
    number = {name: int(name) for name in table.columns if name.isdigit()}
    columns = sorted(table.columns, key=lambda name: number.get(name, 0))
    ranks = table.mean_ranks()
    rivals = sorted(table.rivals, key=lambda rival: ranks.get(rival, np.inf))
    best = {column: table.best(column) for column in columns}
    lines = [
        "| | " + " | ".join(columns) + " | mean rank |",
        "|---" * (len(columns) + 2) + "|",
    ]
    for rival in rivals:
        texts = []
        for column in columns:
            cell = table.cells.get((rival, column))
            text = cell.text if cell else ""
            texts.append(f"**{text}**" if rival in best[column] else text)
        rank = f"{ranks[rival]:.2f}" if rival in ranks else ""
        lines.append(
            f"| {titles.get(rival, rival)} | " + " | ".join(texts) + f" | {rank} |"
        )
    for name in dict.fromkeys(row["name"] for row in published):
        by_column = {r["column"]: r["score"] for r in published if r["name"] == name}
        texts = [by_column.get(column, "") for column in columns]
        if any(texts):
            lines.append(f"| *{name}* | " + " | ".join(texts) + " | |")
    return lines


def loss_lines(table, titles):
    """Say on which sets others are ahead of ours, and by how much."""
    lines = []
    for column, own, better in table.ahead():
        told = ", ".join(
            f"{titles.get(rival, rival)} {mean:.4f} (+{mean - own:.4f})"
            for rival, mean in better[:3]
        )
        more = f", and {len(better) - 3} more" if len(better) > 3 else ""
        lines.append(f"- {column}: ours {own:.4f}; {told}{more}")
    return lines


def cost_lines(rows, titles):
    """Compare the CPU time of all fits with that of ours on the same sets."""
    costs = summary.costs(rows)
    rivals = list(dict.fromkeys(rival for rival, _ in costs))
    ours = {column: cost for (rival, column), cost in costs.items() if rival == OURS}
    timeouts = {row["rival"] for row in rows if row["status"] == "timeout"}
    lines = ["| | CPU s | sets | over ours on these sets |", "|---|---|---|---|"]
    totals = {}
    for rival in rivals:
        own = {column: cost for (name, column), cost in costs.items() if name == rival}
        shared = [column for column in own if column in ours]
        base = sum(ours[column] for column in shared)
        ratio = sum(own[column] for column in shared) / base if base else np.nan
        totals[rival] = sum(own.values()), len(own), ratio
    for rival in sorted(totals, key=lambda rival: totals[rival][2]):
        total, n_sets, ratio = totals[rival]
        sign = "at least " if rival in timeouts else ""
        lines.append(
            f"| {titles.get(rival, rival)} | {sign}{total:.1f} | {n_sets} "
            f"| {sign}{ratio:.3g} |"
        )
    return lines


def page_of(name, rows, titles, published):
    """Write the page of one suite."""
    doc, place, has_sizes = suite_of(name)
    tables = summary.tables_of(rows, place, has_sizes)
    lines = [f"# {name.replace('_', ' ').capitalize()}", "", doc.strip(), ""]
    lines += [
        "Cells are means over seeds, their number in brackets; the best of each set is "
        "bold, larger is better. Rows in italics are published by others.",
        "",
        f"    python docs/benchmarks/run.py {name} ...",
        "    python docs/benchmarks/render.py",
        "",
    ]
    for (title, size, learner), table in tables.items():
        heading = ", ".join(
            filter(None, [title, f"{size} columns" if size else "", learner])
        )
        known = [
            row
            for row in published
            if (row["suite"], row["title"], row["k"], row["learner"])
            == (name, title, size, learner)
        ]
        lines += [f"## {heading}", "", *table_lines(table, titles, known), ""]
        losses = loss_lines(table, titles)
        if losses:
            lines += ["Ahead of ours:", "", *losses, ""]
    lines += ["## Cost", "", *cost_lines(rows, titles), "", *footer(rows)]
    return "\n".join(lines), tables


def footer(rows):
    """Say what was run: versions and commits."""
    packages = dict.fromkeys(row["packages"] for row in rows if row["packages"])
    rivals = dict.fromkeys(row["version"] for row in rows if row["version"])
    commits = dict.fromkeys(row["commit"] for row in rows if row["commit"])
    return [
        f"Installed: {' / '.join(packages)}. Rivals: {'; '.join(sorted(rivals))}. "
        f"Commits: {', '.join(commits)}.",
        "",
    ]


def ranks_page(tables_by_suite, titles, folder, with_pictures):
    """Write the page of mean ranks over suites, and its picture."""
    ranks, rivals = summary.pooled(tables_by_suite)
    if len(rivals) < 2:
        return ""
    means = dict(zip(rivals, ranks.mean(axis=0), strict=True))
    difference = summary.critical_difference(len(rivals), len(ranks))
    lines = [
        "# Mean ranks",
        "",
        f"Over the {len(ranks)} sets of {', '.join(tables_by_suite)}; the ranks that "
        "several learners and sizes give on a set are averaged first. Only methods "
        "that were run on all of them. Sets made of the same table are not "
        "independent, so p-values are too small.",
        "",
        f"Friedman's test that all are equal: p = {summary.friedman_p(ranks):.2g}. "
        f"Critical difference of mean ranks (Nemenyi, 5 %): {difference:.2f}.",
        "",
    ]
    adjusted = summary.holm(ranks, rivals) if OURS in rivals else {}
    lines += ["| | mean rank | against ours, p after Holm |", "|---|---|---|"]
    lines += [
        f"| {titles.get(rival, rival)} | {means[rival]:.2f} | "
        + (f"{adjusted[rival]:.2g} |" if rival in adjusted else "|")
        for rival in sorted(rivals, key=means.get)
    ]
    if with_pictures:
        from harness.pictures import critical_difference_picture

        critical_difference_picture(means, difference, titles, folder / "ranks.png")
        lines += ["", "![Critical differences](ranks.png)"]
    return "\n".join([*lines, ""])


def draw_curves(name, tables, titles, published, folder):
    """Draw recovery against the number of columns, where columns are numbers."""
    from harness.pictures import recovery_curves

    curves = {}
    for (title, *_), table in tables.items():
        if len(table.columns) > 1 and all(c.isdigit() for c in table.columns):
            by_rival = curves.setdefault(title, {})
            for (rival, column), cell in table.cells.items():
                by_rival.setdefault(rival, {})[int(column)] = cell.mean
            for row in published:
                if row["suite"] == name and row["title"] == title:
                    shares = by_rival.setdefault(row["name"], {})
                    shares[int(row["column"])] = float(row["score"])
    if curves:
        recovery_curves(curves, titles, folder / f"{name}.png")
    return bool(curves)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--results", type=Path, default=HOME / "results")
    parser.add_argument("--out", type=Path, default=HOME / "rendered")
    parser.add_argument(
        "--no-pictures", action="store_true", help="needs no matplotlib"
    )
    args = parser.parse_args(arguments)
    args.out.mkdir(exist_ok=True)
    titles, published = titles_of_rivals(), read_rows(HOME / "published.csv")
    tables_by_suite = {}
    for path in sorted(args.results.glob("*.csv")):
        rows = read_rows(path)
        text, tables = page_of(path.stem, rows, titles, published)
        tables_by_suite[path.stem] = tables
        if not args.no_pictures and draw_curves(
            path.stem, tables, titles, published, args.out
        ):
            text += f"![Recovery by number of columns]({path.stem}.png)\n"
        (args.out / f"{path.stem}.md").write_text(text, encoding="utf-8")
    ranked = {name: tables_by_suite[name] for name in RANKED if name in tables_by_suite}
    text = ranks_page(ranked, titles, args.out, not args.no_pictures)
    if text:
        (args.out / "ranks.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
