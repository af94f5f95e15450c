"""`panda fork` as people run it: what is forked, votes, and what they change for readers of a node."""

import asyncio
import csv
import io
import json
import time
from collections.abc import Iterable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from panda_web import messages
from panda_web.client import Client
from panda_web.keys.file import KeyFile
from panda_web.log import recall
from panda_web.messages import Message, infer_all
from panda_web.rpc.connection import Connection
from panda_web.rpc.http import HttpTransport
from panda_web.rpc.methods import PUBLISH_ITEMS
from tests.authors import Author
from tests.cli.test_commands import fails, output, panda
from tests.node.branches import Made
from tests.processes import ServedNode, free_port

SCHEMA = "0040" + "ab" * 64


def note(text: str) -> Message:
    return messages.create(SCHEMA, infer_all({"text": text}))


def forked(number: int, log_id: int = 1, branches: int = 2) -> list[list[Made]]:
    """The trunk of a log, one entry long, and branches of two entries."""
    trunk = Author(number, log_id)
    found = [[Made(*trunk.write(note("trunk")))]]
    for branch in range(branches):
        author = Author(number, log_id)
        author.head = trunk.head
        found.append([Made(*author.write(note(f"{branch} {n}"))) for n in range(2)])
    return found


def ended(number: int) -> list[Made]:
    """A log that ends, and goes on."""
    author = Author(number)
    payload = note("the end").encode()
    unsigned = author.head.append(author.signer.author, 1, payload)
    last = recall(author.sign(replace(unsigned, end_of_log=True)))
    author.head = author.head.advance(last.hash)
    return [Made(last, payload), Made(*author.write(note("and more")))]


def twins(number: int) -> tuple[Made, Made]:
    """Two first entries of one log, of which the first 8 digits of their hashes are the same."""
    found: dict[str, Made] = {}
    for n in count():
        made = Made(*Author(number).write(note(f"{n}")))
        other = found.setdefault(made.signed.hash.hex()[:8], made)
        if other is not made:
            return made, other
    raise AssertionError


def bring(url: str, parts: Iterable[Iterable[Made]]) -> None:
    items = [
        {"entryBytes": each.signed.encoded.hex(), "payloadBytes": each.payload.hex()}
        for part in parts
        for each in part
    ]

    async def work() -> None:
        node = Connection(HttpTransport(url))
        try:
            assert {each.state for each in await node.call(PUBLISH_ITEMS, items=items)} == {"stored"}
        finally:
            await node.close()

    asyncio.run(work())


def listed(*arguments: str | Path) -> list[dict[str, Any]]:
    done = panda("fork", "list", *arguments)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def shown(*there: str | Path) -> list[str]:
    done = panda("query", SCHEMA, *there)
    return sorted(json.loads(line)["text"] for line in done.stdout.splitlines())


