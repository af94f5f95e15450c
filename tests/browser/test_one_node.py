"""One node for all tabs of a site: who has it, and what becomes of calls when its tab goes."""

from collections.abc import Iterator

import pytest

from tests.browser.python import Python
from tests.browsers import Browsers, StaticServer

pytestmark = pytest.mark.every_engine

CALLS = 60


@pytest.fixture
def first(engine: str, browsers: Browsers, harness: StaticServer) -> Iterator[Python]:
    with browsers.tab(engine) as tab:
        yield Python(tab, harness.url)


@pytest.fixture
def second(first: Python, harness: StaticServer) -> Iterator[Python]:
    tab = first.tab.new_tab()
    yield Python(tab, harness.url)
    tab.close()


@pytest.mark.one_engine  # the other test has all of it but the orderly end
def test_all_tabs_reach_the_node_of_the_one_that_has_it(first: Python, second: Python) -> None:
    assert first.run("share", name="a") is True
    assert second.run("share", name="a") is False
    assert second.run("ask_shared", times=3) == [False] * 3
    first.run("leave_shared")
    assert second.run("ask_shared", times=3)[-1] is True


def test_a_tab_that_goes_leaves_it_to_the_next_and_no_call_is_lost(first: Python, second: Python) -> None:
    assert first.run("share", name="b") is True
    assert second.run("share", name="b") is False
    second.start("ask_shared", times=CALLS)
    first.page("end")
    had = second.result()
    assert len(had) == CALLS
    assert had[-1] is True
