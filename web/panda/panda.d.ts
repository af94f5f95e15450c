// Types of panda.js. A website copies this file beside its own, and tells TypeScript so: docs/embedding.md.

export interface ConnectOptions {
  /** The node's address; by default the one that panda.js came from, which a relative one is relative to. */
  node?: string | undefined;
  /**
   * How the node is worked with. "first": what is read and written is in this browser, in a node of the site's own, which
   * follows the other one and sends there what is written; so what was seen once is there without a network. "remote":
   * the node is asked for everything. "local": no node is asked.
   */
  mode?: Mode | undefined;
  /**
   * The addresses of other nodes, eight at most. The site's own node in this browser is kept alike with them, in what the
   * page reads and writes: so the page goes on while its node is gone, and what is written here goes to all of them.
   */
  peers?: Iterable<string> | undefined;
  /** How much of what the page reads comes to this browser, from its node and from peers; all of it, unless it is given. */
  wish?: Wish | undefined;
  /**
   * Whose votes about forked logs count in this browser: public keys, 50 at most. The votes of its own key do in any case.
   * Without it, they are those that were named last. In mode "remote" the node decides whose votes count.
   */
  trusted?: Iterable<string> | undefined;
  /** Hears of "download" (bytes as they travel, about), "start" and "storage" until Python is there. */
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Ends the start. */
  signal?: AbortSignal | undefined;
  /** Seconds without any progress after which the start has failed; 120 by default. */
  patience?: number | undefined;
  /** A file of the website's own that imports HOST's worker.js, for pages whose policy forbids blob: workers. */
  worker?: string | URL | undefined;
}

/** How a node is worked with; see `ConnectOptions`. */
export type Mode = "first" | "remote" | "local";

export interface Wish {
  /** Only what these authors wrote (public keys, 50 at most), and what was written here. */
  authors?: string[] | undefined;
  /** Only what was said in messages of so many bytes at most. */
  maxPayload?: number | undefined;
}

export interface Progress {
  stage: string;
  done: number;
  total: number;
  /** With the stage "fallback": why Python starts from its files and not, faster, from a snapshot of its memory. */
  problem?: string;
}

/**
 * Starts Python in a worker (once for a page, however often it is called), makes or finds this site's key pair,
 * and gives what a page works with.
 */
export function connect(options?: ConnectOptions): Promise<Panda>;

/** What went wrong: `reason` is a stable word for programs, `message` a sentence for people. */
export class PandaError extends Error {
  constructor(reason: string, message: string, data?: Record<string, unknown>);
  reason: string;
  data: Record<string, unknown>;
}

/** What every connection has. */
export interface Connection {
  /** Ends this connection; the last one on a page ends the worker. */
  close(): void;
}

declare global {
  /** What panda.js sets when a script tag loads it. */
  var panda: { connect: typeof connect; PandaError: typeof PandaError };
}

/**
 * Values by field name: texts, numbers, BigInts (of up to 64 bits with their sign), booleans, and lists of one of these.
 * Of a schema that is not known, a whole number up to Number.MAX_SAFE_INTEGER is an integer and any other a float;
 * whatever else is meant says so: { type: "relation", value: id }. Of a known schema, null in an update takes the value
 * of an optional field away, and a create leaves it out. Whatever else is given, such as undefined, NaN or a Date, is
 * refused (`invalid-params`), and so are the names that answers need themselves: `id`, `_meta` and `_entries`.
 */
export type Fields = object;

type Kind = "varchar" | "text" | "integer" | "float" | "boolean" | "timestamp" | "relation";
export type FieldType = Kind | `${Kind}[]`;

/** A definition in the making: its fields are a list, since names may stand twice, or not at all yet. */
export interface SchemaDraft {
  name: string;
  description: string;
  fields: ({ name: string } & Partial<FieldDefinition>)[];
}

/** What `query` takes besides the schema. An option that is not wanted is left out: undefined is refused, lest a filter be lost. */
export type Query = NonNullable<Parameters<Panda["query"]>[1]>;

/** The answer to a query. Awaited, it is the first page; `for await` and `toArray` give all. */
export interface Answer extends Promise<Page>, AsyncIterable<Instance> {
  toArray(): Promise<Instance[] & { rejected: Rejected[]; rejectedCount: number; here: Here | null }>;
  /** What failed the checks, as far as it was iterated: the first 1,000. */
  readonly rejected: Rejected[];
  /** How many failed them in all. */
  readonly rejectedCount: number;
  /** How much of what the node has of the schema is here, as it was when it was iterated; null where it is asked itself. */
  readonly here: Here | null;
}

