"""Checking what a node returns: instances are rebuilt from their signed entries, or not shown.

What it proves is authorship: these values, by this author, at this place of their log. It cannot prove
completeness: a node may hold back the latest update, or an instance altogether. An update in between can be
held back too: only its payload says what it is about. That none is missing is known where everything in
between is shown: docs/decisions/proofs.md.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from panda_web import bamboo, log, messages
from panda_web.bamboo import InvalidLink
from panda_web.bamboo.errors import BacklinkMissing
from panda_web.client.asked import Asked
from panda_web.client.errors import InvalidProof, LimitMismatch, ProofIncomplete, ProofMismatch
from panda_web.client.including import Included, beside_of, is_cut, schema_of
from panda_web.errors import PandaError
from panda_web.keys import Verifier
from panda_web.log import SignedEntry, VerifiedEntry
from panda_web.messages import Field, Message, Placed, Reduced, Value, reduce
from panda_web.rpc.methods import StoredEntry
from panda_web.rpc.types import HASH, TEXT, Json, array, member, record

Told = tuple[SignedEntry, Message]
"""A signed entry, and what it says."""

_PROOF = array(record(StoredEntry.from_json))
NODE_NAMES = frozenset(("id", "_meta", "_entries", "_included"))
"""In an answer these are the node's own; a field of such a name is in the proof only."""


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance, rebuilt from its entries, every one of which is signed by its author.

    Attributes:
        id: the entry hash of its create, 132 hex digits.
        schema: 132 hex digits.
        fields: name to value, with types.
        author: the public key, 64 hex digits.
        log_id: the log it is in.
        created: seq num of its create.
        seq_num: of the last entry about it.
        last_entry: that entry's hash, 132 hex digits.
        edited: whether it was updated.
        verified: whether its entries are linked without a gap to entry 1 of the log, checked here.
        complete: whether no update of it can be missing between its create and its last entry: the payload of
            each entry in between is in the same answer. False says that this is not known.
        cursor: where a query goes on behind it (`after`).
        included: by name of a relation that was asked to be included, the instance that it leads to, or a
            list of those; None where there is none, or the node does not give it.
        cut: whether it leads to more than the node can give in one answer, as it says: what is `included` is
            not all, and what is missing can be queried by its id.
    """

    id: str
    schema: str
    fields: Mapping[str, Field]
    author: str
    log_id: int
    created: int
    seq_num: int
    last_entry: str
    edited: bool
    verified: bool
    complete: bool
    cursor: str | None
    included: Mapping[str, "Instance | list[Instance] | None"] = field(default_factory=dict)
    cut: bool = False

    def __getitem__(self, name: str) -> Value:
        """A field's value. Raises KeyError."""
        return self.fields[name].value

    @property
    def values(self) -> dict[str, Value]:
        """Field names and values."""
        return {name: field.value for name, field in self.fields.items()}

    def chosen(self, select: Set[str] | None) -> "Instance":
        """The same with these of its fields; with all where that is None."""
        if select is None:
            return self
        return replace(self, fields={name: self.fields[name] for name in self.fields if name in select})

    @property
    def meta(self) -> dict[str, Json]:
        """All but fields and id as JSON carries it, in the words of a node's answers."""
        return {
            "author": self.author,
            "logId": self.log_id,
            "seqNum": self.seq_num,
            "lastEntry": self.last_entry,
            "edited": self.edited,
            "verified": self.verified,
            "complete": self.complete,
            "cursor": self.cursor,
            **({"cut": True} if self.cut else {}),
        }

    def to_json(self) -> dict[str, Json]:
        """As JSON carries it, as a node's answers do: fields, `id`, `_meta`."""
        fields = {name: to_json(field) for name, field in self.fields.items()}
        return {**fields, "id": self.id, "_meta": self.meta}


@dataclass(frozen=True, slots=True)
class Rejected:
    """Something that a node returned and that its proof does not carry.

    Attributes:
        id: what the node said it was; empty where it said nothing of the kind.
        error: why it is not shown.
    """

    id: str
    error: PandaError


@dataclass(frozen=True, slots=True)
class Answer(Sequence[Instance]):
    """The instances that a query gave, in the node's order.

    Attributes:
        instances: what is sound.
        rejected: what is not, and why.
        after: where a query goes on behind this answer; None where it was empty.
    """

    instances: tuple[Instance, ...]
    rejected: tuple[Rejected, ...] = ()
    after: str | None = None

    def __len__(self) -> int:
        return len(self.instances)

    def __iter__(self) -> Iterator[Instance]:
        return iter(self.instances)

    def __add__(self, other: "Answer") -> "Answer":
        """Both pages, in order; the second one goes on behind the first."""
        after = other.after or self.after
        return Answer((*self.instances, *other.instances), (*self.rejected, *other.rejected), after)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        return self.instances[index]


