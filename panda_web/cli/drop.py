"""`panda drop`, `panda keep`, `panda author`: what whoever runs a node removes from it, and whom it refuses.

They work on the node's data, also while it runs: each slice is a transaction of its own among the node's.
"""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from panda_web.bamboo import is_hex
from panda_web.cli.options import Data, NodeHere
from panda_web.cli.output import print_json, run, say
from panda_web.cli.store import store_here
from panda_web.node import Store
from panda_web.node.dropping import Keeping, Rule, Sweep, Swept, allow, read_policy, refuse
from panda_web.node.dropping.rules import (
    MAX_POLICY,
    PolicyInvalid,
    RuleEmpty,
    read_author,
    read_hash,
    read_size,
)
from panda_web.node.dropping.sweeping import check_words
from panda_web.node.groups import Groups
from panda_web.node.schemas import Registry
from panda_web.node.slices import Pace

author_app = typer.Typer(
    help="Authors of whom a node on this machine takes nothing. docs/running-a-node.md", no_args_is_help=True
)

PACE = Pace(asyncio.sleep, seconds=0.25, rest=1.0)
"""A node that runs meanwhile waits for no more than that."""

KEPT = "Interrupted. What was dropped stays so; the same command does the rest."

Instance = Annotated[str | None, typer.Option("--instance", metavar="ID", help="This instance.")]
Author = Annotated[str | None, typer.Option("--author", metavar="KEY", help="What this author wrote.")]
SchemaOf = Annotated[str | None, typer.Option("--schema", metavar="SCHEMA", help="Of this id, or name.")]
Words = Annotated[
    str | None, typer.Option("--words", metavar="TEXT", help="Why, for readers who ask for it.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Drop nothing; say what would be.")]


class PolicyUnreadable(PolicyInvalid):
    """The policy file cannot be read."""

    reason = "policy-unreadable"


def read_rules(policy: Path | None) -> tuple[Rule, ...]:
    """The rules of a policy file; none without one. Raises PolicyInvalid."""
    if policy is None:
        return ()
    try:
        with policy.open("rb") as file:
            data = file.read(MAX_POLICY + 1)
    except OSError as error:
        raise PolicyUnreadable(f"{policy} cannot be read: {error.strerror}.") from error
    return read_policy(data)


def drop(
    context: typer.Context,
    *,
    instance: Instance = None,
    author: Author = None,
    schema: SchemaOf = None,
    larger_than: Annotated[
        str | None, typer.Option(metavar="SIZE", help="With a payload that is: 500, '64 KiB', '1 MiB'.")
    ] = None,
    older_than_days: Annotated[
        int | None, typer.Option(metavar="N", help="All of which came here so long ago.")
    ] = None,
    words: Words = None,
    dry_run: DryRun = False,
    node: NodeHere = None,
    data: Data = None,
) -> None:
    """Removes payloads from a node on this machine: of instances for which all of it holds that is given.

    Entries stay, so logs verify. What was dropped does not come back until `panda keep`.
    """
    size = read_size(larger_than) if larger_than is not None else None
    said = check_words(words) if words is not None else None
    with store_here(context, data, node) as store:
        rule = Rule(
            bytes.fromhex(read_hash(instance)) if instance is not None else None,
            read_author(author) if author is not None else None,
            _schema(store, schema),
            size,
            older_than_days,
        )
        sweep = Sweep(store, rule, said, dry=dry_run)
        swept = run(sweep.run(Groups(store), PACE), KEPT)
    _print(swept, dryRun=dry_run)


def keep(
    context: typer.Context,
    *,
    instance: Instance = None,
    author: Author = None,
    schema: SchemaOf = None,
    everything: Annotated[bool, typer.Option("--all", help="All that was dropped.")] = False,
    node: NodeHere = None,
    data: Data = None,
) -> None:
    """Takes back what was dropped: it may come again, from peers, or by who publishes it again."""
    if (instance is not None) + (author is not None or schema is not None) + everything != 1:
        raise RuleEmpty("Say what is wanted again: --instance, or --author and --schema, or --all.")
    with store_here(context, data, node) as store:
        keeping = Keeping(
            store,
            instance=bytes.fromhex(read_hash(instance)) if instance is not None else None,
            author=read_author(author) if author is not None else None,
            schema=_schema(store, schema),
        )
        kept = run(keeping.run(Groups(store), PACE), KEPT)
    print_json({"instances": kept.instances, "payloads": kept.payloads})


AuthorKey = Annotated[str, typer.Argument(metavar="KEY", help="The public key, 64 hex digits.")]


@author_app.command("refuse")
def author_refuse(
    context: typer.Context,
    author: AuthorKey,
    *,
    words: Annotated[
        str, typer.Option("--words", metavar="TEXT", help="Why: the author and readers see it.")
    ],
    node: NodeHere = None,
    data: Data = None,
) -> None:
    """Takes nothing of an author any more, from nobody, and removes the payloads that are held, for good."""
    key = read_author(author)
    with store_here(context, data, node) as store:
        swept = run(refuse(store, key, words, Groups(store), PACE), KEPT)
    _print(swept, author=author)


@author_app.command("allow")
def author_allow(
    context: typer.Context, author: AuthorKey, *, node: NodeHere = None, data: Data = None
) -> None:
    """Takes in an author as all others again; `panda keep --author` lets what was removed come back."""
    key = read_author(author)
    with store_here(context, data, node) as store:
        run(allow(store, key, Groups(store)))
    print_json({"author": author})
    say(f"What was removed stays so until `panda keep --author {author}`.")


@author_app.command("list")
def author_list(context: typer.Context, *, node: NodeHere = None, data: Data = None) -> None:
    """Prints the authors that are refused, with the words, one JSON object a line."""
    with store_here(context, data, node) as store:
        for author, words in store.dropped.all_refused():
            print_json({"author": author.hex(), "words": words})


def _schema(store: Store, schema: str | None) -> str | None:
    if schema is None or is_hex(schema):
        return schema
    return Registry(store).id_of(schema)


def _print(swept: Swept, **more: object) -> None:
    print_json({**more, "instances": swept.instances, "payloads": swept.payloads, "bytes": swept.size})