export type Page = Instance[] & { rejected: Rejected[]; after: string | null; here: Here | null };

/**
 * Integers beyond Number.MAX_SAFE_INTEGER are BigInts, all other numbers numbers, relations plain strings. A field without
 * a value is missing, and so is a list without items: `talk.persons ?? []`.
 */
export type Instance = { id: string; _meta: Meta; _included?: Included } & { [field: string]: unknown };

/**
 * What the relations of an instance lead to, by their names, as far as `include` says: an instance; for a list of
 * relations those of them that are there, in their order; null where it is not there, or the instance has no such
 * relation. What several instances lead to is one object, and what ends a path has no `_included`: so there are no
 * circles, and JSON can carry it.
 */
export interface Included {
  [relation: string]: Instance | Instance[] | null;
}

export interface Meta {
  author: string;
  logId: number;
  seqNum: number;
  edited: boolean;
  lastEntry: string;
  cursor: string;
  /** The author's signature holds. */
  signed: boolean;
  /** Signed entries lead from here to the first entry of the author's log. */
  verified: boolean;
  /** No change can be missing between its first entry and this one; false: that is not known. */
  complete: boolean;
  /** It was written here, and the node has not got it yet. */
  waiting?: true;
  /** Of what was written here: how far it went. */
  reach?: Reach;
  /** It leads to more than fits into one answer, the node says: what is in `_included` is not all. */
  cut?: true;
}

// What follows is made by tools/reference.py.

/** One author on one node. */
export interface Panda extends Connection {
  /** The node's address; empty where no node is asked. */
  readonly node: string;
  /** The addresses of other nodes that the site's own one is kept alike with. */
  readonly peers: string[];
  /**
   * "first": the site's own node in this browser, which is kept up to date from that node; "remote": that node alone;
   * "local": the own one alone.
   */
  readonly mode: Mode;
  /** The public key, 64 hex digits; null where nothing can be written. */
  readonly author: string | null;
  /** "webcrypto" (no script can read it) or "pure25519" (the weaker choice). */
  readonly keyKind: string | null;
  /** Whether the key was made in this browser and can still be copied: until `backUp` or `declineBackup`. */
  readonly canBackUp: boolean;
  /** What became of the copy: nothing yet, one exists, nobody wants one; null where nothing is known. */
  readonly copy: "waiting" | "saved" | "declined" | null;
  /** Why nothing can be written, or null. */
  readonly readOnly: ReadOnly | null;

  /**
   * Publishes a new instance. Writes take effect in the order in which they were begun, also where nobody waits in
   * between.
   */
  create(schema: string, fields: Fields): Promise<Written>;

  /** Changes some fields of an own instance. */
  update(schema: string, id: string, fields: Fields): Promise<Written>;

  /** Ends an own instance. */
  delete(schema: string, id: string): Promise<Written>;

  /**
   * Votes which branch of a forked log to follow, for those who count votes of this author; here that is so. Whoever
   * votes again about the same place has changed their vote.
   */
  vote(author: string, logId: number, seqNum: number, entry: string): Promise<Written>;

  /**
   * Counts the votes of these authors about forked logs in this browser, in place of those that were trusted before,
   * also at later visits; those of the own key count in any case. They are public keys, 50 at most. Gives all whose
   * votes count.
   */
  trust(authors: readonly string[]): Promise<string[]>;

  /**
   * Instances, each rebuilt from its signed entries; what fails that is in `rejected` instead. Iterated (`for
   * await`), it gives all, and fetches them in pages; `toArray()` gives an array of all; awaited, it is the first
   * page.
   */
  query(schema: string, options?: {
    /**
     * Field names, "author" or "id", each with the value that it must equal, or with operators, as { gte: 3 }; "and",
     * "or" and "not" join filters (docs/protocol.md).
     */
    filter?: object | null;
    /** Names, with "-" before one for descending. */
    orderBy?: readonly string[];
    /** How many at most, up to 1,000. Without it all are iterated; a page that is awaited has 100. */
    limit?: number;
    /** `after` of the page before, until a page is empty. */
    after?: string | null;
    /** The fields that are wanted; all without it. */
    select?: readonly string[] | null;
    /**
     * Relations, such as "blog", or "blog.owner" for one that is led to by another. What they lead to comes with the
     * answer, each checked, as `_included.blog`.
     */
    include?: readonly string[];
    signal?: AbortSignal;
  }): Answer;