async def check_answer(asked: Asked, items: Sequence[Mapping[str, Json]], verifier: Verifier) -> Answer:
    """Checks the instances in an answer of `panda_query` with `proof`, and those that come with them.

    Args:
        asked: what was asked for.
        items: the answer.
        verifier: checks the signatures, all in one go.
    """
    items, beyond = items[: asked.query.limit], items[asked.query.limit :]
    beside = beside_of(items) if asked.query.include else []
    proofs = [_read_proof(item) for item in (*items, *beside)]
    encoded = list({s.entry: None for proof in proofs if not isinstance(proof, PandaError) for s in proof})
    verdicts = dict(zip(encoded, await log.verify_many(encoded, verifier), strict=True))
    checking = _Checking(verdicts)
    expected = asked.expected()
    select = asked.query.select
    instances: dict[str, Instance] = {}
    included: dict[str, Instance] = {}
    rejected: list[Rejected] = []
    for item, proof in zip(items, proofs, strict=False):
        try:
            instance, own = checking.instance(asked.schema, item, proof, select)
            if instance.id in instances:
                raise ProofMismatch("The node shows the same instance twice.")
            expected.check(instance)
            instances[instance.id] = instance
            checking.told += own
        except PandaError as error:
            rejected.append(Rejected(_id_of(item), error))
    for item, proof in zip(beside, proofs[len(items) :], strict=True):
        try:
            instance, own = checking.instance(schema_of(item), item, proof)
            if instance.id not in included:
                included[instance.id] = instance
                checking.told += own
        except PandaError as error:
            rejected.append(Rejected(_id_of(item), error))
    rejected += (Rejected(_id_of(item), LimitMismatch(_TOO_MANY)) for item in beyond)
    sound = without_gaps([*instances.values(), *included.values()], checking.told)
    leading = Included({each.id: each for each in sound[len(instances) :]})
    found = (leading.of(each, asked.query.include).chosen(select) for each in sound[: len(instances)])
    return Answer(tuple(found), tuple(rejected), _cursor(items[-1]) if items else None)


class _Checking:
    """Rebuilds the instances of one answer.

    Attributes:
        told: what the entries say of those that are shown.
    """

    def __init__(self, verdicts: Mapping[bytes, SignedEntry | log.Unsound]) -> None:
        self._verdicts = verdicts
        self._placed = log.verify_paths(each for each in verdicts.values() if isinstance(each, SignedEntry))
        self.told: list[Told] = []

    def instance(
        self,
        schema: str,
        item: Mapping[str, Json],
        proof: list[StoredEntry] | InvalidProof,
        select: Set[str] | None = None,
    ) -> tuple[Instance, list[Told]]:
        """An instance, and its entries. Raises what is wrong with them, or with what the node shows."""
        if isinstance(proof, PandaError):
            raise proof
        own = _own(schema, item, proof, self._verdicts)
        verified = all(is_placed(self._placed[signed.hash]) for signed, _ in own)
        found = instance_of(_proven(own), own, verified=verified)
        instance = replace(found, cursor=_cursor(item), cut=is_cut(item))
        _compare(item, instance.chosen(select))
        return instance, own


_TOO_MANY = "The node returned more instances than were asked for."


def _id_of(item: Mapping[str, Json]) -> str:
    return str(item.get("id", ""))[:132]


def proof_of(item: Mapping[str, Json]) -> list[StoredEntry]:
    """The entries that come with an instance. Raises InvalidProof."""
    try:
        return member(item, "_entries", _PROOF)
    except ValueError as error:
        raise ProofIncomplete(f"The node's proof {error}.") from error


def _read_proof(item: Mapping[str, Json]) -> list[StoredEntry] | InvalidProof:
    try:
        return proof_of(item)
    except InvalidProof as error:
        return error


def _own(
    schema: str,
    item: Mapping[str, Json],
    proof: Sequence[StoredEntry],
    verdicts: Mapping[bytes, SignedEntry | log.Unsound],
) -> list[Told]:
    """The entries about an instance, by seq num. Raises what is wrong with them."""
    instance = _instance_id(item)
    own: list[Told] = []
    for stored in proof:
        if stored.payload is None:
            continue  # it serves as a link, whatever it says: `without_gaps`
        signed = verdicts[stored.entry]
        if not isinstance(signed, SignedEntry):
            raise signed
        bamboo.check_payload(signed.entry, stored.payload)
        message = messages.decode(stored.payload)
        if message.schema != schema or (message.id or signed.hash.hex()) != instance:
            raise ProofIncomplete("The node's proof holds an entry about something else.")
        own.append((signed, message))
    return sorted(own, key=lambda pair: pair[0].entry.seq_num)


