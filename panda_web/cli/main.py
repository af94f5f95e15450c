"""The `panda` command: its subcommands, and how errors are told.

Each subcommand reads its arguments, calls one thing, and prints the outcome: JSON on standard output for
programs, words on standard error for people. Exit 1 stands for a broken rule, told in one line.
"""

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

import panda_web
from panda_web import Client, strict_json
from panda_web.bamboo import is_hex
from panda_web.cli import inspect as inspect_entry
from panda_web.cli import places
from panda_web.cli.archive import export_entries, import_entries
from panda_web.cli.drop import author_app, drop, keep, read_rules
from panda_web.cli.extension import Extension, add_commands, extensions, known_schemas, with_flags
from panda_web.cli.fork import fork_app
from panda_web.cli.options import (
    Data,
    MaxPayload,
    Newest,
    Node,
    Payloads,
    Schema,
    WantAuthor,
    WantSchema,
    address,
    author,
    node_address,
)
from panda_web.cli.output import print_json, run, say
from panda_web.cli.peers import Network, peers
from panda_web.cli.query import query
from panda_web.cli.schema import schema_app
from panda_web.cli.written import tell
from panda_web.errors import PandaError
from panda_web.keys.file import KeyFile
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.node.forks.trusting import Trust
from panda_web.node.schemas import Policy
from panda_web.rpc.errors import CallFailed
from panda_web.rpc.http import HttpTransport
from panda_web.rpc.wish import Wish
from panda_web.sync.gathering import gather

app = typer.Typer(name="panda", no_args_is_help=True, add_completion=True)
key_app = typer.Typer(help="The key pair that this machine writes with.", no_args_is_help=True)
entry_app = typer.Typer(help="Single entries.", no_args_is_help=True)
app.add_typer(key_app, name="key")
app.add_typer(entry_app, name="entry")
app.add_typer(schema_app, name="schema")
app.add_typer(author_app, name="author")
app.add_typer(fork_app, name="fork")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"panda-web {panda_web.__version__}")
        raise typer.Exit


@app.callback(
    epilog="Exit status: 0 done; 1 a rule was broken, or the node cannot be reached; 2 the command was given "
    "wrongly; 3 signed and kept, but the node does not have it yet; 130 ended by Ctrl+C. The variables "
    "PANDA_NODE and PANDA_DATA stand for --node and --data."
)
def panda(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """p2panda: a node, and a client for any node."""


def main() -> None:
    """Runs the command; what breaks a rule is one line on standard error, and exit 1."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        app()
    except PandaError as error:
        say(f"{error.reason}: {error}")
        raise SystemExit(1) from None


@app.command()
@with_flags
def serve(
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for a free one.")] = 2020,
    host: Annotated[str, typer.Option(help="Interface; 0.0.0.0 for everybody.")] = "127.0.0.1",
    data: Data = None,
    site: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A built site to serve beside the node; default: the package's."),
    ] = None,
    schemas: Annotated[
        Policy, typer.Option(help="Take messages of any schema, or of registered ones only.")
    ] = "any",
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
    rate: Annotated[
        float,
        typer.Option(
            min=0,
            metavar="N",
            help="Calls a second of an address, and new entries of an author; a minute's worth at once. "
            "0 for no limit.",
        ),
    ] = 100,
    proxy: Annotated[
        str | None,
        typer.Option(
            parser=address,
            metavar="ADDRESS",
            help="A proxy in front, which says in X-Forwarded-For who it forwards for.",
        ),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Drop payloads by the rules in this file, TOML: docs/running-a-node.md."
        ),
    ] = None,
    private_network: Annotated[
        bool,
        typer.Option(
            "--private-network", help="Let pages of public websites call the node in a private network."
        ),
    ] = False,
    peer: Annotated[
        list[str] | None,
        typer.Option(
            parser=node_address,
            metavar="URL",
            help="Another node: what either has, the other one gets. May be given again.",
        ),
    ] = None,
    find_peers: Annotated[
        bool, typer.Option("--find-peers", help="Ask peers for others, and be kept alike with those too.")
    ] = False,
    mdns: Annotated[
        bool,
        typer.Option("--mdns", help="Look for nodes in the local network, and tell them of this one."),
    ] = False,
    fork_voter: Annotated[
        list[bytes] | None,
        typer.Option(
            parser=author,
            metavar="KEY",
            help="Count this author's votes about forked logs. May be given again.",
        ),
    ] = None,
    fork_quorum: Annotated[
        int, typer.Option(min=1, metavar="N", help="So many of these have to agree at least.")
    ] = 1,
    want_author: WantAuthor = None,
    want_schema: WantSchema = None,
    newest: Newest = None,
    max_payload: MaxPayload = None,
    payloads: Payloads = True,
    applications: Sequence[Extension],
) -> None:
    """Runs a node, and the page with it, on one port."""
    from panda_web.cli import serve as server  # loads the server only where it is wanted

    folder, site = places.data_folder(data), site or places.packaged_site()
    open_browser = browser and site is not None
    voters = frozenset(fork_voter or ())
    openness = server.Openness(
        schemas, rate, proxy, private_network, read_rules(policy), Trust(voters, fork_quorum)
    )
    wish = Wish(
        voters.union(want_author) if want_author else None,
        frozenset(want_schema) if want_schema else None,
        newest,
        payloads,
        max_payload,
    )
    server.serve(
        host,
        port,
        folder,
        site,
        applications,
        openness=openness,
        network=Network(peer or [], find_peers, mdns, wish),
        open_browser=open_browser,
    )


@key_app.command("new")
def key_new(data: Data = None) -> None:
    """Makes a key pair, in a file that only you can read."""
    key = KeyFile.create(places.key_path(data))
    print_json({"author": key.author.hex(), "file": str(key.path)})


@key_app.command("show")
def key_show(data: Data = None) -> None:
    """Shows the public key, and says which of its logs are forked."""
    key = KeyFile(places.key_path(data))
    print_json({"author": key.author.hex(), "file": str(key.path)})

    async def forks() -> None:
        async with Client(places.DEFAULT_NODE, key) as panda:  # which is not asked
            for each in await panda.forks():
                say(f"{each.reason}: {each}")

    if key.logs_path.exists():
        run(forks())


Passphrase = Annotated[
    str,
    typer.Option(
        prompt=True, hide_input=True, envvar="PANDA_PASSPHRASE", help="Asked for; or in this variable."
    ),
]


@key_app.command("backup")
def key_backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.")],
    *,
    passphrase: Passphrase,
    data: Data = None,
) -> None:
    """Writes the key pair to FILE, encrypted under a passphrase; openssl and other tools read it too."""
    key = KeyFile(places.key_path(data))
    text = run(key.back_up(passphrase))
    try:
        file.touch(mode=0o600, exist_ok=False)
        file.write_text(text, "ascii")
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be written: {error.strerror}") from error
    print_json({"author": key.author.hex(), "file": str(file)})


@key_app.command("restore")
def key_restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")],
    *,
    passphrase: Passphrase,
    node: Node = places.DEFAULT_NODE,
    peer: Annotated[
        list[str] | None,
        typer.Option(
            parser=node_address,
            metavar="URL",
            help="Where the key was written with, too: what is there of its logs goes to the node first.",
        ),
    ] = None,
    data: Data = None,
) -> None:
    """Makes the key pair in a backup this machine's key. Use a key in one place at a time."""
    try:
        text = file.read_text("utf-8", "replace")
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}") from error

    async def work() -> KeyFile:
        key = await KeyFile.restore(places.key_path(data), text, passphrase)
        async with Client(node, key) as panda:
            await panda.key_restored()
        if peer:
            await _gather(key.author, node, peer)
        return key

    key = run(work())
    print_json({"author": key.author.hex(), "file": str(key.path)})