  /**
   * What the author of an instance has said of it, entry by entry, each checked; nothing where it is not there.
   */
  versions(schema: string, id: string): Promise<Versions>;

  /**
   * A window of a log as it can be drawn: entries, their links, and for each the path that verifies it. Signatures,
   * links and the proof of a fork are checked; what became of payloads is the node's word. It is what this browser
   * holds of the log or, where that is nothing, what the node holds.
   */
  log(author: string, logId: number, options?: {
    /** An entry whose path is wanted. The window is around it, unless `last` is given. */
    at?: number | null;
    /** The last entry of the window; else the log's last one. */
    last?: number | null;
    /** Entries of the window, up to 400. */
    limit?: number;
  }): Promise<Log>;

  /** How many instances there are that a filter lets pass. It is the node's word, which nothing proves. */
  count(schema: string, options?: {
    /**
     * Field names, "author" or "id", each with the value that it must equal, or with operators, as { gte: 3 }; "and",
     * "or" and "not" join filters (docs/protocol.md).
     */
    filter?: object | null;
  }): Promise<number>;

  /**
   * Publishes the definition of a schema and makes it known; the same one again is found, and not published twice.
   */
  define(schema: SchemaDefinition): Promise<Schema>;

  /**
   * A schema by its id, or by a name that one schema has: its definition is fetched once and checked. `create` and
   * `update` find it by themselves, wherever it can be had, and its fields decide what they write: for a float 3 is a
   * float, a relation is the id as a plain string, [] has a type. What the schema forbids is refused before anything
   * is signed.
   */
  schema(id: string): Promise<Schema>;

  /**
   * The schemas that the node lists, and own and known ones that it does not. What the node says of them is not
   * checked: `schema(id)` is. Of those that it has no view of it is a page: `after` the last id of one comes the
   * next, until one is empty.
   */
  schemas(options?: {
    after?: string | null;
  }): Promise<ListedSchema[]>;

  /**
   * What is wrong with a definition that somebody is writing, field by field, and its file. Publishes nothing.
   */
  describe(draft: SchemaDraft): Promise<DescribedDraft>;

  /** The definition in a file, which is TOML. */
  schemaFromToml(text: string): Promise<SchemaDefinition>;

  /**
   * The nodes that the page's node exchanges with, as far as it tells: public ones that it was in contact with within
   * a week, the last one first.
   */
  nodePeers(): Promise<NodePeer[]>;

  /** How many signed entries the node has not acknowledged. */
  pending(): Promise<number>;

  /** Sends them at once, and not when the node is next seen; gives how many were sent. */
  flush(): Promise<number>;

  /**
   * How this browser keeps what is here, and how much space it takes. The first write asks it to keep that until the
   * visitor deletes it; Firefox puts the question to the visitor.
   */
  storage(): Promise<Storage>;

  /**
   * The key pair under a passphrase of eight characters at least, as encrypted PEM (PKCS #8), while `canBackUp`; then
   * it cannot be copied any more.
   */
  backUp(passphrase: string): Promise<string>;

  /**
   * Begins to take in a file that `export` gave, here or elsewhere: its text goes to `importPart` in pieces of any
   * size, and `importEnd` says that there are no more. Nothing in it is believed: each entry is verified.
   */
  importBegin(): Promise<Imported>;

  /** The next piece of the file; gives what became of it so far. */
  importPart(text: string, options?: {
    signal?: AbortSignal;
  }): Promise<Imported>;

  /** The file has no more. */
  importEnd(): Promise<Imported>;

  /**
   * Removes all that this site keeps in this browser: what was seen, what was written, the keys. Refused with the
   * reason "own-unsent" where entries that were written here are nowhere else, unless `unsent` is true. It ends all
   * connections of this site, in all tabs.
   */
  forget(options?: {
    /** Whether what is nowhere else may be lost. */
    unsent?: boolean;
  }): Promise<Forgotten>;