def test_a_vote_changes_what_is_shown(tmp_path: Path) -> None:
    mine, theirs = (("--data", tmp_path / name) for name in ("mine", "theirs"))
    me, other = (output("key", "new", *each)["author"] for each in (mine, theirs))
    author = Author(1).hex
    branches = forked(1, branches=3)
    hashes = [branch[0].signed.hash.hex() for branch in branches[1:]]
    with ServedNode(tmp_path / "node", None, "--fork-voter", me) as served:
        there = ("--node", served.url)
        nothing = panda("fork", "list", *there)
        assert (nothing.stdout, nothing.returncode) == ("", 0)
        assert "no forked log" in nothing.stderr
        bring(served.url, branches)
        assert shown(*there) == ["trunk"]
        (fork,) = listed(*there)
        assert (fork["author"], fork["logId"], fork["position"], fork["shape"]) == (author, 1, 2, "entries")
        assert (fork["votes"], fork["followed"], fork["second"]) == ([], None, 4)
        assert set(fork["branches"]) < set(hashes)

        vote = ("fork", "vote", author, "1")
        cast = output(*vote, hashes[0], *mine, *there)
        assert cast["acknowledged"]
        assert (cast["seqNum"], cast["entry"], cast["counted"], cast["followed"]) == (
            2,
            hashes[0],
            True,
            hashes[0],
        )
        assert shown(*there) == ["0 0", "0 1", "trunk"]
        ignored = panda(*vote, hashes[1], *theirs, *there)
        assert ignored.returncode == 0
        assert "does not count your votes" in ignored.stderr
        assert json.loads(ignored.stdout)["followed"] == hashes[0]

        third = next(each for each in hashes if each not in fork["branches"])
        by_beginning = output("fork", "vote", author[:8], "1", third[:16], "--at", "2", *mine, *there)
        assert (by_beginning["author"], by_beginning["entry"]) == (author, third)
        assert shown(*there) == sorted(["trunk", *(f"{hashes.index(third)} {n}" for n in range(2))])
        (fork,) = listed("--author", author, "--log", "1", *there)
        assert fork["followed"] == third
        assert fork["votes"] == [
            {"voter": me, "entry": third, "counted": True},
            {"voter": other, "entry": hashes[1], "counted": False},
        ]
        rows = [*csv.DictReader(io.StringIO(panda("fork", "list", "--format", "csv", *there).stdout))]
        counts = {row["branch"]: (row["votes"], row["counted"], row["followed"]) for row in rows}
        assert counts == {
            third: ("1", "1", "followed"),
            hashes[1]: ("1", "0", "") if hashes[1] != third else ("1", "1", "followed"),
            **{each: ("0", "0", "") for each in fork["branches"] if each not in (third, hashes[1])},
        }
        table = panda("fork", "list", "--format", "table", *there).stdout
        assert third[:12] in table
        assert "followed" in table

        done = panda("fork", "withdraw", author[:10], "1", *mine, *there)
        assert (done.returncode, len(done.stdout.splitlines())) == (0, 2), "both of the votes"
        assert shown(*there) == ["trunk"]
        (fork,) = listed(*there)
        assert [each["voter"] for each in fork["votes"]] == [other]
        fails("not-voted", "fork", "withdraw", author, "1", *mine, *there)
        fails("not-voted", "fork", "withdraw", author, "1", "--at", "3", *theirs, *there)


def test_what_cannot_be_voted_for(tmp_path: Path) -> None:
    mine = ("--data", tmp_path / "mine")
    output("key", "new", *mine)
    author = Author(1).hex
    trunk, one, two = forked(1)
    with ServedNode(tmp_path / "node") as served:
        there = (*mine, "--node", served.url)
        bring(served.url, [trunk, one])
        entry = one[0].signed.hash.hex()
        fails("log-not-forked", "fork", "vote", author, "1", entry, *there)
        fails("log-not-forked", "fork", "vote", author[:9], "1", entry, *there)
        bring(served.url, [two])
        fails("log-not-forked", "fork", "vote", author, "2", entry, *there)
        fails("log-not-forked", "fork", "vote", author, "1", entry, "--at", "1", *there)
        fails("no-such-branch", "fork", "vote", author, "1", trunk[0].signed.hash.hex(), *there)
        fails("no-such-branch", "fork", "vote", author, "1", "0040" + "0" * 128, *there)
        bring(served.url, [ended(2)])
        (end,) = listed("--author", Author(2).hex, *there[2:])
        assert (end["position"], end["shape"], end["branches"]) == (2, "end", None)
        fails("no-such-branch", "fork", "vote", Author(2).hex, "1", entry, *there)
        table = panda("fork", "list", "--format", "table", *there[2:])
        assert len(table.stdout.splitlines()) == 2 + 2 + 1

        alike = twins(3)
        bring(served.url, [[each] for each in alike])
        for at in ((), ("--at", "1")):
            fails(
                "no-such-branch",
                "fork",
                "vote",
                Author(3).hex,
                "1",
                alike[0].signed.hash.hex()[:8],
                *at,
                *there,
            )
        clear = output("fork", "vote", Author(3).hex, "1", alike[0].signed.hash.hex()[:20], *there)
        assert (clear["entry"], clear["seqNum"]) == (alike[0].signed.hash.hex(), 1)
        for arguments in (
            (author[:7], "1", entry),
            (author.upper(), "1", entry),
            (author, "-1", entry),
            (author, "1", entry[:7]),
            (author, "1", f"{entry}00"),
            (author, "1", entry, "--at", "0"),
        ):
            assert panda("fork", "vote", *arguments, *there).returncode == 2
        assert panda("fork", "list", "--log", "1", *there[2:]).returncode == 2
        assert panda("fork", "list", "--author", author[:8], *there[2:]).returncode == 2
    fails("node-unreachable", "fork", "list", "--node", f"http://localhost:{free_port()}/")
    fails("node-unreachable", "fork", "vote", author, "1", entry, *mine, "--node", served.url)
    fails("key-file-missing", "fork", "vote", author, "1", entry, "--data", tmp_path)


