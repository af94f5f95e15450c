"""`panda drop`, `panda keep` and `panda author` as people run them, beside a node that runs."""

import asyncio
import re
import time
from pathlib import Path
from typing import Any

import pytest

from panda_web.errors import all_errors
from panda_web.messages.schema import schema_from_toml
from panda_web.node.dropping import Rule, read_policy
from panda_web.node.dropping.rules import MAX_POLICY, MOST_RULES, PolicyInvalid, RuleValueWrong, read_size
from panda_web.rpc.connection import Connection
from panda_web.rpc.http import HttpTransport
from panda_web.rpc.methods import GET_ITEMS
from tests.cli.test_commands import fails, output, panda
from tests.node.test_erasing import found, mark
from tests.processes import ServedNode

NOTE = schema_from_toml('name = "note"\ndescription = ""\n[fields.text]\ntype = "text"\n')
ID = "0040" + "ab" * 64


def states(url: str, author: str) -> list[str | None]:
    async def work() -> list[str | None]:
        node = Connection(HttpTransport(url))
        try:
            items = await node.call(GET_ITEMS, author=author, logId=1, start=1, end=-1)
        finally:
            await node.close()
        return [each.state for each in items.entries]

    return asyncio.run(work())


def until_gone(path: Path, numbers: range) -> None:
    """The node that runs rewrites its file when it has time."""
    for _ in range(200):
        if not found(path, numbers):
            return
        time.sleep(0.05)
    raise AssertionError(found(path, numbers))


def test_beside_a_node_that_runs(tmp_path: Path) -> None:
    folder, me = tmp_path / "node", ("--data", tmp_path / "me")
    author = output("key", "new", *me)["author"]
    (tmp_path / "note.toml").write_text('name = "note"\ndescription = ""\n[fields.text]\ntype = "text"\n')
    with ServedNode(folder) as served:
        there, here = ("--node", served.url), ("--data", folder)
        note = output("schema", "init", "--file", tmp_path / "note.toml", *me, *there)["id"]

        def publish(number: int, size: int = 1, **options: Any) -> str:
            text = f'{{"text": "{mark(number) * size}"}}'
            return str(output("publish", note, text, *me, *there, **options)["id"])

        ids = [publish(n, 1 if n < 3 else 20) for n in range(5)]
        dry = output("drop", "--schema", "note", "--larger-than", "400", "--dry-run", *there)
        assert (dry["dryRun"], dry["instances"], dry["payloads"]) == (True, 2, 2)
        assert states(served.url, author) == ["held"] * 5
        done = panda("drop", "--schema", "note", "--larger-than", "400", *here)
        assert done.returncode == 0
        assert "a node runs on it" in done.stderr
        assert states(served.url, author) == ["held"] * 3 + ["dropped"] * 2
        until_gone(folder / "node.db", range(3, 5))
        assert output("drop", "--instance", ids[0], "--words", "Too old.", *here)["instances"] == 1
        assert output("drop", "--older-than-days", "1", *here)["instances"] == 0
        shown = panda("query", note, *there).stdout.splitlines()
        assert len(shown) == 2
        assert output("keep", "--schema", note, *here) == {"instances": 3, "payloads": 3}
        assert states(served.url, author) == ["never-held", "held", "held", "never-held", "never-held"]

        refused = output("author", "refuse", author, "--words", "Not in this house.", *there)
        assert (refused["author"], refused["instances"]) == (author, 2)
        until_gone(folder / "node.db", range(5))
        written = panda("publish", note, '{"text": "again"}', *me, *there)
        assert written.returncode == 3
        assert "author-refused" in written.stderr
        assert "Not in this house." in written.stderr
        assert output("author", "list", *here) == {"author": author, "words": "Not in this house."}
        output("author", "allow", author, *here)
        assert panda("author", "list", *here).stdout == ""
        assert output("flush", *me, *there)["sent"] >= 1, "the log was not harmed"
        output("keep", "--author", author, *here)
        output("flush", *me, *there)
    assert found(folder / "node.db", range(5)) == []


