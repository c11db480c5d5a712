"""Prints the declared floors of setup.cfg as constraints: ``numpy==2.0`` and so on.

torch is left out: constraints.txt holds it to one release.
"""

import configparser
import re
import sys
from pathlib import Path

REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)(?:\[.*\])?>=([0-9.]+)$")


def floors(text: str, *extras: str) -> list[str]:
    """Read the floors of the package and of some extras.

    Parameters
    ----------
    text : str
        Of setup.cfg.
    *extras : str
        Names of extras; those that they name in turn are read too.

    Returns
    -------
    constraints : list of str
        One line per requirement.

    Raises
    ------
    ValueError
        If a requirement has no floor, as then nothing is promised of it.
    """
    config = configparser.RawConfigParser()
    config.read_string(text)
    lines = config["options"]["install_requires"].split("\n")
    waiting, seen = list(extras), set()
    while waiting:
        extra = waiting.pop()
        if extra in seen:
            continue
        seen.add(extra)
        for line in config["options.extras_require"][extra].split("\n"):
            if named := re.fullmatch(r"%\((\w+)\)s", line.strip()):
                waiting.append(named[1])
            else:
                lines.append(line)
    found = set()
    for line in filter(None, map(str.strip, lines)):
        if not (match := REQUIREMENT.match(line)):
            raise ValueError(f"{line!r} has no floor. Write it as name>=version.")
        if match[1] != "torch":
            found.add(f"{match[1]}=={match[2]}")
    return sorted(found)


if __name__ == "__main__":
    setup = Path(__file__).resolve().parents[1] / "setup.cfg"
    print(*floors(setup.read_text(encoding="utf-8"), *sys.argv[1:]), sep="\n")
