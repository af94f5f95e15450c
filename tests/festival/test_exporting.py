"""The programme out of a node: each event once, with the name of its room, and no more than a festival has."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace

import pytest
from panda_festival import exporting
from panda_festival.exporting import Programme, read_programme
from panda_festival.told import ProgrammeTooLarge

from panda_web.keys.with_cryptography import CryptographySigner
from tests.browser.festivals import event
from tests.festival.test_importing import client, file_of, run_import
from tests.node.test_publish import Harness


def programme(node: Harness, authors: Sequence[str] = ()) -> Programme:
    return asyncio.run(read_programme(client(node), authors, SimpleNamespace(count=0)))


def rows(found: Programme) -> list[tuple[str, str]]:
    return sorted((talk.text("title"), talk.text("room")) for talk in found.talks)


def test_each_event_once_as_whoever_is_named_first_says_it() -> None:
    node = Harness()
    signers = [CryptographySigner.generate() for _ in range(3)]
    first, second, stranger = (signer.author.hex() for signer in signers)
    files = (
        file_of(event(1, title="Opening", room="Hall"), event(2)),
        file_of(event(1, title="Opening, late", room="Yard"), event(3, room=None)),
        file_of(event(1, title="Cancelled!", room="Nowhere")),
    )
    for signer, file in zip(signers, files, strict=True):
        asyncio.run(run_import(client(node, signer), file))
    rest = [("Talk 2", "Meadow"), ("Talk 3", "")]
    assert rows(programme(node, [first, second])) == [("Opening", "Hall"), *rest]
    assert rows(programme(node, [second, first])) == [("Opening, late", "Yard"), *rest]
    assert rows(programme(node, [stranger])) == [("Cancelled!", "Nowhere")]
    assert len(programme(node).talks) == 5
    assert programme(node, ["00" * 32]) == Programme((), 0)


@pytest.mark.parametrize("bound", [{"MAX_EVENTS": 2}, {"MAX_SIZE": 300}])
def test_a_node_gives_no_end_of_talks(bound: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    node = Harness()
    asyncio.run(run_import(client(node), file_of(*map(event, range(3)))))
    assert len(programme(node).talks) == 3
    for name, most in bound.items():
        monkeypatch.setattr(exporting, name, most)
    with pytest.raises(ProgrammeTooLarge):
        programme(node)
