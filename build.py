#!/usr/bin/env python3
"""Makes panda-web run on a machine that has nothing but Python and a package index.

    python3 build.py serve [--port 2020] [--data DIR] [--no-browser] ...
        the node and the page, on one port; what follows is handed to `panda serve`
    python3 build.py test [--long] [pytest arguments]
        all tests, several at once; sees to the browsers too. --long runs every browser test in every engine,
        and property tests with many more examples
    python3 build.py bench [start] [modes] [snapshot] [memory] [sign] [verify] [node] [growth]
                            [commit] [tab] [live] [query] [views]
        how fast it is, beside its peers; what is found goes to docs/benchmarks/, and status 1 says that it is
        slower than a limit allows
    python3 build.py attack [fuzz] [kill] [lie] [live] [stall] [crowd] [soak] [--steps N] [--seed N]
        attacks the node and the client, on loopback and for some twelve minutes, and says what held; status 1
        says that a promise broke: docs/security.md. Steps and seed are those of soak
    python3 build.py site [--name NAME] [--colour #RRGGBB] [--language de] [--out dist] [--plain]
        the static site alone, for any web server, on any path; compressed ahead, which takes minutes where
        something changed, or else plain. Name, colour and language make it an event's own: docs/site.md.
        Equal sources make equal bytes, and the hash at the end stands for all of them: docs/security.md
    python3 build.py wheel [--out release] [--plain]
        what node, command and site are installed from on machines without this repository
    python3 build.py lock [--upgrade]
        for maintainers: makes the lock files again

It imports the standard library only, and so does all of tools/ that it runs: nothing is installed before.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence


def main(argv: Sequence[str]) -> int:
    """Runs one command, or says which there are."""
    if sys.version_info < (3, 11):  # noqa: UP036 - a newcomer's may well be older
        found = platform.python_version()
        print(f"panda-web: panda-web needs Python 3.11 or newer; this is {found}.", file=sys.stderr)
        return 1
    from tools import commands

    if not argv or argv[0] not in commands.COMMANDS:
        print(__doc__)
        return 0 if argv in (["-h"], ["--help"]) else 2
    return commands.run(argv[0], argv[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
