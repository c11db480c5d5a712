"""Says whether enough of the package is run by its tests: lines and branches apart.

``python -m coverage json -o FILE`` writes what is read here.
"""

import json
import sys
from pathlib import Path
from typing import Any

LEAST = {"lines": 95.0, "branches": 90.0}


def shortfalls(totals: dict[str, Any]) -> list[str]:
    """Compare the totals of a report of coverage with what we ask for.

    Parameters
    ----------
    totals : dict
        ``totals`` of the report.

    Returns
    -------
    faults : list of str
        One sentence for each share that is too small.
    """
    shares = {
        "lines": 100 * totals["covered_lines"] / totals["num_statements"],
        "branches": 100 * totals["covered_branches"] / totals["num_branches"],
    }
    return [
        f"{share:.1f} % of {name} are covered; at least {LEAST[name]:g} % must be"
        for name, share in shares.items()
        if share < LEAST[name]
    ]


if __name__ == "__main__":
    report = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    sys.exit("\n".join(shortfalls(report["totals"])) or 0)