  /**
   * Removes from this browser what all of the given conditions hold for, and gives how much that was: whole
   * instances, which do not come back by themselves. Nothing is removed anywhere else.
   */
  drop(options?: {
    /** An instance. It stands alone. */
    instance?: string | null;
    /** What this author wrote. */
    author?: string | null;
    /** What is of this schema. */
    schema?: string | null;
    /** What has a message of more than so many bytes. */
    largerThan?: number | null;
    /** Whether nothing is removed, and only counted. */
    dryRun?: boolean;
  }): Promise<Dropped>;

  /**
   * Takes back what was removed from this browser: one instance, or what is of an author, or of a schema, or all; and
   * fetches it again, where it can be had.
   */
  keep(options?: {
    /** An instance. It stands alone. */
    instance?: string | null;
    /** What this author wrote. */
    author?: string | null;
    /** What is of this schema. */
    schema?: string | null;
  }): Promise<Kept>;

  /**
   * Which of some instances, and authors, were removed: here by a reader, at the node by whoever runs it, or by the
   * author. It is the node's word, which nothing proves.
   */
  removed(options?: {
    /** Their ids. */
    instances?: readonly string[];
    /** Their public keys. */
    authors?: readonly string[];
  }): Promise<Removed>;

  /** Makes the key one that can no longer be copied. */
  declineBackup(): Promise<Author>;

  /**
   * Goes on with the key of a backup: `author` is another one then. Use a key in one place at a time. What another
   * browser wrote with it is taken over with the next `flush`, or before the next write. If both wrote at once, an
   * error with the reason "log-diverged" tells in `data.messages` what has lost its place and must be written again.
   */
  restore(text: string, passphrase: string): Promise<Author>;

  /**
   * Asks all nodes that this page works with what the key wrote there, and brings it to its node: after `restore`,
   * and before anything is written. Gives those that could not be asked. If the key wrote there, wait until they
   * answer, or its log may fork: the first write asks them once more, and then goes on without them.
   */
  gather(): Promise<Unasked[]>;

  /**
   * The instances that are asked for, kept up to date: first all of them, then what changes, each checked as in
   * `query`. It goes on by itself where the way to the node breaks, and misses nothing. A page that is slow gets what
   * is new in one. It never ends: leave the loop by `break`, or give a `signal`.
   */
  subscribe(schema: string, options?: {
    /**
     * Field names, "author" or "id", each with the value that it must equal, or with operators, as { gte: 3 }; "and",
     * "or" and "not" join filters (docs/protocol.md).
     */
    filter?: object | null;
    /** Names, with "-" before one for descending. */
    orderBy?: readonly string[];
    /** The fields that are wanted; all without it. */
    select?: readonly string[] | null;
    signal?: AbortSignal;
  }): AsyncIterableIterator<Changed, undefined>;

  /**
   * All that is here, as a file in pieces of text: what was seen, and what was written. Any node takes it in, such as
   * by `panda import`.
   */
  export(options?: {
    signal?: AbortSignal;
  }): AsyncIterableIterator<Exported, undefined>;

  /** How things stand between this page and its node: as it is, then each change, without end. */
  status(options?: {
    signal?: AbortSignal;
  }): AsyncIterableIterator<Status, undefined>;
}

/** Why nothing can be written. */
export interface ReadOnly {
  reason: string;
  message: string;
}

/** One author on one node. */
export interface Author {
  /** The node's address; empty where no node is asked. */
  node: string;
  /** The addresses of other nodes that the site's own one is kept alike with. */
  peers: string[];
  /**
   * "first": the site's own node in this browser, which is kept up to date from that node; "remote": that node alone;
   * "local": the own one alone.
   */
  mode: Mode;
  /** The public key, 64 hex digits; null where nothing can be written. */
  author: string | null;
  /** "webcrypto" (no script can read it) or "pure25519" (the weaker choice). */
  keyKind: string | null;
  /** Whether the key was made in this browser and can still be copied: until `backUp` or `declineBackup`. */
  canBackUp: boolean;
  /** What became of the copy: nothing yet, one exists, nobody wants one; null where nothing is known. */
  copy: "waiting" | "saved" | "declined" | null;
  /** Why nothing can be written, or null. */
  readOnly: ReadOnly | null;
}

/** What a node says against an entry. */
export interface WriteError {
  reason: string;
  message: string;
  /**
   * What whoever runs the node says, where its rules are the reason, as with `author-refused`; else null. It is a
   * text, and never markup.
   */
  words: string | null;
}