async def _gather(author: bytes, node: str, peers: Sequence[str]) -> None:
    """Brings to the node what peers have of a key's logs, and says who could not be asked."""
    try:
        wrong = await gather(author, {url: HttpTransport(url) for url in peers}, HttpTransport(node))
    except CallFailed as error:  # it would have taken in nothing
        wrong = dict.fromkeys([node, *peers], error)
    for url, why in wrong.items():
        say(f"{url} could not be asked what this key wrote there: {why}")
    if wrong:
        say(
            "If you wrote there with this key, wait until they answer, and run this command again before you "
            "write anything, or your log may fork."
        )


@app.command()
def publish(
    schema: Schema,
    fields: Annotated[
        str | None,
        typer.Argument(
            metavar="FIELDS",
            help='JSON: {"title": "Opening"}; - reads it from stdin. In an update null empties a field.',
        ),
    ] = None,
    *,
    update: Annotated[str | None, typer.Option(metavar="ID", help="Change this instance.")] = None,
    delete: Annotated[str | None, typer.Option(metavar="ID", help="Delete this instance.")] = None,
    node: Node = places.DEFAULT_NODE,
    data: Data = None,
) -> None:
    """Signs and publishes a message: a create, or an update or delete of ID."""
    if (fields is None) != (delete is not None) or (update and delete):
        raise typer.BadParameter("give FIELDS, or --update ID with FIELDS, or --delete ID alone")
    values = _read_fields(fields) if fields is not None else {}

    async def work() -> None:
        async with Client(node, KeyFile(places.key_path(data))) as panda:
            panda.learn(known_schemas())
            schema_id = schema if is_hex(schema) else str((await panda.schema_named(schema)).id)
            if delete is not None:
                written = await panda.delete(schema_id, delete)
            elif update is not None:
                written = await panda.update(schema_id, update, values)
            else:
                written = await panda.create(schema_id, values)
            tell(written)

    run(work())


def _read_fields(text: str) -> dict[str, object]:
    try:
        given = sys.stdin.buffer.read() if text == "-" else os.fsencode(text)
        value = strict_json.loads(given, unique_keys=True)
    except strict_json.NotJson as error:
        raise typer.BadParameter(f"FIELDS is {error}") from error
    if not isinstance(value, dict):
        raise typer.BadParameter('FIELDS must be an object: {"title": "Opening"}')
    return value


@app.command()
def flush(node: Node = places.DEFAULT_NODE, data: Data = None) -> None:
    """Sends what is signed and was not acknowledged by the node."""

    async def work() -> None:
        async with Client(node, KeyFile(places.key_path(data))) as panda:
            print_json({"sent": await panda.flush()})

    run(work())


app.command()(query)
app.command()(peers)
app.command()(drop)
app.command()(keep)
app.command("export")(export_entries)
app.command("import")(import_entries)


@entry_app.command("inspect")
def entry_inspect(
    entry: Annotated[str, typer.Argument(metavar="HEX", help="The entry's bytes in hex.")],
    *,
    payload: Annotated[str | None, typer.Option(metavar="HEX", help="Its payload's bytes in hex.")] = None,
) -> None:
    """Shows what an entry says; exit 1 where its bytes, signature or payload are not valid."""
    print_json(run(inspect_entry.inspect(entry, payload, CryptographyVerifier())))


add_commands(app, extensions())
