"""Rebuilding instances from the entries that `panda_queryEntries` gives, each checked: nothing is believed.

- An entry counts if it is signed, its payload is the announced one, its message is of the schema asked for
  (an early node may hold two in one log), and no link of it breaks a rule.
- What those that count make of an instance, `messages.instance` says. The others, such as the update of a
  stranger, are rejected, and take nothing away from it.
- Two entries at one place of a log: nothing from there on counts but deletes.
- A delete of what is not there is nothing wrong: the payload of what it deletes is gone.
"""

from collections.abc import Iterable, Mapping, Sequence

from panda_web import bamboo, log, messages
from panda_web.bamboo import digest
from panda_web.client.check import Instance, Rejected, Told, instance_of, is_placed, placed, without_gaps
from panda_web.client.errors import ProofIncomplete, ProofMismatch
from panda_web.errors import PandaError
from panda_web.log import SignedEntry, Unsound
from panda_web.messages import Placed, reduce
from panda_web.rpc.methods import StoredEntry


def replay(
    schema: str, stored: Sequence[StoredEntry], verdicts: Mapping[bytes, SignedEntry | Unsound]
) -> tuple[list[Instance], list[Rejected]]:
    """The instances of a schema that are not deleted, and what was no part of one, with the reason.

    Args:
        schema: of the instances.
        stored: what the node holds of it.
        verdicts: by the bytes of each of these entries, whether it is signed.
    """
    signed_entries = [signed for signed in verdicts.values() if isinstance(signed, SignedEntry)]
    paths = log.verify_paths(signed_entries)
    forks = _forks(signed_entries)
    told: dict[bytes, Told] = {}
    rejected: list[Rejected] = []
    for item in stored:
        try:
            signed = verdicts[item.entry]
            if not isinstance(signed, SignedEntry):
                raise signed
            if item.payload is None:
                continue  # it serves as a link
            bamboo.check_payload(signed.entry, item.payload)
            message = messages.decode(item.payload)
            if message.schema != schema:
                continue
            is_placed(paths[signed.hash])
            behind = signed.entry.seq_num >= forks.get(_log(signed), signed.entry.seq_num + 1)
            if behind and message.action != "delete":
                raise ProofMismatch("The log has two entries at one place, here or before.")
            told[signed.hash] = signed, message
        except PandaError as error:
            rejected.append(Rejected(digest(item.entry).hex(), error))
    instances = []
    for about in _by_instance(told.values()):
        reduced = reduce(map(placed, about))
        strange = reduced.passed_over if reduced is not None else _no_deletes(map(placed, about))
        rejected += map(_about_nothing, strange)
        if reduced is not None and not reduced.deleted:
            own = [each for each in about if _log(each[0]) == reduced.create.log]
            verified = all(is_placed(paths[signed.hash]) for signed, _ in own)
            instances.append(instance_of(reduced, own, verified=verified))
    return without_gaps(instances, told.values()), rejected


def _log(signed: SignedEntry) -> tuple[bytes, int]:
    return signed.entry.author, signed.entry.log_id


def _forks(entries: Iterable[SignedEntry]) -> dict[tuple[bytes, int], int]:
    """For each log with two entries at one seq num, the least such seq num."""
    seen: set[tuple[bytes, int, int]] = set()
    forks: dict[tuple[bytes, int], int] = {}
    for signed in entries:
        slot = (*_log(signed), signed.entry.seq_num)
        if slot in seen:
            forks[_log(signed)] = min(signed.entry.seq_num, forks.get(_log(signed), signed.entry.seq_num))
        seen.add(slot)
    return forks


def _by_instance(told: Iterable[Told]) -> Iterable[list[Told]]:
    """What is said about one instance each, in order of seq num."""
    about: dict[str, list[Told]] = {}
    for signed, message in sorted(told, key=lambda pair: pair[0].entry.seq_num):
        about.setdefault(message.id or signed.hash.hex(), []).append((signed, message))
    return about.values()


def _no_deletes(some: Iterable[Placed]) -> list[Placed]:
    return [each for each in some if each.message.action != "delete"]


def _about_nothing(one: Placed) -> Rejected:
    words = f"The {one.message.action} is for an instance that its log did not create."
    return Rejected(one.message.id or one.hash.hex(), ProofIncomplete(words))