/** What came of a write. */
export interface Written {
  /** The instance's id. */
  id: string;
  entryHash: string;
  /**
   * Whether the node has it that the page reads from: with "first" and "local" the one in this browser. Whether the
   * other one has it, `_meta.waiting` and `status` say. If not, it is kept here and sent later.
   */
  acknowledged: boolean;
  /** Why it has it not; or, with `acknowledged`, why it shows it to nobody: `message-refused`. */
  error: WriteError | null;
}

/** A node that could not be asked what a key wrote there. */
export interface Unasked {
  url: string;
  /** Why. */
  error: WriteError;
}

/** A node that the page's node exchanges with, by that one's word. */
export interface NodePeer {
  url: string;
  /** When both were last in contact, in milliseconds since 1970. */
  lastContact: number;
}

/** How far what was last said of an own instance went, of the nodes that this page works with. */
export interface Reach {
  /** At how many of them it is: the node, and peers, by their word. */
  at: number;
  /** How many that are in all. */
  of: number;
}

/** How things stand between this page and one of the nodes beyond it: its node, or a peer. */
export interface NodeStatus {
  /** Its address. */
  url: string;
  /** Whether it is there, as far as is known. */
  state: "connecting" | "connected" | "unreachable";
  /**
   * When all that this page reads was last the same here and there, in milliseconds since 1970; null before that.
   */
  asOf: number | null;
  /** How many own entries are not there; null where that is not known, as of a peer that was not reached. */
  pending: number | null;
  /** Entries that came from there and were new here, since its tab with the site's own node was opened. */
  brought: number;
  /** What is wrong; null where nothing is. */
  error: WriteError | null;
}

/**
 * A log of this site's key, or of one that it replaced, in which the key signed two entries at one place. What was
 * written before that stays, and can be deleted; what came after is shown to nobody, unless people vote for its
 * branch. What is written from then on goes into another log.
 */
export interface OwnFork {
  /** The key. */
  author: string;
  /** Which of its logs. */
  logId: number;
  /** The place. */
  seqNum: number;
}

/** How things stand between this page and its node. */
export interface Status {
  /** Whether the node is there, as it is now: nobody has to call it for that. "local": none is asked. */
  state: "connecting" | "connected" | "unreachable" | "local";
  /** How many signed entries it has not acknowledged. They are sent once it is there, by themselves. */
  pending: number;
  /** Why they are not, though it is there; null where nothing is wrong. */
  error: WriteError | null;
  /** The node and all peers, each by itself. */
  nodes: NodeStatus[];
  /** Logs of this key that are forked: its user is to know. */
  forks: OwnFork[];
}

/** How much of what a node has of a schema is here, in this browser. */
export interface Here {
  /** Nothing was seen yet; some of it was; all of it was, once at least; it does not go on. */
  state: "never" | "filling" | "whole" | "stopped";
  /** Instances that were looked at, of those that there are. */
  done: number;
  /** How many there are, by the node's word; null where it says nothing. */
  total: number | null;
  /** When the node had last nothing more, in milliseconds since 1970; null before that. */
  asOf: number | null;
  /** Why it does not go on now, as that the node is out of reach; null where it does. */
  error: WriteError | null;
  /** Entries of the node that were not taken in here. */
  refused: number;
  /** Entries that came from there and were new here. */
  brought: number;
}

/** What was removed. */
export interface Dropped {
  instances: number;
  /** Messages of theirs. */
  payloads: number;
  bytes: number;
}

/** What may come again. */
export interface Kept {
  instances: number;
  /** Messages of theirs that are lacking. */
  payloads: number;
}

/** An instance that is not there any more. */
export interface RemovedInstance {
  id: string;
  /** By a rule of who runs the node, or by its author. */
  state: "dropped" | "deleted";
  /** Why, as who runs the node says; null where they say nothing. A text, and never markup. */
  words: string | null;
  where: "here" | "node";
}

/** An author of whom nothing is taken in. */
export interface RefusedAuthor {
  author: string;
  /** Why, as who runs the node says. A text, and never markup. */
  words: string;
  where: "here" | "node";
}

/** What was removed of what was asked for; the rest is there, or never was. */
export interface Removed {
  instances: RemovedInstance[];
  authors: RefusedAuthor[];
}

