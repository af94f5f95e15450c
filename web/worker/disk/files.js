// An Emscripten file system over handles that were opened before, since SQLite cannot wait and opening is asynchronous.
// It has the files that SQLite wants of a database, and no others: the shared memory of its journal (`-shm`) is refused
// too. A file of no bytes counts as absent, as it does for SQLite, so deleting one is truncating it.

/** As Emscripten counts them, which is WASI's way. */
const ERRNO = { EACCES: 2, EINVAL: 28, EIO: 29, ENOENT: 44, ENOSPC: 51, EPERM: 63 };
const FOLDER = 0o40700;
const FILE = 0o100600;
const BLOCK = 4096;
/** Bytes of a journal that are written together at most. */
const TOGETHER = 256 << 10;

/**
 * @typedef {object} Handle a FileSystemSyncAccessHandle, or what does as it does
 * @property {() => number} getSize
 * @property {(view: Uint8Array<ArrayBuffer>, place: {at: number}) => number} read
 * @property {(view: Uint8Array<ArrayBuffer>, place: {at: number}) => number} write
 * @property {(size: number) => void} truncate
 * @property {() => void} flush
 * @property {() => void} close
 */

/**
 * What is known of a file: asking the browser each time would take longer than reading.
 *
 * Whatever is asked of a handle takes some ten to some hundred microseconds, and SQLite writes a commit into its journal
 * in pieces, two for each page. So pieces of it that lie side by side are written together: when something else is asked
 * of that file, at the latest when it must be on the disk. If the browser refuses them then, SQLite takes back the
 * transaction that they are of, as it does where a piece is refused.
 */
class Slot {
  #handle;
  #dirty = false;
  /** Pieces that wait, where they wait. @type {Uint8Array<ArrayBuffer> | null} */
  #pieces;
  #length = 0;
  #at = 0;

  /** @param {string} name @param {Handle} handle */
  constructor(name, handle) {
    this.name = name;
    this.#handle = handle;
    this.#pieces = name.endsWith("-wal") ? new Uint8Array(TOGETHER) : null;
    this.size = handle.getSize();
  }

  /** @param {Uint8Array<ArrayBuffer>} view @param {number} at */
  read(view, at) {
    this.#writePieces();
    return at < this.size ? this.#handle.read(view.subarray(0, this.size - at), { at }) : 0;
  }

