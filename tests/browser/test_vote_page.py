"""A forked log on the data page: its branches, a vote for one of them, and what is shown again by that."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from panda_festival.schemas import ROOM

from panda_web import Client, messages
from panda_web.keys.with_cryptography import CryptographySigner
from panda_web.log import SignedEntry
from panda_web.messages import infer_all
from panda_web.rpc.connection import Connection
from panda_web.rpc.http import HttpTransport
from panda_web.rpc.methods import PUBLISH_ITEMS
from tests.authors import Author
from tests.browser.elements_screen import ElementsScreen
from tests.browsers import Browsers
from tests.processes import ServedNode

Written = tuple[SignedEntry, bytes]
ROOMS = str(ROOM.id)


def rooms(author: Author, *names: str) -> list[Written]:
    return author.write_many([messages.create(ROOMS, infer_all({"name": name})) for name in names])


def bring(url: str, *written: Written) -> None:
    async def work() -> None:
        connection = Connection(HttpTransport(url))
        items = [{"entryBytes": one.encoded.hex(), "payloadBytes": payload.hex()} for one, payload in written]
        try:
            await connection.call(PUBLISH_ITEMS, items=items)
        finally:
            await connection.close()

    asyncio.run(work())


def vote(url: str, voter: CryptographySigner, author: Author, branch: Sequence[Written]) -> None:
    signed = branch[0][0]

    async def work() -> None:
        async with Client(url, voter) as client:
            written = await client.vote(author.hex, 1, signed.entry.seq_num, signed.hash.hex())
            assert written.error is None

    asyncio.run(work())


def test_a_branch_is_followed_by_votes(browsers: Browsers, site: Path, tmp_path: Path) -> None:
    with ServedNode(tmp_path / "node", site, "--festival") as node, browsers.tab("chromium") as tab:
        author, elsewhere = Author(1), Author(1)
        trunk = rooms(author, "Trunk", "Trunk too")
        elsewhere.head = author.head
        one, other = rooms(author, "One", "One more"), rooms(elsewhere, "Other")
        bring(node.url, *trunk, *one, *other)
        friend, stranger = CryptographySigner.generate(), CryptographySigner.generate()
        first, second = (f"[data-entry='{branch[0][0].hash.hex()}']" for branch in (one, other))
        log = "#log panda-log >>> "

        screen = ElementsScreen(tab)
        screen.open(f"{node.url}data.html?schema={ROOMS}")
        screen.until(lambda: sorted(screen.rows("name")) == ["Trunk", "Trunk too"])
        screen.press(
            ".records tr[data-id] .open"
            if screen.has(".records tr[data-id] .open")
            else ".records tr[data-id] a"
        )
        screen.until_sees("#open-body .see-log")
        screen.press("#open-body .see-log")
        screen.wait("#log[open] panda-log[data-state=shown]")
        assert screen.words(f"{log}[part=fork] .problem").startswith(
            "Its author signed two different entries at place 3. What came before counts; what follows does not."
        )
        assert "Nobody has voted for it." in screen.words(f"{log}{first}")

        screen.press(f"{log}{first} .follow")
        screen.until(lambda: "counts in this browser" in screen.words(f"{log}[part=voted]"))
        screen.until(lambda: screen.within(f"{log}{first}", "(it) => 'followed' in it.dataset"))
        assert "1 vote. 1 counts here." in screen.words(f"{log}{first}")
        assert "You vote for this branch." in screen.words(f"{log}{first}")
        followed = "(it) => [...it.querySelectorAll('[data-followed][role=option]')].map((each) => each.dataset.seqNum)"
        assert screen.within(f"{log}svg", followed) == ["3", "4"]
        screen.until(lambda: sorted(screen.rows("name")) == ["One", "One more", "Trunk", "Trunk too"])
        screen.press(f"{log}{second} .follow")  # the vote is changed
        screen.until(lambda: screen.within(f"{log}{second}", "(it) => 'followed' in it.dataset"))
        screen.until(lambda: sorted(screen.rows("name")) == ["Other", "Trunk", "Trunk too"])
        after = "(it) => [...it.querySelectorAll('[data-after]')].map((each) => each.dataset.seqNum)"
        assert screen.within(f"{log}svg", after) == ["3", "4"]

        # Somebody whom this page trusts agrees with the other branch, and so does a stranger.
        trust = """async (authors) => {
            const { connect } = await import("./panda.js");
            const panda = await connect({ trusted: authors });
            const counted = await panda.trust(authors);
            panda.close();
            return [counted.length, counted.includes(authors[0])];
        }"""
        assert tab.evaluate(trust, [friend.author.hex()]) == [2, True]
        vote(node.url, stranger, author, one)
        vote(node.url, friend, author, one)
        screen.until(lambda: sorted(screen.rows("name")) == ["Trunk", "Trunk too"])  # one vote for each
        vote(node.url, friend, author, other)
        screen.until(lambda: sorted(screen.rows("name")) == ["Other", "Trunk", "Trunk too"])
        screen.press("#log-close")
        tab.goto(f"{node.url}data.html?schema={ROOMS}&log={author.hex}.1")
        screen.wait("#log[open] panda-log[data-state=shown]")
        assert "2 votes. 2 count here." in screen.words(f"{log}{second}")
        assert screen.words(f"{log}[part=fork] > section > p:nth-of-type(2)").startswith(
            "Votes of your own key"
        )
        assert "Nobody has voted for it." in screen.words(f"{log}{first}"), "no stranger's vote is brought"

        refused = """async (authors) => {
            const { connect } = await import("./panda.js");
            return connect({ mode: "remote", trusted: authors }).then(() => null, ({ reason }) => reason);
        }"""
        assert tab.evaluate(refused, [friend.author.hex()]) == "trust-unused"
        tab.goto(f"{node.url}data.html?mode=remote&log={author.hex}.1")
        screen.wait("#log[open] panda-log[data-state=shown]")
        assert "3 votes" not in screen.words(f"{log}{second}")
        assert "1 vote. 0 count at the node." in screen.words(f"{log}{first}")

        # On the festival's page those count whom the reader follows, as long as they do.
        counted = """async (author) => {
            const { connect } = await import("./panda.js");
            const panda = await connect();
            const { forks } = await panda.log(author, 1);
            panda.close();
            return forks[0].votes.filter(({ counted, voter }) => counted && voter !== panda.author).map(({ voter }) => voter);
        }"""
        follow = """(followed) => {
            const key = "panda-web followed authors";
            localStorage.setItem(key, JSON.stringify(followed));
            dispatchEvent(new StorageEvent("storage", { key }));
        }"""
        tab.evaluate(follow, [stranger.author.hex()])
        tab.goto(node.url)
        screen.wait("html[data-state=ready]")
        screen.until(lambda: tab.evaluate(counted, author.hex) == [stranger.author.hex()])
        tab.evaluate(follow, [])  # as in another tab
        screen.until(lambda: tab.evaluate(counted, author.hex) == [])
        assert not [message for message in tab.messages if message.startswith(("error", "uncaught"))]