/** How this browser keeps what is here, of the whole website. */
export interface Storage {
  /**
   * Whether it stays until the visitor deletes it; if not, the browser may throw it away when a disk gets full. It is
   * asked for with the first write. Null where the browser does not say.
   */
  persisted: boolean | null;
  /** About how many bytes it takes; null where the browser does not say. */
  usage: number | null;
  /** About how many bytes it may take; the same. */
  quota: number | null;
  /**
   * Where the node in this tab has its database: in files; in blocks in IndexedDB, where there are no such files; or
   * in memory, and gone with the page. Null where another tab has it, or none is open.
   */
  kind: "files" | "blocks" | "memory" | null;
  /** What a visitor must know of that; null where there is nothing. */
  warning: string | null;
}

/** An instance that its entries do not prove. */
export interface Rejected {
  id: string;
  reason: string;
  message: string;
}

/** A piece of the file, and how far it is. */
export interface Exported {
  text: string;
  /** So far. */
  entries: number;
  /** Of them, those that have what they say. */
  payloads: number;
  /** That are through, of those that there are. */
  logs: number;
  of: number;
}

/** An entry of a file that was not taken in. */
export interface Untaken {
  /** Of the file, from 1. */
  line: number;
  /** "invalid"; "path-missing": what links it is not there; "refused": by a limit, or a choice. */
  state: string;
  reason: string | null;
}

/** What became of the entries of a file. */
export interface Imported {
  /** That were read. */
  entries: number;
  /** Of these, that are new here. */
  stored: number;
  /** That were here before. */
  held: number;
  /** By a limit or a choice, which may pass. */
  refused: number;
  /** That do not verify. */
  invalid: number;
  /** That nothing links to the beginning of their log. */
  unlinked: number;
  /** The first ones of each of these three. */
  untaken: Untaken[];
}

/** What is gone. */
export interface Forgotten {
  /** Own signed entries that were kept here. */
  entries: number;
  /** Of these, that are nowhere else. */
  unsent: number;
  /** Key pairs. */
  keys: number;
}

/** What became of an instance. */
export interface Change {
  id: string;
  /** "deleted": its author signed that; "gone": the node gives it no more, or it is not asked for. */
  kind: "added" | "changed" | "deleted" | "gone";
  /** As it is now; null where it is not there any more. */
  instance: Instance | null;
}

/** What a subscription gives. */
export interface Changed {
  /** What is new, each instance once; the first time all that there are, as added. */
  changes: Change[];
  /** All as they are now, in the order asked for. Each time another array. */
  instances: Instance[];
  /**
   * What the node told and what failed the checks: it is not shown, and what was known of it stays. The first 1,000.
   */
  rejected: Rejected[];
  /** How many there were. */
  rejectedCount: number;
  /** How much of what the node has of the schema is here; null where it is asked itself. */
  here: Here | null;
}

/** One signed entry about an instance. */
export interface Version {
  /** Its place in its author's log. */
  seqNum: number;
  entryHash: string;
  action: "create" | "update" | "delete";
  /** What it set. A list without items took a value away. */
  fields: Fields;
}

/** What was said of an instance. */
export interface Versions {
  /** The latest first. */
  versions: Version[];
  /** Whether it is sure that none is missing: each entry of the log in between was shown. */
  complete: boolean;
  /**
   * Of how many entries in between there is no payload, by what became of it: "never-held", "dropped" by a rule of
   * who runs the node (or a reader, in this browser), "deleted" by the author.
   */
  lacking: Record<string, number>;
}

/** One field of a schema. */
export interface FieldDefinition {
  type: FieldType;
  /** A create may leave it out. */
  optional?: boolean;
  /** A pattern (RFC 9485) that the whole value must match; for varchar, text and timestamp. */
  validation?: string;
  /** The schema that a relation leads to, or "self". */
  schema?: string;
  /** The instance is hidden when the one that the relation leads to is deleted. */
  cascade?: boolean;
}

/** What one kind of data is like. */
export interface SchemaDefinition {
  name: string;
  description: string;
  /** In the order in which people are to see them. */
  fields: Record<string, FieldDefinition>;
}

/** A definition that is published. */
export interface Schema extends SchemaDefinition {
  id: string;
}

/** What is known of a schema without its definition. */
export interface ListedSchema {
  id: string;
  /** By the node's word, unless this page knows the definition; null where nobody says. */
  name: string | null;
  /** At the node. "not-…": it holds messages of it, unchecked; "unlisted": it does not list it. */
  state: "registered" | "pending" | "not-registered" | "not-defined" | "unlisted";
}

