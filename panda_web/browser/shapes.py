"""The shapes of what a page gives and gets, with what a website's author reads about them.

The declarations in `web/panda/panda.d.ts` are made from this file (`tools/reference.py`), in JavaScript's
names. What is not JSON is declared there by hand.
"""

from typing import Literal, NotRequired, TypedDict

FieldType = str
"""A type of `messages.schema`, or an array of one."""
Instance = dict[str, object]
"""What a page gets as one; declared by hand."""
Fields = dict[str, object]
"""Values by name; declared by hand."""
Mode = Literal["first", "remote", "local"]
"""How a node is worked with: from a node of the site's own, which keeps what was seen, and brings what was
written to that node; without one; or the site's own node alone."""
Place = Literal["here", "node"]
"""In this browser, or at the node beyond."""
Part = Literal["name", "description", "type", "validation", "schema"]


class ReadOnly(TypedDict):
    """Why nothing can be written."""

    reason: str
    message: str


class Author(TypedDict):
    """One author on one node."""

    node: str
    """The node's address; empty where no node is asked."""
    peers: list[str]
    """The addresses of other nodes that the site's own one is kept alike with."""
    mode: Mode
    """"first": the site's own node in this browser, which is kept up to date from that node; "remote": that
    node alone; "local": the own one alone."""
    author: str | None
    """The public key, 64 hex digits; null where nothing can be written."""
    keyKind: str | None
    """"webcrypto" (no script can read it) or "pure25519" (the weaker choice)."""
    canBackUp: bool
    """Whether the key was made in this browser and can still be copied: until `backUp` or `declineBackup`."""
    copy: Literal["waiting", "saved", "declined"] | None
    """What became of the copy: nothing yet, one exists, nobody wants one; null where nothing is known."""
    readOnly: ReadOnly | None
    """Why nothing can be written, or null."""


class WriteError(TypedDict):
    """What a node says against an entry."""

    reason: str
    message: str
    words: str | None
    """What whoever runs the node says, where its rules are the reason, as with `author-refused`; else null.
    It is a text, and never markup."""


class Written(TypedDict):
    """What came of a write."""

    id: str
    """The instance's id."""
    entryHash: str
    acknowledged: bool
    """Whether the node has it that the page reads from: with "first" and "local" the one in this browser.
    Whether the other one has it, `_meta.waiting` and `status` say. If not, it is kept here and sent later."""
    error: WriteError | None
    """Why it has it not; or, with `acknowledged`, why it shows it to nobody: `message-refused`."""


class Unasked(TypedDict):
    """A node that could not be asked what a key wrote there."""

    url: str
    error: WriteError
    """Why."""


class NodePeer(TypedDict):
    """A node that the page's node exchanges with, by that one's word."""

    url: str
    lastContact: int
    """When both were last in contact, in milliseconds since 1970."""


class Reach(TypedDict):
    """How far what was last said of an own instance went, of the nodes that this page works with."""

    at: int
    """At how many of them it is: the node, and peers, by their word."""
    of: int
    """How many that are in all."""


class NodeStatus(TypedDict):
    """How things stand between this page and one of the nodes beyond it: its node, or a peer."""

    url: str
    """Its address."""
    state: Literal["connecting", "connected", "unreachable"]
    """Whether it is there, as far as is known."""
    asOf: int | None
    """When all that this page reads was last the same here and there, in milliseconds since 1970; null before
    that."""
    pending: int | None
    """How many own entries are not there; null where that is not known, as of a peer that was not reached."""
    brought: int
    """Entries that came from there and were new here, since its tab with the site's own node was opened."""
    error: WriteError | None
    """What is wrong; null where nothing is."""


class OwnFork(TypedDict):
    """A log of this site's key, or of one that it replaced, in which the key signed two entries at one place.

    What was written before that stays, and can be deleted; what came after is shown to nobody, unless people
    vote for its branch. What is written from then on goes into another log.
    """

    author: str
    """The key."""
    logId: int
    """Which of its logs."""
    seqNum: int
    """The place."""


class Status(TypedDict):
    """How things stand between this page and its node."""

    state: Literal["connecting", "connected", "unreachable", "local"]
    """Whether the node is there, as it is now: nobody has to call it for that. "local": none is asked."""
    pending: int
    """How many signed entries it has not acknowledged. They are sent once it is there, by themselves."""
    error: WriteError | None
    """Why they are not, though it is there; null where nothing is wrong."""
    nodes: list[NodeStatus]
    """The node and all peers, each by itself."""
    forks: list[OwnFork]
    """Logs of this key that are forked: its user is to know."""


class Here(TypedDict):
    """How much of what a node has of a schema is here, in this browser."""

    state: Literal["never", "filling", "whole", "stopped"]
    """Nothing was seen yet; some of it was; all of it was, once at least; it does not go on."""
    done: int
    """Instances that were looked at, of those that there are."""
    total: int | None
    """How many there are, by the node's word; null where it says nothing."""
    asOf: int | None
    """When the node had last nothing more, in milliseconds since 1970; null before that."""
    error: WriteError | None
    """Why it does not go on now, as that the node is out of reach; null where it does."""
    refused: int
    """Entries of the node that were not taken in here."""
    brought: int
    """Entries that came from there and were new here."""


class Dropped(TypedDict):
    """What was removed."""

    instances: int
    payloads: int
    """Messages of theirs."""
    bytes: int


class Kept(TypedDict):
    """What may come again."""

    instances: int
    payloads: int
    """Messages of theirs that are lacking."""


class RemovedInstance(TypedDict):
    """An instance that is not there any more."""

    id: str
    state: Literal["dropped", "deleted"]
    """By a rule of who runs the node, or by its author."""
    words: str | None
    """Why, as who runs the node says; null where they say nothing. A text, and never markup."""
    where: Literal["here", "node"]


