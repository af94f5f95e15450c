// A file in memory whose changed blocks are put into IndexedDB: what there is where a browser has no synchronous
// access handles. SQLite writes to memory, and what a COMMIT changed is put there in one transaction, so the database
// in IndexedDB is always that of some commit.
//
// Where a transaction fails, the file in memory becomes again what it was; SQLite sees by the file's change counter
// that it is another one.

const BLOCK = 4096;
const BEGIN_BYTES = 1 << 20;
const AT_ONCE = 1024;
const BLOCKS = "blocks";
const ABOUT = "about";

/** Another tab opened the database since, and there are no locks here that would have made it wait. */
export class TakenAway extends Error {
  /** @override */
  name = "TakenAway";
}

/** @typedef {{blocks: Map<number, Uint8Array<ArrayBuffer> | null>, size: number}} Changes blocks as they were before; null: not there */

/** @typedef {import("./files.js").Handle} Handle */

/** The file. @implements {Handle} */
export class BlockFile {
  /** Zeros from the file's end on. */
  #bytes = new Uint8Array(BEGIN_BYTES);
  #size = 0;
  /** @type {Changes} */
  #changes = { blocks: new Map(), size: 0 };

  getSize() {
    return this.#size;
  }

  /** @param {Uint8Array<ArrayBuffer>} view @param {{at: number}} place */
  read(view, { at }) {
    const count = Math.max(0, Math.min(view.length, this.#size - at));
    view.set(this.#bytes.subarray(at, at + count));
    return count;
  }

  /** @param {Uint8Array<ArrayBuffer>} view @param {{at: number}} place */
  write(view, { at }) {
    const end = at + view.length;
    this.#note(at, end);
    this.#make(end);
    this.#bytes.set(view, at);
    this.#size = Math.max(this.#size, end);
    return view.length;
  }

  /** @param {number} size */
  truncate(size) {
    this.#note(Math.min(size, this.#size), Math.max(size, this.#size));
    this.#make(size);
    if (size < this.#size) this.#bytes.fill(0, size, this.#size);
    this.#size = size;
  }

  flush() {} // `persist` does

  close() {
    this.#bytes = new Uint8Array();
  }

  /** What was changed since it was last asked; what changes from now on counts anew. */
  takeChanges() {
    const changes = this.#changes;
    this.#changes = { blocks: new Map(), size: this.#size };
    return changes;
  }

  /** Puts back what changed since, and before that what is given. @param {Changes} changes */
  undo(changes) {
    for (const { blocks, size } of [this.takeChanges(), changes]) {
      for (const [number, bytes] of blocks) {
        if (bytes) this.#bytes.set(bytes, number * BLOCK);
        else this.#bytes.fill(0, number * BLOCK, (number + 1) * BLOCK);
      }
      this.#size = size;
    }
    this.#bytes.fill(0, this.#size);
    this.takeChanges();
  }

  /** A block as it is; null where the file has ended before it. @param {number} number */
  block(number) {
    const at = number * BLOCK;
    return at < this.#size ? this.#bytes.slice(at, Math.min(at + BLOCK, this.#size)) : null;
  }

  /** @param {number} size @param {[number, Uint8Array][]} blocks a part of them */
  fill(size, blocks) {
    this.#make(size);
    this.#size = size;
    for (const [number, bytes] of blocks) this.#bytes.set(bytes, number * BLOCK);
    this.takeChanges();
  }

  /** @param {number} at @param {number} end */
  #note(at, end) {
    const { blocks } = this.#changes;
    for (let number = Math.floor(at / BLOCK); number * BLOCK < end; number += 1) {
      if (!blocks.has(number)) blocks.set(number, this.block(number));
    }
  }

  /** Room for so many bytes, and for the last block to its end. @param {number} size */
  #make(size) {
    const whole = Math.ceil(size / BLOCK) * BLOCK;
    if (whole <= this.#bytes.length) return;
    const more = new Uint8Array(Math.max(whole, Math.ceil(this.#bytes.length * 1.5)));
    more.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = more;
  }
}

/** A file, and its blocks in IndexedDB. */
export class Blocks {
  file = new BlockFile();
  #database;
  /** Which opening has the database: the last one. */
  #owner = crypto.getRandomValues(new Uint32Array(4)).join("-");

  /** @param {IDBDatabase} database */
  constructor(database) {
    this.#database = database;
    database.onversionchange = () => database.close(); // another tab, which has it now, forgets it
  }

  /** The file as it was persisted last. Who opened it before persists nothing any more. @param {string} name */
  static async open(name) {
    const request = indexedDB.open(nameOf(name), 1);
    request.onupgradeneeded = () => { for (const store of [BLOCKS, ABOUT]) request.result.createObjectStore(store); };
    const blocks = new Blocks(await answer(request));
    await blocks.#load();
    return blocks;
  }

  /** Puts what changed into IndexedDB, in one transaction; where that fails, the file has not changed either. */
  async persist() {
    const changes = this.file.takeChanges();
    if (changes.blocks.size === 0) return;
    try {
      await this.#put([...changes.blocks.keys()]);
    } catch (error) {
      this.file.undo(changes);
      throw error;
    }
  }

  close() {
    this.#database.close();
  }

  /** Nothing of a database is left; nobody here has it open. @param {string} name */
  static async forget(name) {
    await answer(indexedDB.deleteDatabase(nameOf(name)));
  }

  async #load() {
    const transaction = this.#begin("readwrite");
    const about = transaction.objectStore(ABOUT);
    about.put(this.#owner, "owner");
    const size = await answer(about.get("size")) ?? 0;
    await end(transaction);
    for (let first = 0; first * BLOCK < size; first += AT_ONCE) {
      const range = IDBKeyRange.bound(first, first + AT_ONCE, false, true);
      const store = this.#begin("readonly").objectStore(BLOCKS);
      const [numbers, blocks] = await Promise.all([answer(store.getAllKeys(range)), answer(store.getAll(range))]);
      this.file.fill(size, numbers.map((number, place) => [/** @type {number} */ (number), blocks[place]]));
    }
  }

  /** @param {number[]} numbers of blocks */
  async #put(numbers) {
    const transaction = this.#begin("readwrite");
    const about = transaction.objectStore(ABOUT);
    const store = transaction.objectStore(BLOCKS);
    let taken = false;
    const owner = about.get("owner");
    owner.onsuccess = () => {
      taken = owner.result !== this.#owner;
      if (taken) transaction.abort();
    };
    for (const number of numbers) {
      const block = this.file.block(number);
      if (block) store.put(block, number);
      else store.delete(number);
    }
    about.put(this.file.getSize(), "size");
    try {
      await end(transaction);
    } catch (error) {
      throw taken ? new TakenAway("Another tab has opened the database since.") : error;
    }
  }

  /** @param {IDBTransactionMode} mode */
  #begin(mode) {
    return this.#database.transaction([BLOCKS, ABOUT], mode, { durability: "strict" });
  }
}

/** @param {string} name */
function nameOf(name) {
  return `panda-web:${name}`;
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function answer(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @param {IDBTransaction} transaction @returns {Promise<void>} */
function end(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new DOMException("", "AbortError"));
  });
}
