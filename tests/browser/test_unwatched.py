"""What the benchmark of memory counts: what a page holds, and not what only waits to be thrown away."""

import time
from pathlib import Path

from benchmarks.unwatched import own, unwatched
from tests.browser.sites import copy_site
from tests.browsers import StaticServer, require, static_server
from tools.runtime import SECOND

MB = 1 << 20
HELD, DROPPED = 40, 80
PAGE = f"""<!doctype html><title>Holds some memory, and drops some</title>
<script>
  const held = new Uint8Array({HELD * MB}).fill(1);
  // Numbers of eight bytes, a kilobyte in each list: the browser takes its time with those.
  const text = "let lists = Array.from({{ length: {DROPPED << 10} }}, () => new Array(128).fill(0.5));"
    + "lists = null; postMessage('dropped');";
  const worker = new Worker(URL.createObjectURL(new Blob([text])));
  worker.onmessage = () => fetch("dropped");
</script>
"""
SMAPS = """\
55a7f53e8000-55a803500000 r-xp 0a1f6000 fe:00 1057                       /usr/lib/chromium/chromium
Size:             230496 kB
Private_Clean:      8392 kB
Private_Dirty:         4 kB
3d1a00000000-3d1a01e00000 rw-p 00000000 00:00 0 
Private_Clean:         0 kB
Private_Dirty:      1024 kB
Private_Hugetlb:       4 kB
7ffc4a1c8000-7ffc4a1ea000 rw-p 00000000 00:00 0                          [stack]
Shared_Dirty:        900 kB
Private_Dirty:        12 kB
"""  # noqa: W291 - as Linux writes it


def test_the_browsers_own_program_does_not_count() -> None:
    assert own(SMAPS) == (1024 + 4 + 12) * 1024


def test_what_nothing_holds_is_gone_and_what_is_held_is_not(tmp_path: Path) -> None:
    require("chromium")
    (tmp_path / "www").mkdir()
    (tmp_path / "www" / "index.html").write_text(PAGE, "utf-8")
    with (
        static_server(tmp_path / "www") as server,
        unwatched(server.url, tmp_path / "profile") as page,
    ):
        end = time.monotonic() + 60
        while not _asked(server, "dropped") and time.monotonic() < end:
            time.sleep(0.1)
        page.collect()
        after = page.megabytes()
        page.collect()
        again = page.megabytes()
    assert HELD < after < HELD + DROPPED  # and a page without anything has some 40
    assert abs(after - again) < HELD / 4


VISIT = """<!doctype html><title>Connects</title>
<script type="module">
  import { connect } from "./panda.js";
  globalThis.panda = await connect({});
  await fetch("opened");
</script>
"""


def test_page_and_worker_hold_nothing_of_what_they_started_from(site: Path, tmp_path: Path) -> None:
    """But the module's second part, until somebody calls it. What comes, or is kept from before, is 17 MB and more."""
    require("chromium")
    www = copy_site(site, tmp_path / "www", {"visit.html": VISIT})
    (second,) = www.rglob(SECOND)
    with static_server(www) as server:
        for visit in (1, 2):
            end = time.monotonic() + 60
            with unwatched(f"{server.url}visit.html", tmp_path / "profile") as page:
                while _asked(server, "opened") < visit or not _asked(server, SECOND):
                    assert time.monotonic() < end, server.requests
                    time.sleep(0.1)
                page.collect()  # and what came is kept meanwhile
                while (held := page.collect()) > second.stat().st_size + 2 * MB and time.monotonic() < end:
                    pass
            assert held < second.stat().st_size + 2 * MB, visit
        assert _asked(server, "snapshot.bin") == 1, server.requests


def _asked(server: StaticServer, name: str) -> int:
    return sum(f"/{name}" in request for request in server.requests)
