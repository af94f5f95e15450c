"""One website that goes from one way of working with its node to another: the author and what was written stay."""

import pytest

from tests.browser.api import Api
from tests.browser.asking import instances_at
from tests.browsers import Browsers, StaticServer
from tests.processes import ServedNode

NOTE = {"name": "note", "description": "", "fields": {"text": {"type": "text"}}}


def texts(api: Api, schema: str) -> list[str]:
    return sorted(each["text"] for each in api.call("query", schema)["instances"])


@pytest.mark.engines("chromium")
def test_the_author_and_what_was_written_stay(
    engine: str, browsers: Browsers, website: StaticServer, empty_node: ServedNode
) -> None:
    with browsers.tab(engine) as tab:

        def visit(mode: str, node: str = empty_node.url) -> Api:
            tab.goto("about:blank")
            tab.goto(website.url)
            return Api(tab, node, mode)

        api = visit("remote")  # as every website did in earlier versions
        author = api.opened["author"]
        schema = api.call("define", NOTE)["id"]
        first = api.call("create", schema, {"text": "remote"})["id"]
        api = visit("local")  # which has it from the own logs, and not from the node
        assert api.opened["author"] == author
        assert texts(api, schema) == ["remote"]
        api.call("create", schema, {"text": "local"})
        api = visit("first")
        api.call("update", schema, first, {"text": "first"})
        assert api.opened["author"] == author
        assert texts(api, schema) == ["first", "local"]
        api.call("flush")
        assert api.call("pending") == 0
    held = instances_at(empty_node.url, schema)
    assert sorted(str(each["text"]) for each in held) == ["first", "local"]
    assert {each.author for each in held} == {author}
