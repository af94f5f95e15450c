"""Three nodes in a row, and a browser at each end: what is written anywhere is everywhere, through cuts.

It is a short soak; `build.py attack soak` is a longer one, with as many steps as somebody wants.
"""

from functools import partial
from pathlib import Path

from attacks import soak
from attacks.ends import End
from tests.browsers import Browsers, StaticServer

SEED = 125
"""With so few steps, all kinds of them: both tabs are closed, opened, and write while their nodes are killed."""
STEPS = 36


def test_two_browsers_at_the_ends_of_three_nodes(
    browsers: Browsers, website: StaticServer, tmp_path: Path
) -> None:
    ends = [partial(End, browsers, engine, website.url) for engine in soak.ENGINES]
    row = soak.over(tmp_path, STEPS, SEED, ends, pause=0.1)
    assert row.verdict == "held"
    assert row.much.endswith("Chromium and Firefox")