def test_what_is_given_wrongly(tmp_path: Path) -> None:
    with ServedNode(tmp_path):
        pass
    here = ("--data", tmp_path)
    fails("rule-empty", "drop", *here)
    fails("rule-empty", "drop", "--instance", ID, "--larger-than", "5", *here)
    fails("rule-empty", "keep", *here)
    fails("rule-empty", "keep", "--all", "--instance", ID, *here)
    fails("instance-not-held", "drop", "--instance", ID, *here)
    for wrong in (
        ("--instance", "12"),
        ("--author", "ABC"),
        ("--larger-than", "1 GB"),
        ("--older-than-days", "0"),
        ("--author", "ab" * 32, "--words", "x" * 201),
    ):
        fails("rule-value-wrong", "drop", *wrong, *here)
    fails("schema-name-unknown", "drop", "--schema", "nothing", *here)
    fails("rule-value-wrong", "author", "refuse", "me", "--words", "No.", *here)
    fails("folder-missing", "drop", "--larger-than", "5", "--data", tmp_path / "none")
    policy = tmp_path / "policy.toml"
    fails("policy-unreadable", "serve", "--policy", policy, "--no-browser", *here)
    policy.write_text("[[drop]]\nolder = 5\n")
    fails("policy-key-unknown", "serve", "--policy", policy, "--no-browser", *here)


def test_a_policy_file(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[[drop]]\nlarger-than = "400 bytes"\n')
    me = ("--data", tmp_path / "me")
    output("key", "new", *me)
    with ServedNode(tmp_path / "node", None, "--policy", str(policy)) as served:
        there = ("--node", served.url)
        output("publish", ID, '{"text": "short"}', *me, *there)
        long = panda("publish", ID, f'{{"text": "{mark(1) * 20}"}}', *me, *there)
        assert "By a rule of whoever runs this node" in long.stderr
        assert output("flush", *me, *there) == {"sent": 0}, "the log goes on, without what it says"
    assert found(tmp_path / "node" / "node.db", range(2)) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[[drop]", "policy-not-toml"),
        ("drop = 5", "policy-not-toml"),
        ("[drop]\nlarger-than = 5", "policy-not-toml"),
        ("drop = [5]", "policy-not-toml"),
        ("\x00", "policy-not-toml"),
        ("#" * (MAX_POLICY + 1), "policy-not-toml"),
        ("[[drop]]\nlarger-than = 5\n" * (MOST_RULES + 1), "policy-not-toml"),
        ("[[keep]]", "policy-key-unknown"),
        ("[[drop]]\nlarger_than = 5", "policy-key-unknown"),
        ("[[drop]]", "rule-empty"),
        (f'[[drop]]\ninstance = "{ID}"\nlarger-than = 5', "rule-empty"),
        ("[[drop]]\nolder-than-days = 0", "rule-value-wrong"),
        ("[[drop]]\nolder-than-days = true", "rule-value-wrong"),
        ("[[drop]]\nolder-than-days = 1.5", "rule-value-wrong"),
        ('[[drop]]\nolder-than-days = "5"', "rule-value-wrong"),
        ("[[drop]]\nlarger-than = -1", "rule-value-wrong"),
        ('[[drop]]\nlarger-than = "5 GB"', "rule-value-wrong"),
        ("[[drop]]\nauthor = 5", "rule-value-wrong"),
        ('[[drop]]\nauthor = "AB"', "rule-value-wrong"),
        ('[[drop]]\nschema = "note"', "rule-value-wrong"),
    ],
)
def test_policies_that_are_none(text: str, reason: str) -> None:
    with pytest.raises(PolicyInvalid) as wrong:
        read_policy(text.encode())
    assert wrong.value.reason == reason
    assert type(wrong.value) in all_errors(PolicyInvalid)


def test_policies() -> None:
    assert read_policy(b"") == ()
    text = f'[[drop]]\nlarger-than = "64 KiB"\nauthor = "{"ab" * 32}"\n[[drop]]\nolder-than-days = 9\nschema = "{ID}"'
    rules = read_policy(text.encode())
    assert rules == (
        Rule(author=b"\xab" * 32, larger_than=64 << 10),
        Rule(schema=ID, older_than=9),
    )
    assert re.search("author.*larger than 65,536 bytes", str(rules[0]))
    assert [read_size(each) for each in ("0", "7 bytes", "2KiB", "3 MiB")] == [0, 7, 2048, 3 << 20]
    with pytest.raises(RuleValueWrong):
        read_size("1e3")
