"""What `python3 build.py attack` runs: the attacks of the given names, or all of them.

Everything happens on loopback and in temporary folders, takes some nine minutes, and ends with a table;
with status 1 where a promise broke.
"""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from attacks import crowd, fuzz, kill, lie, live, soak, stall
from attacks.report import Row, table

PARTS: Mapping[str, Callable[[float], Iterator[Row]]] = {
    "fuzz": fuzz.run,
    "kill": kill.run,
    "lie": lie.run,
    "live": live.run,
    "stall": stall.run,
    "crowd": crowd.run,
    "soak": soak.run,
}


def main(names: Sequence[str], share: float = 1) -> int:
    """Runs the parts of these names.

    Args:
        names: none for all.
        share: of the time and size that they usually have.
    """
    if unknown := set(names) - set(PARTS):
        sys.stderr.write(
            f"panda-web: there is no attack {' or '.join(sorted(unknown))}; there are {', '.join(PARTS)}.\n"
        )
        return 1
    began, rows = time.monotonic(), []
    for name in names or PARTS:
        for row in PARTS[name](share):
            sys.stdout.write(f"panda-web: {name}: {row.what}: {row.verdict}\n")
            sys.stdout.flush()
            rows.append(row)
    sys.stdout.write(f"\n{table(rows)}\n\nIn {time.monotonic() - began:.0f} s.\n")
    return int(any(row.verdict != "held" for row in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
