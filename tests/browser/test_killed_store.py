"""Ends in the middle of writing: of the browser, of the page, of its process. What was acknowledged is there."""

import contextlib
import re
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import playwright.sync_api
import pytest

from tests.browser.python import Python
from tests.browser.sites import HARNESS, copy_site, runs_before
from tests.browsers import Browsers, PlaywrightTab, StaticServer, kill, kill_renderers, static_server

pytestmark = [
    pytest.mark.engines("chromium"),
    pytest.mark.skipif(sys.platform != "linux", reason="finds the browser's processes in /proc"),
]

# How each round ends: a new browser takes longest.
ROUNDS = ("browser", "page", "renderer", "page", "renderer", "page", "renderer")
NAME = "killed"
ACK = re.compile(r"GET /ack/([0-9a-f]{64})/(\d+) ")


def acknowledged(server: StaticServer) -> dict[str, int]:
    """How many entries each author was told to be stored."""
    counts: Counter[str] = Counter()
    for line in list(server.requests):
        if told := ACK.match(line):
            counts[told[1]] = max(counts[told[1]], int(told[2]))
    return dict(counts)


def writes(python: Python, server: StaticServer, round_number: int) -> None:
    """Looks at what the round before left behind, then writes for a moment, which is another one in each round."""
    told = acknowledged(server)
    found = python.run("look", name=NAME, acknowledged=dict([*told.items()][-1:]))
    assert found == {"kind": "opfs", "integrity": "ok", "missing": {}}
    author = python.run("write_on", name=NAME)
    end = time.monotonic() + 60
    while author not in acknowledged(server) and time.monotonic() < end:
        time.sleep(0.01)
    assert acknowledged(server)[author] > 0
    time.sleep((round_number * 37 % 100) / 250)


def another(tab: PlaywrightTab, profile: Path) -> PlaywrightTab | None:
    """A tab of the same browser, which hears first that the processes of the others are gone.

    It keeps a process ready for the next page, of which it may hear later: then that page crashes as it opens,
    or never opens. So a browser that gives no page is ended after a while, and there is None.
    """
    tab.page.wait_for_event("crash")
    patience = threading.Timer(30, kill, (profile,))
    patience.start()
    try:
        for _ in range(3):
            with contextlib.suppress(playwright.sync_api.Error):
                return PlaywrightTab(tab.engine, tab.page.context.new_page())
    finally:
        patience.cancel()
    kill(profile)
    return None


def test_what_was_acknowledged_survives(
    engine: str, browsers: Browsers, disks: StaticServer, tmp_path: Path, long: bool
) -> None:
    rounds = [how for _ in range(15 if long else 2) for how in ROUNDS]
    profile = tmp_path / "profile"
    number = 0
    while rounds:
        with browsers.killable(engine, profile) as tab:
            while rounds:
                how = rounds.pop(0)
                number += 1
                writes(Python(tab, disks.url), disks, number)
                if how == "browser":
                    assert kill(profile) > 0
                    break
                if how == "renderer":
                    assert kill_renderers(profile) > 0
                    following = another(tab, profile)
                    if following is None:
                        break
                    tab = following
                # and a page ends with the next one's beginning
    with browsers.killable(engine, profile) as tab:
        told = acknowledged(disks)
        assert len(told) == number
        found = Python(tab, disks.url).run("look", name=NAME, acknowledged=told)
        assert found == {"kind": "opfs", "integrity": "ok", "missing": {}}


def test_what_was_acknowledged_survives_a_power_cut(
    engine: str, browsers: Browsers, disks_site: Path, tmp_path: Path
) -> None:
    """What a killed browser has written is with the system, which writes it later. A power cut takes that too."""
    copy_site(disks_site, tmp_path / "www", {})
    runs_before(tmp_path / "www" / "worker.js", HARNESS / "power-cut.js")
    with static_server(tmp_path / "www") as server, browsers.tab(engine) as tab:
        for number in range(3):
            writes(Python(tab, server.url), server, number)
        told = acknowledged(server)
        found = Python(tab, server.url).run("look", name=NAME, acknowledged=told)
        assert found == {"kind": "opfs", "integrity": "ok", "missing": {}}