class RefusedAuthor(TypedDict):
    """An author of whom nothing is taken in."""

    author: str
    words: str
    """Why, as who runs the node says. A text, and never markup."""
    where: Literal["here", "node"]


class Removed(TypedDict):
    """What was removed of what was asked for; the rest is there, or never was."""

    instances: list[RemovedInstance]
    authors: list[RefusedAuthor]


class Storage(TypedDict):
    """How this browser keeps what is here, of the whole website."""

    persisted: bool | None
    """Whether it stays until the visitor deletes it; if not, the browser may throw it away when a disk gets
    full. It is asked for with the first write. Null where the browser does not say."""
    usage: int | None
    """About how many bytes it takes; null where the browser does not say."""
    quota: int | None
    """About how many bytes it may take; the same."""
    kind: Literal["files", "blocks", "memory"] | None
    """Where the node in this tab has its database: in files; in blocks in IndexedDB, where there are no such
    files; or in memory, and gone with the page. Null where another tab has it, or none is open."""
    warning: str | None
    """What a visitor must know of that; null where there is nothing."""


class Rejected(TypedDict):
    """An instance that its entries do not prove."""

    id: str
    reason: str
    message: str


class Exported(TypedDict):
    """A piece of the file, and how far it is."""

    text: str
    entries: int
    """So far."""
    payloads: int
    """Of them, those that have what they say."""
    logs: int
    """That are through, of those that there are."""
    of: int


class Untaken(TypedDict):
    """An entry of a file that was not taken in."""

    line: int
    """Of the file, from 1."""
    state: str
    """"invalid"; "path-missing": what links it is not there; "refused": by a limit, or a choice."""
    reason: str | None


class Imported(TypedDict):
    """What became of the entries of a file."""

    entries: int
    """That were read."""
    stored: int
    """Of these, that are new here."""
    held: int
    """That were here before."""
    refused: int
    """By a limit or a choice, which may pass."""
    invalid: int
    """That do not verify."""
    unlinked: int
    """That nothing links to the beginning of their log."""
    untaken: list[Untaken]
    """The first ones of each of these three."""


class Forgotten(TypedDict):
    """What is gone."""

    entries: int
    """Own signed entries that were kept here."""
    unsent: int
    """Of these, that are nowhere else."""
    keys: int
    """Key pairs."""


class Change(TypedDict):
    """What became of an instance."""

    id: str
    kind: Literal["added", "changed", "deleted", "gone"]
    """"deleted": its author signed that; "gone": the node gives it no more, or it is not asked for."""
    instance: Instance | None
    """As it is now; null where it is not there any more."""


class Changed(TypedDict):
    """What a subscription gives."""

    changes: list[Change]
    """What is new, each instance once; the first time all that there are, as added."""
    instances: list[Instance]
    """All as they are now, in the order asked for. Each time another array."""
    rejected: list[Rejected]
    """What the node told and what failed the checks: it is not shown, and what was known of it stays. The
    first 1,000."""
    rejectedCount: int
    """How many there were."""
    here: Here | None
    """How much of what the node has of the schema is here; null where it is asked itself."""


class Version(TypedDict):
    """One signed entry about an instance."""

    seqNum: int
    """Its place in its author's log."""
    entryHash: str
    action: Literal["create", "update", "delete"]
    fields: Fields
    """What it set. A list without items took a value away."""


class Versions(TypedDict):
    """What was said of an instance."""

    versions: list[Version]
    """The latest first."""
    complete: bool
    """Whether it is sure that none is missing: each entry of the log in between was shown."""
    lacking: dict[str, int]
    """Of how many entries in between there is no payload, by what became of it: "never-held", "dropped" by a
    rule of who runs the node (or a reader, in this browser), "deleted" by the author."""


class FieldDefinition(TypedDict):
    """One field of a schema."""

    type: FieldType
    optional: NotRequired[bool]
    """A create may leave it out."""
    validation: NotRequired[str]
    """A pattern (RFC 9485) that the whole value must match; for varchar, text and timestamp."""
    schema: NotRequired[str]
    """The schema that a relation leads to, or "self"."""
    cascade: NotRequired[bool]
    """The instance is hidden when the one that the relation leads to is deleted."""


class SchemaDefinition(TypedDict):
    """What one kind of data is like."""

    name: str
    description: str
    fields: dict[str, FieldDefinition]
    """In the order in which people are to see them."""


class Schema(SchemaDefinition):
    """A definition that is published."""

    id: str


class ListedSchema(TypedDict):
    """What is known of a schema without its definition."""

    id: str
    name: str | None
    """By the node's word, unless this page knows the definition; null where nobody says."""
    state: Literal["registered", "pending", "not-registered", "not-defined", "unlisted"]
    """At the node. "not-…": it holds messages of it, unchecked; "unlisted": it does not list it."""


class DraftProblem(TypedDict):
    """Something that is wrong with a definition in the making."""

    reason: str
    message: str
    data: dict[str, object]
    """What the sentence names: the field, the place in a pattern, how many are allowed."""
    field: int | None
    """The field's place in the draft, from 0; null where it is about none."""
    part: Literal["name", "description", "type", "validation", "schema"] | None
    """The key that it is about, of that field or else of the draft; null where it is about all of it."""


class DescribedDraft(TypedDict):
    """A definition in the making, looked at."""

    problems: list[DraftProblem]
    definition: SchemaDefinition | None
    """What `define` takes; null where there are problems."""
    toml: str | None
    """The file, of those fields that are right; null while there is nothing to write."""
    refusal: str | None
    """Why this node takes no schemas, as far as is known without asking it; null where it does."""