async def check_end(known: Instance, entries: Sequence[StoredEntry], verifier: Verifier) -> None:
    """Checks that the author of an instance ended it, as a node says. A delete counts whatever leads to it.

    Args:
        known: the instance as it was.
        entries: what the node gives for it, the deleting entry.
        verifier: checks its signature.

    Raises:
        PandaError: they do not prove it.
    """
    verdicts = await log.verify_many([each.entry for each in entries[:1]], verifier)
    for stored, signed in zip(entries, verdicts, strict=False):
        if not isinstance(signed, SignedEntry):
            raise signed
        if stored.payload is None:
            break
        bamboo.check_payload(signed.entry, stored.payload)
        message = messages.decode(stored.payload)
        said = message.action, message.schema, message.id, signed.entry.author.hex(), signed.entry.log_id
        if said == ("delete", known.schema, known.id, known.author, known.log_id):
            return
    raise ProofIncomplete("The node does not show that the author deleted it.")


def placed(told: Told) -> Placed:
    """What an entry says, in its place."""
    signed, message = told
    return Placed((signed.entry.author, signed.entry.log_id), signed.entry.seq_num, signed.hash, message)


def instance_of(reduced: Reduced, own: Sequence[Told], *, verified: bool) -> Instance:
    """An instance, as its entries make it.

    Args:
        reduced: the instance.
        own: its entries, that count.
        verified: whether each of them is linked to entry 1 of the log.
    """
    create, last = reduced.create, reduced.last
    entry = own[0][0].entry
    return Instance(
        id=create.hash.hex(),
        schema=create.message.schema,
        fields=reduced.fields,
        author=entry.author.hex(),
        log_id=entry.log_id,
        created=create.seq_num,
        seq_num=last.seq_num,
        last_entry=last.hash.hex(),
        edited=reduced.edited,
        verified=verified,
        complete=last.seq_num - create.seq_num == len(own) - 1,
        cursor=None,
    )


def without_gaps(instances: Iterable[Instance], told: Iterable[Told]) -> list[Instance]:
    """The instances, `complete` where what is told of others fills what lies between their own entries.

    Args:
        instances: as `instance_of` gives them.
        told: all entries with what they say, each about one of the instances that an answer shows.
    """
    created: dict[str, int] = {}
    runs: dict[tuple[str, int], dict[int, int]] = {}  # of a log, each seq num to the first of its run
    for signed, message in sorted(told, key=lambda pair: pair[0].entry.seq_num):
        entry = signed.entry
        run = runs.setdefault((entry.author.hex(), entry.log_id), {})
        run[entry.seq_num] = run.get(entry.seq_num - 1, entry.seq_num)
        if message.action == "create":
            created[signed.hash.hex()] = entry.seq_num

    def has_no_gap(instance: Instance) -> bool:
        return runs[instance.author, instance.log_id][instance.seq_num] <= created[instance.id]

    return [
        instance if instance.complete or not has_no_gap(instance) else replace(instance, complete=True)
        for instance in instances
    ]


def _proven(own: Sequence[Told]) -> Reduced:
    """The instance that a proof's entries make, all of which must count. Raises InvalidProof."""
    reduced = reduce(map(placed, own))
    if reduced is None:
        raise ProofIncomplete("The node's proof lacks the entry that created this instance.")
    if reduced.passed_over or len({signed.entry.seq_num for signed, _ in own}) < len(own):
        raise ProofIncomplete("The node's proof mixes entries of several authors or logs.")
    if reduced.deleted:
        raise ProofMismatch("The node shows an instance that its author has deleted.")
    return reduced


def is_placed(place: VerifiedEntry | InvalidLink) -> bool:
    """False where links are missing in the answer; links that break a rule are raised."""
    if isinstance(place, BacklinkMissing):
        return False
    if isinstance(place, InvalidLink):
        raise place
    return True


def _compare(item: Mapping[str, Json], instance: Instance) -> None:
    # A list without items is no value; nodes of earlier versions show it.
    shown = {name: value for name, value in item.items() if name not in NODE_NAMES and value != []}
    signed = {name: to_json(field) for name, field in instance.fields.items() if name not in NODE_NAMES}
    if shown != signed:
        raise ProofMismatch("The node shows other values than the author signed.")


def to_json(field: Field) -> Json:
    """A field's value as JSON carries it."""
    return list(field.value) if isinstance(field.value, tuple) else field.value


def _instance_id(item: Mapping[str, Json]) -> str:
    """The id in an answer. Raises ProofIncomplete."""
    try:
        return member(item, "id", HASH)
    except ValueError as error:
        raise ProofIncomplete(f"An instance of the node's answer {error}.") from error


def _cursor(item: Mapping[str, Json]) -> str | None:
    """Where a query goes on behind an instance, as the node says."""
    try:
        return TEXT.read(item["_meta"]["cursor"])
    except (KeyError, TypeError, ValueError):
        return None
