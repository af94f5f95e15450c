"""Whatever is given to the command: an answer, or one sentence and a status; never a traceback."""

import json
import re
import shlex
from pathlib import Path

import click
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import panda_web
from panda_web.cli.main import app
from panda_web.errors import PandaError
from tests.authors import SCHEMA
from tests.cli.test_commands import output, panda
from tests.processes import ROOT, ServedNode
from tests.test_docs import DOCUMENTS
from tests.test_layers import APPS, FILES, SCRIPTS

SOURCES = [
    *DOCUMENTS,
    *FILES,
    *APPS,
    *SCRIPTS,
    *(ROOT / "web").rglob("*.html"),
    *(ROOT / "apps").rglob("*.html"),
]
NOWHERE = "http://localhost:1"
ODD = st.one_of(
    st.text(st.characters(exclude_characters="\0"), max_size=20),
    st.sampled_from(
        [
            "",
            "-",
            "NaN",
            "n=NaN",
            "n=1e400",
            "n=-Infinity",
            "n=[[[",
            "n={}",
            "n=null",
            "=",
            "a=",
            "💥=\udcff",
            "n>=1 and",
            "(((",
        ]
    ),
    st.sampled_from(["[" * 9999, '{"n": NaN}', '{"n": 1e400}', '{"a": {}}', '{"id": 1}', "0040" + "zz" * 64]),
    st.just(SCHEMA),
)
COMMANDS = ("publish", "query", "flush", "import", "key show", "entry inspect", "schema show", "schema drop")
COMMANDS = (*COMMANDS, "schema register", "schema list", "schema init", "key backup", "key restore")
COMMANDS = (*COMMANDS, "festival import", "festival export")
OPTIONS = (
    "--filter",
    "--order-by",
    "--select",
    "--format",
    "--after",
    "--limit",
    "--update",
    "--delete",
    "--payload",
    "--file",
    "--node",
)


@given(
    command=st.sampled_from(COMMANDS),
    arguments=st.lists(ODD, max_size=3),
    options=st.lists(st.tuples(st.sampled_from(OPTIONS), ODD), max_size=2),
)
def test_odd_arguments(
    tmp_path_factory: pytest.TempPathFactory,
    command: str,
    arguments: list[str],
    options: list[tuple[str, str]],
) -> None:
    given = [word for option in options for word in option]
    words = [*command.split(), *given, "--", *arguments]
    env = {"PANDA_NODE": NOWHERE, "PANDA_DATA": str(tmp_path_factory.getbasetemp() / "nowhere")}
    done = CliRunner(env=env | {"PANDA_PASSPHRASE": "correct horse"}).invoke(app, words)
    assert done.exception is None or isinstance(done.exception, SystemExit | PandaError), done.exception
    assert not Path(env["PANDA_DATA"]).exists()


def command_at(words: list[str]) -> click.Command | None:
    """The command that words begin with; None where there is none."""
    found: click.Command = typer.main.get_command(app)
    for word in words:
        inner = getattr(found, "commands", None)
        if inner is None:
            return found
        if word not in inner:
            return None
        found = inner[word]
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_commands_that_exist_are_named(path: Path) -> None:
    for words in re.findall(
        r"(?:`|^|: |bin/)panda ((?:[a-z]+ ?)+)([^`\n\"]*)", path.read_text("utf-8"), re.MULTILINE
    ):
        command = command_at(words[0].split())
        assert command is not None, f"panda {words[0]}"
        known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
        assert {*re.findall(r"--[a-z-]+", words[1])} <= known | {"--help"}, f"panda {words[0]}{words[1]}"


def test_version() -> None:
    done = panda("--version")
    assert (done.stdout, done.returncode) == (f"panda-web {panda_web.__version__}\n", 0)


def test_a_query_goes_on(tmp_path: Path) -> None:
    data = ("--data", tmp_path / "me")
    output("key", "new", *data)
    with ServedNode(tmp_path / "node") as served:
        there = ("--node", served.url)
        for n in range(3):
            output("publish", SCHEMA, json.dumps({"n": n, "title": f"It's {n}"}), *data, *there)
        ordered = ("query", SCHEMA, "--order-by", "title", *there)
        first = panda(*ordered, "--limit", "2")
        assert [json.loads(line)["n"] for line in first.stdout.splitlines()] == [0, 1]
        words = shlex.split(first.stderr)  # as a shell takes what is copied from it
        rest = panda(*ordered, "--limit", "2", "--after", words[words.index("--after") + 1])
        assert (json.loads(rest.stdout)["n"], rest.stderr) == (2, "")
        for exactly in (panda(*ordered, "--limit", "3"), panda(*ordered, "--all")):
            assert [json.loads(line)["n"] for line in exactly.stdout.splitlines()] == [0, 1, 2]
            assert exactly.stderr == ""
        assert panda("query", SCHEMA, "--filter", "n=1e400", *there).returncode == 2


def test_where_a_node_is(tmp_path: Path) -> None:
    from panda_web.cli.serve import _address, _listen

    for host, address in (("127.0.0.1", "localhost"), ("::1", r"\[::1\]"), ("0.0.0.0", "localhost")):
        with _listen(host, 0) as listener:
            assert re.fullmatch(rf"http://{address}:\d+/", _address(host, listener))
