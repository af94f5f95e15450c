"""A site's own node is kept alike with several nodes: each of them may be gone, and what is written reaches all."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from panda_web.rpc.peers import Peer
from tests.authors import Author
from tests.browser.api import Api, Module
from tests.browser.asking import define_as_stranger, instances_at, write_as_stranger
from tests.browser.screen import Screen
from tests.browsers import Browsers, StaticServer, Tab
from tests.defining import loose
from tests.processes import ServedNode
from tests.sqlite import Store


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[tuple[ServedNode, ServedNode]]:
    """Two nodes that know nothing of each other."""
    with ServedNode(tmp_path / "one") as one, ServedNode(tmp_path / "other") as other:
        yield one, other


def held(node: ServedNode, schema: str) -> list[object]:
    return sorted(str(each["text"]) for each in instances_at(node.url, schema))


@pytest.mark.every_engine
def test_a_page_with_a_node_and_a_peer(
    engine: str, browsers: Browsers, website: StaticServer, nodes: tuple[ServedNode, ServedNode]
) -> None:
    one, other = nodes
    schema = define_as_stranger(
        other.url, loose(text="text")
    )  # the node knows nothing of it, and gets it by the page
    write_as_stranger(other.url, {"text": "At the peer"}, schema=schema)
    with browsers.tab(engine) as tab:
        tab.goto(website.url)
        api = Api(tab, one.url, "first", [other.url])
        (theirs,) = api.call("query", schema)["instances"]
        assert theirs["text"] == "At the peer"
        assert "reach" not in theirs["_meta"]
        mine = api.call("create", schema, {"text": "Mine"})["id"]
        assert api.do("reachUntil", schema, mine, 2)["value"]["told"][-1] == {"at": 2, "of": 2}
        told = api.do("nodesUntil", [["connected", 0], ["connected", 0]])["value"]["told"][-1]
        assert [each["url"] for each in told] == [one.url, other.url]
        assert [each["error"] for each in told] == [None, None]
        assert told[1]["brought"] >= 2
        assert told[1]["asOf"] is not None

        one.kill()
        second = api.call("create", schema, {"text": "Without the node"})["id"]
        assert api.do("reachUntil", schema, second, 1)["value"]["told"][-1] == {"at": 1, "of": 2}
        assert held(other, schema) == ["At the peer", "Mine", "Without the node"]
        write_as_stranger(other.url, {"text": "Meanwhile"}, schema=schema)
        assert api.do("followedText", schema, "Meanwhile")["value"]

        other.kill()
        one.start()
        third = api.call("create", schema, {"text": "Without the peer"})["id"]
        assert api.do("reachUntil", schema, second, 2)["value"]["told"][-1] == {"at": 2, "of": 2}
        told = api.do("nodesUntil", [["connected", 0], ["unreachable", 1]])["value"]["told"][-1]
        assert told[1]["error"]["reason"] == "node-unreachable"
        assert api.do("reachUntil", schema, third, 1)["value"]["told"][-1] == {"at": 1, "of": 2}
        other.start()
        assert api.do("reachUntil", schema, third, 2)["value"]["told"][-1] == {"at": 2, "of": 2}
    assert held(other, schema) == ["At the peer", "Meanwhile", "Mine", "Without the node", "Without the peer"]


def test_what_is_given_for_peers(
    browsers: Browsers, website: StaticServer, nodes: tuple[ServedNode, ServedNode]
) -> None:
    one, other = nodes

    def refused(**options: object) -> str:
        return str(api.do("connectTo", {"node": one.url, **options})["error"]["reason"])

    with browsers.tab("chromium") as tab:
        tab.goto(website.url)
        api = Api(tab, one.url, "first", [one.url, other.url, other.url])
        told = api.do("nodesUntil", [["connected", 0], ["connected", 0]])["value"]["told"][-1]
        assert [each["url"] for each in told] == [one.url, other.url], "each once"
        assert refused(peers=5) == "invalid-params"
        assert refused(peers=None) == "invalid-params"
        assert refused(peers=["ftp://node.example"]) == "node-address-wrong"
        assert refused(peers=[f"https://n{n}.example" for n in range(9)]) == "invalid-params"
        assert refused(peers=[other.url], mode="remote") == "peers-unused"
        assert refused(peers=[other.url], mode="local") == "peers-unused"


def test_a_page_says_whose_entries_come_to_its_browser(
    browsers: Browsers, website: StaticServer, nodes: tuple[ServedNode, ServedNode]
) -> None:
    """From its node and from a peer; what was written here does not hang on that."""
    one, other = nodes
    schema = define_as_stranger(one.url, loose(text="text"))
    wished, stranger = Author(7), Author(8)
    for node, who, text in (
        (one, wished, "At the node"),
        (one, stranger, "Of a stranger"),
        (other, stranger, "Of a stranger, at the peer"),
        (one, wished, "x" * 5000),
    ):
        write_as_stranger(node.url, {"text": text}, schema=schema, who=who.signer)

    def refused(tab: Tab, **options: object) -> str:
        answer = Module(tab, "api.js")("connectTo", {"node": one.url, **options})
        return str(answer["error"]["reason"])

    with browsers.tab("chromium") as tab:
        tab.goto(website.url)
        wish = {"authors": [wished.hex], "maxPayload": 1000}
        api = Api(tab, one.url, "first", [other.url], wish)
        mine = api.call("create", schema, {"text": "Mine"})["id"]
        assert api.do("reachUntil", schema, mine, 2)["value"]["told"][-1] == {"at": 2, "of": 2}
        write_as_stranger(one.url, {"text": "Later"}, schema=schema, who=wished.signer)
        assert api.do("followedText", schema, "Later")["value"]
        found = {each["text"] for each in api.call("query", schema)["instances"]}
        assert found == {"At the node", "Mine", "Later"}
        assert refused(tab, wish=wish, mode="remote") == "wish-unused"
        for wrong in (
            5,
            {"newest": 3},
            {"authors": ["me"]},
            {"authors": [wished.hex] * 51},
            {"maxPayload": -1},
        ):
            assert refused(tab, wish=wrong) == "invalid-params"


def test_the_page_shows_its_nodes_and_takes_one_more(browsers: Browsers, site: Path, tmp_path: Path) -> None:
    with (
        ServedNode(tmp_path / "one", site, "--festival") as one,
        ServedNode(tmp_path / "other", None, "--festival") as other,
        browsers.tab("chromium") as tab,
    ):
        with closing(Store(tmp_path / "one" / "node.db")) as store:
            for url in ("https://node.example/", "http://192.168.0.7/"):
                store.peers.put(Peer(url, "told", time.time()))
        screen = Screen(tab).open(one.url)
        assert not screen.has("#peers li")
        screen.click("#their-peers summary")
        screen.wait("#their-peers li")
        assert screen.text("#their-peers li").startswith("https://node.example/ last ")
        assert "192.168" not in screen.text("#their-peers"), "a private address is told to nobody"
        screen.click("#more-nodes summary")
        screen.fill("#peer-url", other.url)
        screen.click("#peer-add")
        screen.wait("html[data-state=ready]")
        screen.wait("#peers li[data-state=connected]")
        assert other.url in screen.text("#peers")
        screen.write(title="Mine")
        screen.until(lambda: [each["title"] for each in instances_at(other.url)] == ["Mine"])
        screen.until(lambda: "the same as here" in screen.text("#peers"))
        screen.until(lambda: not screen.has("article .late"))

        other.kill()
        screen.wait("#peers li[data-state=unreachable]")
        late = screen.write(title="Mine too")
        screen.until(lambda: "1 of your entries is not there yet" in screen.text("#peers"))
        screen.until(lambda: screen.text(f"article[data-id='{late['id']}'] .late") == "at 1 of 2 nodes")
        assert "peer=" in tab.evaluate("document.querySelector('a[data-page][href^=data]').href")
        screen.click("#peers button")
        screen.wait("html[data-state=ready]")
        assert "peer=" not in tab.evaluate("location.href")
        assert not screen.has("#peers li")


def test_a_key_that_is_restored_goes_on_behind_what_a_copy_wrote_to_a_peer(
    browsers: Browsers, website: StaticServer, nodes: tuple[ServedNode, ServedNode]
) -> None:
    one, other = nodes
    schema = define_as_stranger(other.url, loose(text="text"))
    passphrase = "correct horse battery"
    with browsers.tab("chromium") as tab, browsers.tab("chromium") as elsewhere:
        tab.goto(website.url)
        copy = Api(tab, other.url, "first")
        text = copy.call("backUp", passphrase)
        for words in ("First", "Second"):
            copy.call("create", schema, {"text": words})
        copy.call("flush")
        elsewhere.goto(website.url)
        other.kill()
        api = Api(elsewhere, one.url, "first", [other.url])
        api.call("restore", text, passphrase)
        (unasked,) = api.call("gather")["instances"]
        assert (unasked["url"], unasked["error"]["reason"]) == (other.url, "node-unreachable")
        other.start()
        assert api.call("gather")["instances"] == []
        third = api.call("create", schema, {"text": "Third"})["id"]
        assert api.do("reachUntil", schema, third, 2)["value"]["told"][-1] == {"at": 2, "of": 2}
    for node in nodes:
        found = instances_at(node.url, schema)
        assert sorted((each.seq_num, each["text"]) for each in found) == [
            (1, "First"), (2, "Second"), (3, "Third"),
        ]  # fmt: skip
