"""A key's backup: made once, readable by other software, and enough to go on in another browser."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from panda_web.bamboo import digest
from tests.browser.api import Api, bare_website
from tests.browser.asking import instances_at
from tests.browser.festivals import event, save, schedule
from tests.browser.screen import Screen
from tests.browser.sites import HARNESS, with_prefix
from tests.browsers import Browsers, PlaywrightTab, StaticServer, static_server
from tests.processes import ServedNode

PASSPHRASE = "correct horse battery"
SCHEMA = digest(b"key care").hex()
STORED_KEYS, STORED_TEXTS = ((HARNESS / name).read_text("utf-8") for name in ("keys.js", "texts.js"))


def author_of(backup: str) -> str:
    """What `cryptography` reads in it."""
    key = serialization.load_pem_private_key(backup.encode(), PASSPHRASE.encode())
    return key.public_key().public_bytes_raw().hex()  # type: ignore[union-attr]


@pytest.mark.every_engine
def test_key_moves_to_another_browser(
    engine: str, browsers: Browsers, website: StaticServer, empty_node: ServedNode
) -> None:
    """Nothing is signed there before the node was asked how far the logs are."""
    with ExitStack() as tabs:
        old, new = (tabs.enter_context(browsers.tab(engine)) for _ in range(2))
        old.goto(website.url)
        before = Api(old, empty_node.url)
        assert before.refused("backUp", "short")[0] == "passphrase-short"
        text = before.call("backUp", PASSPHRASE)
        author = before.opened["author"]
        assert author_of(text) == author
        assert before.refused("backUp", PASSPHRASE)[0] == "backup-impossible"
        ids = [before.call("create", SCHEMA, {"n": number})["id"] for number in range(5)]

        new.goto(website.url)
        after = Api(new, empty_node.url)
        replaced = after.opened["author"]
        assert replaced != author
        assert after.refused("restore", text, "another passphrase")[0] == "passphrase-wrong"
        assert after.refused("restore", text[:100], PASSPHRASE)[0] == "backup-malformed"
        after.call("restore", text, PASSPHRASE)
        after.call("update", SCHEMA, ids[2], {"n": 20})
        after.call("create", SCHEMA, {"n": 5})
        found = {instance.id: instance for instance in instances_at(empty_node.url, SCHEMA)}
        mine = [instance for instance in found.values() if instance.author == author]
        assert sorted(int(str(instance["n"])) for instance in mine) == [0, 1, 3, 4, 5, 20]
        assert {instance.log_id for instance in mine} == {found[ids[0]].log_id}
        assert sorted(instance.seq_num for instance in mine) == [1, 2, 4, 5, 6, 7]

        for tab in (old, new):
            kept = tab.evaluate(STORED_KEYS)
            assert {(key["extractable"], key["exported"]) for key in kept} == {(False, False)}
        assert len(kept) == 2, "the key that was replaced is kept"


def test_key_that_is_restored_once_more_takes_up_what_the_copy_wrote(
    browsers: Browsers, website: StaticServer, empty_node: ServedNode
) -> None:
    """Also after both had written into one log: everything at the node can be changed and deleted again."""
    schema = digest(b"restored once more").hex()
    with ExitStack() as tabs:
        old, new = (tabs.enter_context(browsers.tab("chromium")) for _ in range(2))
        old.goto(website.url)
        before = Api(old, empty_node.url)
        text = before.call("backUp", PASSPHRASE)
        ids = [before.call("create", schema, {"n": number})["id"] for number in range(3)]
        new.goto(website.url)
        after = Api(new, empty_node.url)
        after.call("restore", text, PASSPHRASE)
        ids.append(after.call("create", schema, {"n": 3})["id"])
        reason, data = before.refused("update", schema, ids[0], {"n": 4})
        assert reason == "log-diverged"
        assert [lost["fields"] for lost in data["messages"]] == [{"n": 4}]
        before.call("restore", text, PASSPHRASE)
        assert before.call("flush") == 0
        for number, each in enumerate(ids):
            assert before.call("update", schema, each, {"n": 10 + number})["acknowledged"]
        assert before.call("delete", schema, ids[0])["acknowledged"]
        shown = sorted(int(str(instance["n"])) for instance in instances_at(empty_node.url, schema))
        assert shown == [11, 12, 13]


def test_what_a_replaced_key_signed_is_sent(
    browsers: Browsers, website: StaticServer, tmp_path: Path
) -> None:
    """The node is away while the key changes, twice, and the page is opened again before it comes back."""
    schema = digest(b"replaced").hex()
    with ServedNode(tmp_path / "node") as node, ExitStack() as tabs:
        old, new = (tabs.enter_context(browsers.tab("chromium")) for _ in range(2))
        old.goto(website.url)
        before = Api(old, node.url)
        text = before.call("backUp", PASSPHRASE)
        new.goto(website.url)
        after = Api(new, node.url)
        replaced = after.opened["author"]
        own = after.call("backUp", PASSPHRASE)
        after.call("create", schema, {"n": 0})
        node.kill()
        assert not after.call("create", schema, {"n": 1})["acknowledged"]
        for key in (text, own, text):
            after.call("restore", key, PASSPHRASE)
            assert after.call("pending") == 1
        new.goto(website.url)
        after = Api(new, node.url)
        assert after.opened["author"] == before.opened["author"]
        assert after.call("pending") == 1
        node.start()
        after.do("statusUntil", "connected", 0)  # it is sent by itself
        found = {(instance.author, instance["n"]) for instance in instances_at(node.url, schema)}
        assert found == {(replaced, 0), (replaced, 1)}


def test_tab_ends_while_a_key_is_restored(
    browsers: Browsers, website: StaticServer, site: Path, empty_node: ServedNode, tmp_path: Path
) -> None:
    """The key is in use from then on, and what is asked before anything is signed with it was not forgotten."""
    ending = with_prefix(site, tmp_path / "site", HARNESS / "ends-restoring.js")
    with ExitStack() as tabs:
        old, new = (tabs.enter_context(browsers.tab("chromium")) for _ in range(2))
        old.goto(website.url)
        before = Api(old, empty_node.url)
        text = before.call("backUp", PASSPHRASE)
        new.goto(tabs.enter_context(static_server(bare_website(ending, tmp_path / "www"))).url)
        after = Api(new, empty_node.url)
        after.do("begin", [["restore", text, PASSPHRASE]])
        new.wait_for(
            f"async () => (await ({STORED_KEYS})()).filter(({{ waiting }}) => !waiting).length === 2"
        )
        assert f"restored/{before.opened['author']}" in new.evaluate(STORED_TEXTS)


def test_first_entry_needs_no_node_while_the_key_has_no_copy(
    engine: str, browsers: Browsers, website: StaticServer, tmp_path: Path
) -> None:
    with browsers.tab(engine) as tab:
        tab.goto(website.url)
        api = Api(tab, ServedNode(tmp_path / "node").url)
        assert api.refused("backUp", "short")[0] == "passphrase-short"
        assert not api.call("create", SCHEMA, {"n": 0})["acknowledged"]
        api.call("backUp", PASSPHRASE)
        assert not api.call("create", SCHEMA, {"n": 1})["acknowledged"]
        assert api.refused("create", digest(b"another").hex(), {"n": 2})[0] == "node-unreachable"
        assert api.call("pending") == 2


def test_in_the_page(browsers: Browsers, site: Path, tmp_path: Path) -> None:
    with ServedNode(tmp_path / "node", site) as node, ExitStack() as tabs:
        old, new = (tabs.enter_context(browsers.tab("chromium")) for _ in range(2))
        peer = ServedNode(tmp_path / "peer")  # out of reach for now
        first, second = Screen(old).open(node.url), Screen(new).open(f"{node.url}?peer={peer.url}")
        author = first.data("#me", "author")
        first.import_file(save(schedule(*map(event, range(3))), tmp_path / "schedule.json"))
        first.sent()
        copy = tmp_path / "key.pem"
        assert isinstance(old, PlaywrightTab)
        first.wait("#backup-offer:not([hidden])")
        first.click("#backup-later")
        first.wait("#backup-offer[hidden]")
        first.open(node.url)  # later is not never
        first.wait("#backup-offer:not([hidden])")
        assert "only here" in first.words("#me >>> [part=about]")
        first.click("#backup-open")
        first.put("#me >>> #copy-passphrase", "short")
        first.press("#me >>> .save")
        first.until_sees("#me >>> #copy-passphrase[aria-invalid=true]:focus")
        assert "8 characters" in first.words("#me >>> #copy-problem")
        first.put("#me >>> #copy-passphrase", PASSPHRASE)
        download: Any
        with old.page.expect_download() as download:
            first.press("#me >>> .save")
        download.value.save_as(copy)
        assert author_of(copy.read_text("utf-8")) == author
        first.wait("#backup-offer[hidden]")
        first.press("#me >>> .finish")
        for _ in range(2):
            assert first.has("#backup-offer[hidden]")
            assert "A copy of it was saved" in first.words("#me >>> [part=about]")
            assert "only here" not in first.words("#me >>> [part=about]")
            first.open(node.url)

        assert isinstance(new, PlaywrightTab)
        assert second.has("#backup-offer[hidden]"), "who has published nothing is not asked"
        second.press("#me >>> .back-up")
        second.press("#me >>> .decline")
        second.until(lambda: not second.sees("#me >>> .back-up"))
        assert "you wanted no copy" in second.words("#me >>> [part=about]")
        second.press("#me >>> summary")
        wrong = tmp_path / "wrong.pem"
        wrong.write_text("a shopping list", "utf-8")
        new.page.set_input_files("#restore-file", str(wrong))
        second.until_sees("#me >>> #restore-file[aria-invalid=true]")  # said when it is chosen
        new.page.set_input_files("#restore-file", str(copy))
        second.until_sees("#me >>> #restore-file:not([aria-invalid])")
        second.put("#me >>> #restore-passphrase", "another passphrase")
        second.press("#me >>> .restore-use")
        second.until_sees("#me >>> #restore-passphrase[aria-invalid=true]")
        assert second.notices() == []
        second.put("#me >>> #restore-passphrase", PASSPHRASE)
        second.press("#me >>> .restore-use")
        second.wait(f"#me[data-author='{author}']")
        assert "A copy of it was saved" in second.words("#me >>> [part=about]")
        second.until_sees("#me >>> .problem[data-reason=unasked]")
        assert f"could not be asked: {peer.url}. If you wrote there" in second.words(
            "#me >>> .problem[data-reason=unasked]"
        )
        tabs.enter_context(peer)
        second.press("#me >>> .problem[data-reason=unasked] button")
        second.until(lambda: not second.sees("#me >>> .problem[data-reason=unasked]"))
        second.until(lambda: "goes on with the key" in second.words("#me >>> [part=status]"))
        second.rest()
        second.until(lambda: second.talk("Talk 1"))
        second.act("edit", str((second.talk("Talk 1") or {})["id"]))
        second.fill("#f-title", "Edited elsewhere")
        second.click("#editor-save")
        second.until(lambda: second.talk("Edited elsewhere"))
        second.sent()
        assert sorted(str(talk["title"]) for talk in instances_at(node.url)) == [
            "Edited elsewhere",
            "Talk 0",
            "Talk 2",
        ]


def test_on_the_page_of_schemas_too(browsers: Browsers, site: Path, tmp_path: Path) -> None:
    """The first page that somebody opens makes the key, whichever it is. Then a copy of it may write elsewhere."""
    with ServedNode(tmp_path / "node", site) as node, browsers.tab("chromium") as tab:
        assert isinstance(tab, PlaywrightTab)
        screen = Screen(tab)
        tab.goto(f"{node.url}schemas.html")
        screen.wait("html[data-state=ready]")
        assert screen.has("#backup-offer[hidden]")
        screen.fill("#name", "comment")
        screen.fill("[data-part=name]", "text")
        screen.click("#publish")
        screen.wait("#backup-offer:not([hidden])")
        screen.click("#backup-open")
        screen.put("#me >>> #copy-passphrase", PASSPHRASE)
        with tab.page.expect_download() as download:
            screen.press("#me >>> .save")
        text = download.value.path().read_text("utf-8")
        screen.wait("#backup-offer[hidden]")
        assert author_of(text) == screen.data("#author", "author")
        screen.open(node.url)
        assert screen.has("#backup-offer[hidden]")
        node.kill()
        screen.click("#new")
        screen.fill("#f-title", "Typed before")
        screen.click("#editor-save")  # nothing is known of the log that a copy of the key may have begun
        screen.until(lambda: "Your text is still here" in screen.text("#editor-error"))
        assert screen.value("#f-title") == "Typed before"
        node.start()
        screen.click("#editor-save")
        screen.until(lambda: screen.talk("Typed before"))