def test_votes_that_are_kept_and_taken_back_without_a_node(tmp_path: Path) -> None:
    mine = ("--data", tmp_path / "mine")
    author, me = Author(1).hex, output("key", "new", *mine)["author"]
    branches = forked(1)
    entry = branches[1][0].signed.hash.hex()
    with ServedNode(tmp_path / "node", None, "--fork-voter", me) as served:
        there = ("--node", served.url)
        others = forked(2)
        bring(served.url, [*branches, *others])
        output("fork", "vote", Author(2).hex, "1", others[1][0].signed.hash.hex(), *mine, *there)
        output("author", "refuse", me, "--words", "No votes of yours.", *there)
        kept = panda("fork", "vote", author, "1", entry, *mine, *there)
        assert kept.returncode == 3
        assert json.loads(kept.stdout)["acknowledged"] is False
        assert "signed and kept" in kept.stderr
        assert "No votes of yours" in kept.stderr
        assert shown(*there) == ["trunk"] * 2
        output("author", "allow", me, *there)
        output("keep", "--author", me, *there)
        assert output("flush", *mine, *there)["sent"] >= 1
        assert shown(*there) == ["0 0", "0 1", "trunk", "trunk"]
    back = panda("fork", "withdraw", author, "1", "--at", "2", *mine, *there)
    assert (back.returncode, len(back.stdout.splitlines())) == (3, 1)
    with served:
        output("flush", *mine, *there)
        assert shown(*there) == ["trunk"] * 2

        async def vote_about_keys_that_begin_alike() -> None:
            async with Client(served.url, KeyFile(tmp_path / "mine" / "key.pem")) as voter:
                for last in "12":
                    await voter.vote(f"{'ab' * 4}{last * 56}", 1, 1, entry)

        asyncio.run(vote_about_keys_that_begin_alike())
        fails("key-ambiguous", "fork", "withdraw", "abababab", "1", *mine, *there)
        assert output("fork", "withdraw", "abababab1", "1", *mine, *there)["acknowledged"]


def test_what_a_command_brings_into_the_folder_of_a_node_that_runs(tmp_path: Path) -> None:
    """The command does not know whose votes count; the node does."""
    mine, file, folder = ("--data", tmp_path / "mine"), tmp_path / "all.jsonl", tmp_path / "node"
    me = output("key", "new", *mine)["author"]
    trunk, one, two = branches = forked(1)
    with ServedNode(tmp_path / "other") as other:
        bring(other.url, branches)
        panda("fork", "vote", Author(1).hex, "1", one[0].signed.hash.hex(), *mine, "--node", other.url)
        output("export", file, "--node", other.url)
    with ServedNode(folder, None, "--fork-voter", me) as served:
        bring(served.url, [trunk, two])
        output("import", file, "--data", folder)
        for _ in range(200):
            if shown("--node", served.url) == ["0 0", "0 1", "trunk"]:
                return
            time.sleep(0.05)
    raise AssertionError
