"""`panda fork`: which logs are forked, and votes about the branch that is to be followed."""

import re
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Annotated

import typer

from panda_web import Client, messages
from panda_web.cli import options, places
from panda_web.cli.options import Data, Node
from panda_web.cli.output import UNACKNOWLEDGED, misused, run, say
from panda_web.cli.shown import Format, printer
from panda_web.cli.written import tell, told
from panda_web.client.drawn import Forked
from panda_web.client.errors import PagesEndless
from panda_web.errors import PandaError
from panda_web.keys.file import KeyFile
from panda_web.rpc.types import Json

fork_app = typer.Typer(
    help="Logs that say two things at one place, and votes about them. docs/running-a-node.md",
    no_args_is_help=True,
)

MAX_PAGES = 100
"""Pages of forked logs that are asked for."""

LEAST = 8
"""Digits of a key or of a hash that stand for it, at least."""

CUT = 20
"""Digits of a hash that are shown in a sentence."""


class LogNotForked(PandaError):
    """The node knows of no fork of this log, or of none at this place: nothing is to be voted for there."""

    reason = "log-not-forked"


class NoSuchBranch(PandaError):
    """What is to be voted for is none of the entries that stand where the log forks, or not one alone."""

    reason = "no-such-branch"


class KeyAmbiguous(PandaError):
    """What is given of a public key is the beginning of several."""

    reason = "key-ambiguous"


class NotVoted(PandaError):
    """There is no vote to take back: this key has cast none about this log from this data folder."""

    reason = "not-voted"


