// Where the database of a site's node is: in the origin's private file system where a worker has synchronous access
// handles to it, else in memory and in IndexedDB, else nowhere that lasts.
//
// An exclusive lock comes first, and stays until the disk is closed or the worker ends: two handles on one file are
// two databases. File System Standard; W3C "Web Locks API"; W3C "Indexed Database API 3.0".

import { Blocks } from "./blocks.js";
import { Files } from "./files.js";
import { Sync } from "./sync.js";

const SUFFIXES = ["", "-journal", "-wal"];
const FOLDER = "panda-web";
/** The best one first; in memory is always room. */
const PLACES = ["opfs", "indexeddb"];
/** A worker that ends gives its handles back a little later. */
const PATIENCE_MS = 5000;
const PAUSE_MS = 50;

/**
 * @typedef {import("./files.js").Handle} Handle
 * @typedef {object} Disk one that is open
 * @property {"opfs" | "indexeddb" | "memory"} kind
 * @property {string} path of the database's file; empty where it has none
 * @property {string} why it is no better one
 * @property {() => number} reached how often SQLite's request to write through has arrived
 * @property {() => string | null} wrong why the browser last refused something: the name of its error
 * @property {() => Promise<void>} persist puts what was committed where it survives; nothing to do in files
 * @property {() => void} close gives all of it back
 * @property {() => Promise<void>} forget the same, and nothing of it is left
 */

/** Of one Python. */
export class Disks {
  #sync = new Sync();
  /** Emscripten's file system. @type {any} */
  #system = null;

  /** @param {WebAssembly.Imports | undefined} imports of Python's module, before there is an instance */
  replace(imports) {
    this.#sync.replace(imports);
  }

  /** @param {any} system Emscripten's `FS`, once Python is there */
  begin(system) {
    this.#system = system;
    this.#sync.begin(system);
  }

  /**
   * Waits for the lock as long as another worker has it.
   *
   * @param {string} name of the database: letters, digits and hyphens
   * @param {string[]} places that may be, where not all
   * @returns {Promise<Disk>}
   */
  open = async (name, places = PLACES) => {
    const release = await held(`db:${name}`);
    try {
      return await this.#best(name, places, release);
    } catch (error) {
      release();
      throw error;
    }
  };

  /**
   * @param {string} name
   * @param {string[]} places
   * @param {() => void} release
   * @returns {Promise<Disk>}
   */
  async #best(name, places, release) {
    /** @type {string[]} */
    const refused = [];
    const why = (/** @type {string} */ place) => (/** @type {Error} */ error) => {
      if (isFinal(error)) throw error;
      refused.push(`${place}: ${error.name}`);
      return null;
    };
    const handles = places.includes("opfs") && await openHandles(name).catch(why("files"));
    if (handles) return this.#mounted("opfs", name, handles, refused, release);
    const blocks = places.includes("indexeddb") && await Blocks.open(name).catch(why("IndexedDB"));
    if (blocks) return this.#mounted("indexeddb", name, [[`${name}.db`, blocks.file]], refused, release, blocks);
    const persist = async () => {};
    const forget = async () => release();
    return { kind: "memory", path: "", why: refused.join(", "), reached: () => 0, wrong: () => null, persist, close: release, forget };
  }

  /**
   * @param {Disk["kind"]} kind
   * @param {string} name
   * @param {Iterable<[string, Handle]>} handles
   * @param {string[]} refused
   * @param {() => void} release
   * @param {Blocks} [blocks]
   * @returns {Disk}
   */
  #mounted(kind, name, handles, refused, release, blocks) {
    const system = this.#system;
    const folder = `/disk/${name}`;
    const files = new Files(system, handles);
    system.mkdirTree(folder);
    system.mount(files, {}, folder);
    const end = () => {
      try {
        files.close();
      } finally {
        system.unmount(folder);
        blocks?.close();
      }
    };
    return {
      kind,
      path: `${folder}/${name}.db`,
      why: refused.join(", "),
      reached: () => this.#sync.reached,
      wrong: () => files.wrong,
      persist: async () => {
        try {
          await blocks?.persist();
        } finally {
          files.look();
        }
      },
      close: () => {
        try {
          end();
        } finally {
          release();
        }
      },
      forget: async () => {
        try {
          end();
          await (blocks ? Blocks.forget(name) : removeFiles(name));
        } finally {
          release();
        }
      },
    };
  }
}

/** @param {string} name of a database @returns {string[]} */
function filesOf(name) {
  return SUFFIXES.map((suffix) => `${name}.db${suffix}`);
}

async function folderOfFiles() {
  return (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create: true });
}

/** Nothing of a database is left; nobody has a handle. @param {string} name */
async function removeFiles(name) {
  const folder = await folderOfFiles();
  for (const file of filesOf(name)) await folder.removeEntry(file);
}

/** All files of a database, or none. @param {string} name @returns {Promise<[string, Handle][]>} */
async function openHandles(name) {
  const folder = await folderOfFiles();
  /** @type {[string, FileSystemSyncAccessHandle][]} */
  const handles = [];
  const until = performance.now() + PATIENCE_MS;
  try {
    for (const file of filesOf(name)) {
      const handle = await folder.getFileHandle(file, { create: true });
      handles.push([file, await openHandle(handle, until)]);
    }
  } catch (error) {
    for (const [, handle] of handles) handle.close();
    throw error;
  }
  return handles;
}

/** @param {FileSystemFileHandle} file @param {number} until @returns {Promise<FileSystemSyncAccessHandle>} */
async function openHandle(file, until) {
  for (;;) {
    try {
      return await file.createSyncAccessHandle();
    } catch (error) {
      if (!isTaken(error) || performance.now() > until) throw error;
    }
    await new Promise((resume) => { setTimeout(resume, PAUSE_MS); });
  }
}

/** Another worker has it, and gives it back sooner or later. @param {unknown} error */
function isTaken(error) {
  return error instanceof DOMException && error.name === "NoModificationAllowedError";
}

/** The place is the right one: a database that is taken, or has no room, is not begun anew elsewhere. @param {Error} error */
function isFinal(error) {
  return isTaken(error) || error.name === "QuotaExceededError";
}

/** Holds a lock of this origin. @param {string} name @returns {Promise<() => void>} gives it back */
function held(name) {
  if (!navigator.locks) return Promise.resolve(() => {}); // plain http: `Blocks` sees to it there
  return new Promise((resolve, reject) => {
    navigator.locks.request(name, () => new Promise((release) => { resolve(() => release(undefined)); })).catch(reject);
  });
}
