"""A site's own node is kept alike with several nodes: each of them may be gone, and what is written reaches all."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.api import Api
from tests.browser.asking import define_as_stranger, instances_at, write_as_stranger
from tests.browsers import Browsers, StaticServer
from tests.defining import loose
from tests.processes import ServedNode


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
        told = api.do("nodesUntil", [["connected", 0], ["connecting", None]])["value"]["told"][-1]
        assert [each["url"] for each in told] == [one.url, other.url], "each once"
        assert refused(peers=5) == "invalid-params"
        assert refused(peers=None) == "invalid-params"
        assert refused(peers=["ftp://node.example"]) == "node-address-wrong"
        assert refused(peers=[f"https://n{n}.example" for n in range(9)]) == "invalid-params"
        assert refused(peers=[other.url], mode="remote") == "peers-unused"
        assert refused(peers=[other.url], mode="local") == "peers-unused"
