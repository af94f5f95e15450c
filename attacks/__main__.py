"""What `python3 build.py attack` runs: the attacks of the given names, or all of them.

Everything happens on loopback and in temporary folders, takes some twelve minutes, and ends with a table;
with status 1 where a promise broke.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from attacks import crowd, fuzz, kill, lie, live, soak, stall
from attacks.report import Row, table

PARTS: Mapping[str, Callable[..., Iterator[Row]]] = {
    "fuzz": fuzz.run,
    "kill": kill.run,
    "lie": lie.run,
    "live": live.run,
    "stall": stall.run,
    "crowd": crowd.run,
    "soak": soak.run,
}


def main(arguments: Sequence[str], share: float = 1) -> int:
    """Runs the parts of these names.

    Args:
        arguments: none for all; and options.
        share: of the time and size that they usually have.
    """
    parser = argparse.ArgumentParser(prog="build.py attack")
    parser.add_argument(
        "names", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all, where none is named"
    )
    parser.add_argument("--steps", type=_positive, default=soak.STEPS, metavar="N", help="of soak")
    parser.add_argument(
        "--seed", type=int, default=soak.SEED, metavar="N", help="of soak: the same steps again"
    )
    options = parser.parse_args(arguments)
    more = {"soak": {"steps": options.steps, "seed": options.seed}}
    if unknown := set(options.names) - set(PARTS):
        sys.stderr.write(
            f"panda-web: there is no attack {' or '.join(sorted(unknown))}; there are {', '.join(PARTS)}.\n"
        )
        return 1
    began, rows = time.monotonic(), []
    for name in options.names or PARTS:
        for row in PARTS[name](share, **more.get(name, {})):
            sys.stdout.write(f"panda-web: {name}: {row.what}: {row.verdict}\n")
            sys.stdout.flush()
            rows.append(row)
    sys.stdout.write(f"\n{table(rows)}\n\nIn {time.monotonic() - began:.0f} s.\n")
    return int(any(row.verdict != "held" for row in rows))


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