def _digits(most: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not re.fullmatch(f"[0-9a-f]{{{LEAST},{most}}}", text):
            raise typer.BadParameter(
                f"{text[:200]!r} must be {most} lower-case hex digits, or the first of them: {LEAST} at least"
            )
        return text

    return read


Author = Annotated[
    str,
    typer.Argument(
        metavar="AUTHOR", parser=_digits(64), help="Of the log: the public key, or its beginning."
    ),
]
Log = Annotated[int, typer.Argument(metavar="LOG", min=0, help="Which of their logs: its id.")]


@fork_app.command("list")
def fork_list(
    *,
    author: Annotated[
        bytes | None,
        typer.Option(parser=options.author, metavar="KEY", help="Only logs of this author."),
    ] = None,
    log: Annotated[int | None, typer.Option(min=0, metavar="N", help="Of the author: only this log.")] = None,
    format: Annotated[
        Format | None, typer.Option(help="Default: a table in a terminal, jsonl elsewhere.")
    ] = None,
    node: Node = places.DEFAULT_NODE,
) -> None:
    """Shows which logs are forked and where, how many voted for which branch, and what the node follows.

    Proofs are checked; the rest is the node's word. JSON has them, and who voted for what.
    """
    if log is not None and author is None:
        raise misused("--log goes with --author: whose log is meant?")
    shown_as = format or ("table" if sys.stdout.isatty() else "jsonl")
    rows_of = _branches if shown_as in ("table", "csv") else _whole

    async def work() -> None:
        out = printer(shown_as, COLUMNS if rows_of is _branches else None, list, {})
        count = 0
        async with Client(node) as panda:
            try:
                async for page in _pages(panda, author.hex() if author is not None else None, log):
                    out.rows([row for each in page for row in rows_of(each)])
                    count += len(page)
            finally:
                out.end()
        if not count:
            say("It knows of no forked log.")

    run(work())


@fork_app.command("vote")
def fork_vote(
    author: Author,
    log: Log,
    entry: Annotated[
        str,
        typer.Argument(
            metavar="ENTRY",
            parser=_digits(132),
            help="The entry to follow: its hash, or the beginning of it.",
        ),
    ],
    *,
    at: Annotated[
        int | None,
        typer.Option(min=1, metavar="SEQ_NUM", help="Where the log forks; by default the first such place."),
    ] = None,
    node: Node = places.DEFAULT_NODE,
    data: Data = None,
) -> None:
    """Votes with your key which branch of a forked log to follow. The last vote about a place counts."""

    async def work() -> None:
        async with Client(node, KeyFile(places.key_path(data))) as panda:
            whose = await _author(panda, author, log)
            place, chosen = await _chosen(panda, whose, log, entry, at)
            written = await panda.vote(whose, log, place, chosen)
            about: dict[str, Json] = {"author": whose, "logId": log, "seqNum": place, "entry": chosen}
            if written.acknowledged and written.error is None:
                about |= await _outcome(panda, whose, log, place)
            tell(written, **about)
            if about.get("counted") is False:
                say("This node does not count your votes. Whoever runs it says whose count: --fork-voter.")

    run(work())


@fork_app.command("withdraw")
def fork_withdraw(
    author: Author,
    log: Log,
    *,
    at: Annotated[
        int | None, typer.Option(min=1, metavar="SEQ_NUM", help="Only votes about this place of the log.")
    ] = None,
    node: Node = places.DEFAULT_NODE,
    data: Data = None,
) -> None:
    """Takes back your votes about a log: deletes all that were signed with the key in this data folder."""

    async def work() -> None:
        async with Client(node, KeyFile(places.key_path(data))) as panda:
            votes = await panda.own(messages.FORK_VOTE)
            cast = [
                (instance, str(fields["author"].value), fields["seq_num"].value, fields["entry"].value)
                for instance, fields in votes.items()
                if fields["log_id"].value == log and at in (None, fields["seq_num"].value)
            ]
            whose = _one_author({of for _, of, *_ in cast if of.startswith(author)}, author)
            if whose is None:
                raise NotVoted(
                    f"Here is no vote with this key about log {log} of {author[:CUT]} to take back."
                )
            sent = True
            for instance, of, place, entry in cast:
                if of == whose:
                    written = await panda.delete(messages.FORK_VOTE, instance)
                    sent &= told(written, author=whose, logId=log, seqNum=place, entry=entry)
            if not sent:
                raise typer.Exit(UNACKNOWLEDGED)

    run(work())


async def _pages(
    panda: Client, author: str | None = None, log: int | None = None
) -> AsyncIterator[Sequence[Forked]]:
    """The forked logs, page by page. Raises PagesEndless."""
    after: str | None = None
    for _ in range(MAX_PAGES):
        page = await panda.forked(author, log, after=after)
        if not page:
            return
        yield page
        after = page[-1].place
        if log is not None:
            return
    raise PagesEndless(
        f"The node gave {MAX_PAGES} pages, and goes on. Name whose logs are meant: --author KEY."
    )


async def _author(panda: Client, digits: str, log: int) -> str:
    """Whose forked log is meant by the beginning of a key."""
    if len(digits) == 64:
        return digits
    found = {
        each.author
        async for page in _pages(panda)
        for each in page
        if each.log_id == log and each.author.startswith(digits)
    }
    one = _one_author(found, digits)
    if one is None:
        raise LogNotForked(f"The node knows of no author {digits}… whose log {log} is forked.")
    return one


def _one_author(found: Iterable[str], digits: str) -> str | None:
    one, *others = sorted(found) or [""]
    if others:
        raise KeyAmbiguous(f"{digits} is the beginning of several keys: {', '.join([one, *others[:5]])}.")
    return one or None


async def _chosen(panda: Client, author: str, log: int, entry: str, at: int | None) -> tuple[int, str]:
    """The place that a vote is about, and the hash of the entry that stands there.

    Raises:
        LogNotForked: it is not forked, or not there.
        NoSuchBranch: no such entry stands there, or several are meant.
    """
    forks = [each.fork for each in await panda.forked(author, log)]
    if not forks:
        raise LogNotForked(f"The node knows of no fork of log {log} of {author}: nothing is to be voted for.")
    meant = [fork for fork in forks if at in (None, fork.position)]
    if not meant:
        where = " and ".join(str(fork.position) for fork in forks)
        raise LogNotForked(f"This log is forked at entry {where}, by what the node knows, and not at {at}.")
    standing: list[str] = []
    for fork in meant:
        there = [*(fork.branches or ())]
        if fork.shape == "end":
            continue
        if entry not in there:
            window = await panda.log(author, log, at=fork.position, last=fork.position, limit=1)
            there += [each.entry_hash for each in window.entries if each.seq_num == fork.position]
        found = sorted({each for each in there if each.startswith(entry)})
        if len(found) > 1:
            raise NoSuchBranch(
                f"{entry} is the beginning of several branches: {_cut(found)}. Give more of it."
            )
        if found:
            return fork.position, found[0]
        standing += dict.fromkeys(there)
    if not standing:
        raise NoSuchBranch(
            "This log goes on behind its end. Nothing is voted there: nobody shows what stands behind an end."
        )
    raise NoSuchBranch(f"{entry[:CUT]} is none of the branches there: {_cut(standing)}.")


def _cut(hashes: Sequence[str]) -> str:
    return ", ".join(f"{each[:CUT]}…" for each in hashes)


async def _outcome(panda: Client, author: str, log: int, place: int) -> dict[str, Json]:
    """What the node makes of a vote that it has."""
    for each in await panda.forked(author, log):
        if each.fork.position == place:
            counted = any(vote.voter == panda.author and vote.counted for vote in each.votes)
            return {"counted": counted, "followed": each.followed}
    return {}


COLUMNS = ("author", "log", "at", "shape", "branch", "votes", "counted", "followed")


def _branches(forked: Forked) -> list[dict[str, Json]]:
    """A line for each branch, and for what else people voted for."""
    voted = [vote.entry for vote in forked.votes]
    followed = [forked.followed] if forked.followed is not None else []
    branches = dict.fromkeys([*(forked.fork.branches or ()), *followed, *voted])
    return [
        {
            "author": forked.author,
            "log": forked.log_id,
            "at": forked.fork.position,
            "shape": forked.fork.shape,
            "branch": branch,
            "votes": voted.count(branch) if branch else None,
            "counted": sum(vote.counted for vote in forked.votes if vote.entry == branch) if branch else None,
            "followed": "followed" if branch and branch == forked.followed else None,
        }
        for branch in branches or [None]
    ]


def _whole(forked: Forked) -> list[dict[str, Json]]:
    """All of it."""
    fork = forked.fork
    return [
        {
            "author": forked.author,
            "logId": forked.log_id,
            "position": fork.position,
            "shape": fork.shape,
            "places": [*fork.places],
            "entries": [*fork.entries],
            "branches": [*fork.branches] if fork.branches is not None else None,
            "proof": fork.proof,
            "second": forked.second,
            "votes": [
                {"voter": vote.voter, "entry": vote.entry, "counted": vote.counted} for vote in forked.votes
            ],
            "followed": forked.followed,
        }
    ]
