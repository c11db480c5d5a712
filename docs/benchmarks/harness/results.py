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
        The file; it need not exist.
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
        """Write rows at the end of the file, at once."""
        is_new = not self.path.exists()
        with self.path.open("a", newline="", encoding="utf-8") as lines:
            writer = csv.DictWriter(lines, FIELDS, lineterminator="\n")
            if is_new:
                writer.writeheader()
            writer.writerows(rows)
        self.rows += rows
        self._known |= set(map(key_of, rows))

    def drop(self, is_unwanted):
        """Forget rows, so that they are run again."""
        kept = [row for row in self.rows if not is_unwanted(row)]
        if len(kept) < len(self.rows):
            self.path.unlink()
            self.rows, self._known = [], set()
            self.add(kept)


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
