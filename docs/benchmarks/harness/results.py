"""Results: one CSV file a suite, to which rows are added as they come."""

import csv
import subprocess
from pathlib import Path

FIELDS = (
    "suite",
    "set",
    "n_rows",
    "n_columns",
    "k",
    "rival",
    "version",
    "seed",
    "learner",
    "measure",
    "score",
    "cpu_s",
    "wall_s",
    "peak_mb",
    "status",
    "packages",
    "commit",
)
KEY = ("set", "k", "rival", "seed", "learner")  # what tells one row from another


class Results:
    """The rows of one suite, on disk.

    Parameters
    ----------
    path : Path
        The file; neither it nor its folder need exist.
    """

    def __init__(self, path):
        self.path = path
        self.rows = []
        if path.exists():
            with path.open(newline="", encoding="utf-8") as lines:
                self.rows = list(csv.DictReader(lines))
        self._known = set(map(key_of, self.rows))

    def __contains__(self, row):
        return key_of(row) in self._known

    def add(self, rows):
        """Write rows at the end of the file, at once; known ones are replaced."""
        replaced = set(map(key_of, rows)) & self._known
        if replaced:
            self.rows = [row for row in self.rows if key_of(row) not in replaced]
            self._write(self.rows, "w")
        self._write(rows, "a")
        self.rows += rows
        self._known |= set(map(key_of, rows))

    def _write(self, rows, mode):
        is_new = mode == "w" or not self.path.exists()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open(mode, newline="", encoding="utf-8") as lines:
            writer = csv.DictWriter(lines, FIELDS, lineterminator="\n")
            if is_new:
                writer.writeheader()
            writer.writerows(rows)

    def stale(self, rivals, commit):
        """Return the keys of rows of some rivals that another commit has written.

        A commit with changes on top, which has a plus, is another one each time.
        """
        return {
            key_of(row): row
            for row in self.rows
            if row["rival"] in rivals
            and (row["commit"] != commit or commit.endswith("+") or not commit)
        }


def key_of(row):
    return tuple(str(row[name]) for name in KEY)


def commit_of(folder):
    """Name the commit of the package; a plus says that it was changed since."""
    run = {"cwd": folder, "capture_output": True, "text": True, "check": True}
    try:
        top = subprocess.run(["git", "rev-parse", "--show-toplevel"], **run)
        run["cwd"] = Path(top.stdout.strip())
        name = subprocess.run(["git", "rev-parse", "--short", "HEAD"], **run)
        package = ["git", "status", "--porcelain", "--", "sklearn_binmask"]
        changed = subprocess.run(package, **run).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
    return name.stdout.strip() + ("+" if changed else "")