/** Something that is wrong with a definition in the making. */
export interface DraftProblem {
  reason: string;
  message: string;
  /** What the sentence names: the field, the place in a pattern, how many are allowed. */
  data: Record<string, unknown>;
  /** The field's place in the draft, from 0; null where it is about none. */
  field: number | null;
  /** The key that it is about, of that field or else of the draft; null where it is about all of it. */
  part: "name" | "description" | "type" | "validation" | "schema" | null;
}

/** A definition in the making, looked at. */
export interface DescribedDraft {
  problems: DraftProblem[];
  /** What `define` takes; null where there are problems. */
  definition: SchemaDefinition | null;
  /** The file, of those fields that are right; null while there is nothing to write. */
  toml: string | null;
  /** Why this node takes no schemas, as far as is known without asking it; null where it does. */
  refusal: string | null;
}

/** A signed entry of a log. */
export interface LogEntry {
  seqNum: number;
  entryHash: string;
  /** The hash that it names for the entry before; null for entry 1. */
  backlink: string | null;
  /** The hash that it names for an earlier entry; null where it names none. */
  skiplink: string | null;
  /** 0, or another number where there are several entries in one place: those of one branch share it. */
  lane: number;
  /** Whether a path of links leads from it to entry 1. */
  verified: boolean;
  /** The hash of the next entry on the shortest such path; null for entry 1, and without a path. */
  via: string | null;
  endOfLog: boolean;
  /**
   * What became of its message at the node that was asked, by its word: it has it; it never had it; it dropped it by
   * a rule; or its instance was ended by the author. Null where it says nothing.
   */
  payloadState: "held" | "never-held" | "dropped" | "deleted" | null;
  payloadSize: number;
  /**
   * What its message does; null where there is none to read: it is not there, not asked for (of entries outside the
   * window), of more than 4,096 bytes, or no message.
   */
  action: "create" | "update" | "delete" | null;
  /** Of what its message is; null likewise. */
  schema: string | null;
  /** The instance that it is about; null likewise. */
  id: string | null;
  /**
   * Whether it stands before all forks, or on the branch that is followed where the log was read; null where what was
   * given does not say on which branch it is.
   */
  counts: boolean | null;
}

/** Which entry somebody voted for last, by the word of who was asked. */
export interface LogVote {
  /** Their public key. */
  voter: string;
  /** The hash of the entry whose branch they would follow. */
  entry: string;
  /** Whether their vote counts there. */
  counted: boolean;
}

/** That the author said two things at one place of the log. The proof was checked. */
export interface LogFork {
  /**
   * The least place for which that is proven: what came before counts. What follows does not, unless it is on the
   * branch that is followed.
   */
  position: number;
  /**
   * Two entries in one place; a link to another entry than the one in its place; two such links that differ; an entry
   * behind the end of the log.
   */
  shape: "entries" | "entry-and-link" | "links" | "end";
  /** Of the two entries that prove it. */
  places: number[];
  /** Their hashes. */
  entries: string[];
  /** Both in one, for anybody to check; hex. */
  proof: string;
  /**
   * The hashes of the entries at the position that these two prove: what can be voted for. There may be more. Empty
   * behind an end of the log, about which nobody votes.
   */
  branches: string[];
  /** What is voted about it, each voter once; those that count come first. */
  votes: LogVote[];
  /** The hash of the entry whose branch is followed where the log was read; null where none is. */
  followed: string | null;
}

/** A window of a log. */
export interface Log {
  author: string;
  logId: number;
  /** Who was asked: this browser's own node, or the node beyond. */
  where: "here" | "node";
  /** The last place that is held, so how many entries there are in all; 0 where none is. */
  end: number;
  /** Of the window; 0 where there is none. */
  first: number;
  /** Of the window, likewise. */
  last: number;
  /** Those of the window, and those that link it to entry 1 or to later ones; ascending. */
  entries: LogEntry[];
  /** Stretches of the window of which nothing is held: the first and the last place. */
  missing: number[][];
  /** The entry that was chosen. */
  at: number | null;
  /** The places of the shortest path that verifies it, from there to entry 1; empty without one. */
  path: number[];
  /** Where it forks first; null where nothing proves that it does. */
  fork: LogFork | null;
  /** Where it forks: first, and then on the branch that is followed. */
  forks: LogFork[];
  /** Entries that were given, and that the author has not signed. */
  unsound: number;
  /** Entries that were left out, since there were more than 8 in their place. */
  crowded: number;
}