  /** @param {Uint8Array<ArrayBuffer>} view @param {number} at */
  write(view, at) {
    this.#dirty = true;
    if (!this.#pieces || view.length > TOGETHER) {
      this.#writePieces();
      return this.#write(view, at);
    }
    if (at !== this.#at + this.#length || this.#length + view.length > TOGETHER) this.#writePieces();
    if (this.#length === 0) this.#at = at;
    this.#pieces.set(view, this.#length);
    this.#length += view.length;
    this.size = Math.max(this.size, at + view.length);
    return view.length;
  }

  #writePieces() {
    if (!this.#pieces || this.#length === 0) return;
    const pieces = this.#pieces.subarray(0, this.#length);
    this.#length = 0;
    const count = this.#write(pieces, this.#at);
    if (count === pieces.length) return;
    this.look();
    throw new DOMException("There was room for a part.", "QuotaExceededError");
  }

  /** @param {Uint8Array<ArrayBuffer>} view @param {number} at */
  #write(view, at) {
    try {
      const count = this.#handle.write(view, { at });
      this.size = Math.max(this.size, at + count);
      return count;
    } catch (error) {
      this.look(); // a part may have been written
      throw error;
    }
  }

  /** @param {number} size */
  truncate(size) {
    this.#writePieces();
    if (this.size === size) return;
    this.#dirty = true;
    this.#handle.truncate(size);
    this.size = size;
  }

  flush() {
    if (!this.#dirty) return;
    this.#writePieces();
    this.#handle.flush();
    this.#dirty = false;
  }

  /** The handle has another size than is known here. */
  look() {
    this.size = this.#handle.getSize();
  }

  close() {
    this.#handle.close();
  }
}

/** The type of one mount, as `FS.mount` takes it. */
export class Files {
  /** The browser's name for what it refused last: C has one word for all of it. @type {string | null} */
  wrong = null;
  #system;
  /** @type {Map<string, Slot>} */
  #slots;

  /** @param {any} system Emscripten's `FS` @param {Iterable<[string, Handle]>} handles by name of the file */
  constructor(system, handles) {
    this.#system = system;
    this.#slots = new Map([...handles].map(([name, handle]) => [name, new Slot(name, handle)]));
  }

  /** Emscripten's, when it is mounted. */
  mount() {
    return this.#node(null, "/", FOLDER, this.#folder, this.#openFolder);
  }

  /** All that was written is on the disk. */
  flush() {
    this.#obey(() => { for (const slot of this.#slots.values()) slot.flush(); });
  }

  /** What the handles hold was put back to what it was. */
  look() {
    for (const slot of this.#slots.values()) slot.look();
  }

  /** Flushes what can be flushed, and gives the handles back. */
  close() {
    try {
      this.flush();
    } finally {
      for (const slot of this.#slots.values()) slot.close();
    }
  }

  // -- what Emscripten asks of a folder and of what is in it; `node` and `stream` are its own

  #folder = {
    getattr: (/** @type {any} */ node) => attributes(node, BLOCK),
    setattr: setTimes,
    lookup: (/** @type {any} */ parent, /** @type {string} */ name) => {
      const slot = this.#slots.get(name);
      if (!slot?.size) throw this.#error("ENOENT");
      return this.#file(parent, slot);
    },
    mknod: (/** @type {any} */ parent, /** @type {string} */ name, /** @type {number} */ mode) => {
      const slot = this.#slots.get(name);
      if (!this.#system.isFile(mode)) throw this.#error("EPERM");
      if (!slot) throw this.#error("EACCES");
      return this.#file(parent, slot);
    },
    // A transaction ends with its journal's deletion: so that is durable now.
    unlink: (/** @type {any} */ _, /** @type {string} */ name) => {
      const slot = this.#slots.get(name);
      if (!slot) throw this.#error("ENOENT");
      this.#obey(() => {
        slot.truncate(0);
        slot.flush();
      });
    },
    readdir: () => [".", "..", ...[...this.#slots.values()].filter(({ size }) => size > 0).map(({ name }) => name)],
    rename: () => { throw this.#error("EPERM"); },
    rmdir: () => { throw this.#error("EPERM"); },
    symlink: () => { throw this.#error("EPERM"); },
  };

  #openFolder = {
    // Without it whoever lists a folder never comes to an end.
    llseek: (/** @type {any} */ stream, /** @type {number} */ offset, /** @type {number} */ whence) => (
      whence === 1 ? offset + stream.position : offset
    ),
    fsync: () => {
      this.flush();
      return 0;
    },
  };

  #fileOf = {
    getattr: (/** @type {any} */ node) => attributes(node, node.slot.size),
    setattr: (/** @type {any} */ node, /** @type {any} */ change) => {
      setTimes(node, change);
      if (change.size !== undefined) this.#obey(() => node.slot.truncate(change.size));
    },
  };

  #openFile = {
    llseek: (/** @type {any} */ stream, /** @type {number} */ offset, /** @type {number} */ whence) => {
      const place = offset + (whence === 1 ? stream.position : whence === 2 ? stream.node.slot.size : 0);
      if (place < 0) throw this.#error("EINVAL");
      return place;
    },
    read: (
      /** @type {any} */ stream,
      /** @type {Uint8Array<ArrayBuffer>} */ memory,
      /** @type {number} */ from,
      /** @type {number} */ length,
      /** @type {number} */ at,
    ) => this.#obey(() => stream.node.slot.read(part(memory, from, length), at)),
    write: (
      /** @type {any} */ stream,
      /** @type {Uint8Array<ArrayBuffer>} */ memory,
      /** @type {number} */ from,
      /** @type {number} */ length,
      /** @type {number} */ at,
    ) => {
      if (length === 0) return 0;
      const count = this.#obey(() => stream.node.slot.write(part(memory, from, length), at));
      if (count === 0) throw this.#error("ENOSPC");
      return count;
    },
    fsync: (/** @type {any} */ stream) => {
      this.#obey(() => stream.node.slot.flush());
      return 0;
    },
  };

  /** @param {any} parent @param {Slot} slot */
  #file(parent, slot) {
    const node = this.#node(parent, slot.name, FILE, this.#fileOf, this.#openFile);
    node.slot = slot;
    return node;
  }

  /** @param {any} parent @param {string} name @param {number} mode @param {object} ops @param {object} streamOps */
  #node(parent, name, mode, ops, streamOps) {
    const node = this.#system.createNode(parent, name, mode, 0);
    node.node_ops = ops;
    node.stream_ops = streamOps;
    node.atime = node.mtime = node.ctime = Date.now();
    return node;
  }

  /** @param {keyof typeof ERRNO} name */
  #error(name) {
    return new this.#system.ErrnoError(ERRNO[name]);
  }

  /** What the browser refuses, in the words that C knows. @template T @param {() => T} work @returns {T} */
  #obey(work) {
    try {
      return work();
    } catch (error) {
      const { name } = /** @type {Error} */ (error);
      this.wrong = name;
      throw this.#error(name === "QuotaExceededError" ? "ENOSPC" : "EIO");
    }
  }
}

/** @param {Uint8Array<ArrayBuffer>} memory @param {number} from @param {number} length */
function part({ buffer, byteOffset }, from, length) {
  return new Uint8Array(buffer, byteOffset + from, length);
}

/** @param {any} node @param {any} change */
function setTimes(node, change) {
  for (const time of ["atime", "mtime", "ctime"]) if (change[time] != null) node[time] = change[time];
}

/** @param {any} node @param {number} size */
function attributes({ id, mode, atime, mtime, ctime }, size) {
  const whose = { dev: 1, ino: id, mode, nlink: 1, uid: 0, gid: 0, rdev: 0 };
  const times = { atime: new Date(atime), mtime: new Date(mtime), ctime: new Date(ctime) };
  return { ...whose, size, blksize: BLOCK, blocks: Math.ceil(size / 512), ...times };
}
