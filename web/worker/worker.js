// The worker: loads Python from HOST's files, and hands to it the port of each connection.
// What happens on a port is written in panda_web/rpc/session.py and panda_web/browser/page.py.
//
// build.py makes one file of this and all that it imports. It runs from a blob in the page's origin, so every address
// is made from the one that the page gives, and nothing is imported later.

// @ts-expect-error Pyodide has no types for this file
import createPyodideModule from "pyodide/pyodide.asm.mjs";
import { loadPyodide } from "pyodide";
import { Disks } from "./disk/disk.js";
import { Cold } from "./cold.js";
import { signChain, verifyMany } from "./ed25519.js";
import { countTransactions, end } from "./ending.js";
import { Missed, fetchNow } from "./missed.js";
import { Second } from "./second.js";
import { growFor, headOf, thaw } from "./snapshot.js";
import { Downloads, Problem } from "./files.js";

// WebKit gives no stack to errors of its own, such as fetch's, and Pyodide takes what has none for no error at all:
// Python would wait for ever for a node that is not there.
if (!("stack" in Error.prototype)) Error.prototype.stack = "";

/**
 * @typedef {import("./files.js").Part} Part
 * @typedef {import("pyodide").Lockfile} Lock
 * @typedef {Part & {data: number, head: number}} Snapshot data and head: as snapshot.js has them, in bytes
 * @typedef {Part & {module: string}} Extension an application's wheel, and what of it adds to ours
 * @typedef {{lock: Lock, runtime: Part, library: Part, wheels: Part[], extensions: Extension[], snapshot?: Snapshot, seldom: Part, second: import("./missed.js").Part, cold: import("./missed.js").Part}} Manifest
 * @typedef {{part: Part, take: (data: Uint8Array<ArrayBuffer>) => unknown}} Later what few visits use, and who gets it
 * @typedef {(memory: Uint8Array) => void | Promise<void>} OnFresh called with the memory that an instance begins with
 * @typedef {(more: object, onFresh: OnFresh) => Promise<import("pyodide").PyodideAPI>} Start
 * @typedef {object} Python panda_web/browser/worker.py
 * @property {(archive: string, module: string) => void} extend
 * @property {(port: MessagePort, sign: typeof signChain, verify: typeof verifyMany, disk: Disks["open"]) => void} start
 */

const RUNTIME = "pyodide.asm.wasm";
/** A zip file's end, and nothing before it. */
const EMPTY_ARCHIVE = new Uint8Array(22);
EMPTY_ARCHIVE.set([0x50, 0x4b, 5, 6]);
const EMPTY = new Uint8Array();
/** As panda_web/browser/indexeddb.py calls it. */
const DATABASE = "panda-web";
const WAKE_MS = 50;
/** After a start: a page has drawn itself then, and read what it shows. */
const REST_MS = 3000;
/** The same, until what came is kept for the next visit: that is megabytes, and would hold up what a page does first. */
const KEEP_MS = 1000;

/** Those that wait for Python, and hear how far it is. @type {Set<MessagePort>} */
const waiting = new Set();
/** @type {Promise<Python> | null} */
let python = null;
/** Those that Python has. @type {WeakRef<MessagePort>[]} */
const served = [];
let leave = () => {};
/** @type {Promise<void>} */
const leaving = new Promise((resolve) => { leave = resolve; });
/** What came is put into storage, for the next visit: a while after the start, or when the worker ends before. */
let keeping = Promise.resolve();
const disks = new Disks();
/** Python has ended, and each page hears why. @param {Problem} problem */
const failed = ({ message, reason }) => {
  const error = { code: -32000, message, data: { reason, fatal: true } };
  for (const port of served) port.deref()?.postMessage(JSON.stringify({ jsonrpc: "2.0", id: null, error }));
};
const missed = { second: new Missed(failed), cold: new Missed(failed) };
const second = new Second(missed.second.bring);
const cold = new Cold(missed.cold.bring);
countTransactions();

self.onmessage = async ({ data, ports }) => {
  if (data === null) { // nobody has use for it
    leave();
    await keeping;
    return end();
  }
  const [port] = /** @type {[MessagePort]} */ (ports);
  // A bare address serves who vouches for the manifest otherwise.
  const start = typeof data === "string" ? { base: data, integrity: "", own: false, kept: new Map() } : data;
  waiting.add(port);
  try {
    python ??= awake(load(start));
    const { start: begin } = await python;
    served.push(new WeakRef(port));
    begin(port, signChain, verifyMany, disks.open);
  } catch (error) {
    fail(port, error);
  }
  waiting.delete(port);
};
self.postMessage("running");

/**
 * Workers of WebKit may sleep while a promise of WebAssembly's has been kept, until something else wakes them.
 *
 * @template T
 * @param {Promise<T>} work
 * @returns {Promise<T>}
 */
function awake(work) {
  const clock = setInterval(() => {}, WAKE_MS);
  return work.finally(() => clearInterval(clock));
}

/**
 * @param {object} start what panda.js says
 * @param {string} start.base where HOST has the files
 * @param {string} start.integrity the manifest's hash
 * @param {boolean} start.own whether the page is one of HOST's: only those get what HOST's applications add
 * @param {Map<string, MessagePort>} start.kept ports to which files come that are kept, by their hashes
 * @param {Map<string, MessagePort>} [start.ahead] files that the page has begun to fetch, by their names
 * @param {import("./files.js").Storage} [start.storage] where to keep them
 * @returns {Promise<Python>}
 */
async function load({ base, integrity, own, kept, ahead = new Map(), storage }) {
  if (kept.size > 0) wakeDatabase();
  await mayCompile();
  const downloads = new Downloads(base, { kept, ahead }, (done, total) => tell("download", done, total));
  /** @type {Manifest} */
  const manifest = await downloads.json("manifest.json", integrity);
  const { python, later } = await started(own ? manifest : { ...manifest, extensions: [] }, downloads);
  void rest(downloads, storage, later);
  return python;
}

/**
 * What is done once Python runs: what came is kept a little later, and what few visits use is brought when the page is at
 * rest; at once where it is kept from before, and where it cannot be had, when there is a network again.
 *
 * @param {Downloads} downloads
 * @param {import("./files.js").Storage | undefined} storage
 * @param {Later[]} later
 */
async function rest(downloads, storage, later) {
  const pause = (/** @type {number} */ wait) => new Promise((resume) => { setTimeout(resume, wait); });
  const keep = async () => { if (storage) await downloads.keep(storage); };
  keeping = Promise.race([pause(KEEP_MS), leaving]).then(keep);
  const missing = later.some(({ part }) => !downloads.has(part));
  if (missing) {
    await keeping;
    await pause(REST_MS - KEEP_MS);
  }
  await Promise.all(later.map(async ({ part, take }) => {
    for (let here = false; !here;) {
      const online = new Promise((resume) => addEventListener("online", resume, { once: true })); // also while it is asked for
      try {
        await downloads.bring([part]);
        take(downloads.take(part));
        here = true;
        if (missing) await (keeping = keeping.then(keep)); // also where another one never comes
      } catch {
        await online; // who misses it meanwhile asks for it, and hears why it is not there
      }
    }
  }));
}

/** @param {Manifest} manifest @param {Downloads} downloads @returns {Promise<{python: Python, later: Later[]}>} */
async function started(manifest, downloads) {
  const { runtime, library, snapshot, wheels, extensions } = manifest;
  const more = downloads.bring(extensions);
  more.catch(() => {}); // also where the start fails before it is awaited
  const module = downloads.module(runtime);
  /** @type {Start} */
  const start = (more, onFresh) => startPyodide(manifest, module, downloads, more, onFresh);
  const late = [{ part: manifest.second, of: second }, { part: manifest.cold, of: cold }];
  const bring = async (/** @type {Part} */ part, /** @type {Second | Cold} */ of) => {
    await downloads.bring([part]);
    of.take(downloads.take(part));
  };
  const kept = late.filter(({ part }) => downloads.has(part));
  // While Python starts, which does not call it.
  const here = module.then(() => Promise.allSettled(kept.map(({ part, of }) => bring(part, of))));
  here.catch(() => {}); // also where the start fails before it is awaited
  if (snapshot) {
    try {
      const { pyodide, take } = await fromSnapshot(manifest, snapshot, downloads, start);
      await Promise.all([more, here]);
      const later = late.filter(({ of }) => !of.isHere).map(({ part, of }) => ({ part, take: of.take.bind(of) }));
      return { python: ready(pyodide, extensions, downloads), later: [{ part: manifest.seldom, take }, ...later] };
    } catch (error) {
      await module; // without it there is no other way either
      tell("fallback", 0, 0, `Python starts without its snapshot, which takes longer: ${error}`);
    }
  }
  await here;
  await Promise.all([module, more, downloads.bring([library, ...wheels]), second.isHere || bring(manifest.second, second)]);
  tell("start", 0, 0);
  const pyodide = await start({}, () => second.work());
  for (const wheel of wheels) pyodide.unpackArchive(downloads.take(wheel), "wheel");
  return { python: ready(pyodide, extensions, downloads), later: [] };
}

/**
 * Python's memory as it was when the site was built. All that needs no snapshot is done while it is on its way. The
 * standard library is fetched when a module is missed, and so is what comes later.
 *
 * @param {Manifest} manifest
 * @param {Snapshot} snapshot
 * @param {Downloads} downloads
 * @param {Start} start
 * @returns {Promise<{pyodide: import("pyodide").PyodideAPI, take: Later["take"]}>}
 */
async function fromSnapshot({ library, seldom, ...late }, snapshot, downloads, start) {
  const head = new Uint8Array(snapshot.head);
  /** @type {Uint8Array} */
  let fresh;
  const brought = downloads.bring([snapshot]);
  brought.catch(() => {}); // also where the start fails before it is awaited
  const address = downloads.address(library.file);
  downloads.files.set(address, EMPTY_ARCHIVE);
  missed.second.begin(downloads, late.second);
  missed.cold.begin(downloads, late.cold);
  const pyodide = await start({
    // Pyodide only looks at the head, and puts behind it what follows: nothing.
    _loadSnapshot: head,
    createPyodideModule: async (/** @type {object} */ settings) => {
      const [module] = await Promise.all([createPyodideModule(settings), brought]);
      tell("start", 0, 0);
      const packed = downloads.take(snapshot);
      head.set(headOf(packed));
      const written = growFor(packed, module);
      keepingTrampoline(module, () => thaw(packed, fresh, module.HEAPU8, written, module._Py_HashBuffer));
      second.again();
      cold.begin();
      fresh = EMPTY; // Pyodide keeps this function
      return module;
    },
  }, (memory) => { fresh = memory.slice(0, snapshot.data); });
  const frozen = pyodide.pyimport("panda_web.browser.frozen");
  const other = downloads.address(`${seldom.file}?missed`);
  frozen.awake(address, library.integrity ?? "", other, seldom.integrity ?? "", fetchNow);
  return { pyodide, take: frozen.arrived };
}

/**
 * How Python calls functions of other signatures hangs on what the engine knows of WebAssembly: with its garbage
 * collection through a function of the table, otherwise not. The memory says where that is, so it must go on to say
 * what holds here, and not where the snapshot was made (CPython's Python/emscripten_trampoline.c).
 *
 * @param {any} module
 * @param {() => void} change of its memory
 */
function keepingTrampoline({ HEAPU8, __PyRuntime, __PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET }, change) {
  const memory = new DataView(HEAPU8.buffer);
  const address = __PyRuntime + memory.getUint32(__PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET, true);
  const here = memory.getUint32(address, true);
  change();
  memory.setUint32(address, here, true);
}

/**
 * @param {Manifest} manifest
 * @param {Promise<WebAssembly.Module>} module
 * @param {Downloads} downloads
 * @param {object} more
 * @param {OnFresh} onFresh
 */
function startPyodide({ lock }, module, downloads, more, onFresh) {
  const indexURL = downloads.address("");
  const settings = { indexURL, packageBaseUrl: indexURL, lockFileContents: lock, createPyodideModule, ...more };
  return withFiles(downloads.files, module, onFresh, () => loadPyodide(settings));
}

/**
 * @param {import("pyodide").PyodideAPI} pyodide
 * @param {Extension[]} extensions which were brought
 * @param {Downloads} downloads
 * @returns {Python}
 */
function ready(pyodide, extensions, downloads) {
  tell("storage", 0, 0);
  disks.begin(pyodide.FS);
  /** @type {Python} */
  const python = pyodide.pyimport("panda_web.browser.worker");
  for (const extension of extensions) {
    const archive = `/${extension.file}`;
    pyodide.FS.writeFile(archive, downloads.take(extension));
    python.extend(archive, extension.module);
  }
  return python;
}

/** Throws where WebAssembly is missing or forbidden: before the download, and because Pyodide would only wait. */
async function mayCompile() {
  if (!("WebAssembly" in self)) {
    throw new Problem("browser-too-old", "This browser has no WebAssembly, or a mode of it has switched that off.", {});
  }
  try {
    await WebAssembly.instantiate(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
  } catch {
    throw new Problem("policy-forbids", "WebAssembly is forbidden.", { directive: "script-src", url: "wasm" });
  }
}

/**
 * Pyodide fetches by itself, and waits for ever where something is wrong with what comes; so it gets the module and
 * the files that are here already, and what it keeps to itself is told.
 *
 * @template T
 * @param {Map<string, Uint8Array<ArrayBuffer>>} files
 * @param {Promise<WebAssembly.Module>} module
 * @param {OnFresh} onFresh
 * @param {() => Promise<T>} work
 */
async function withFiles(files, module, onFresh, work) {
  const { fetch } = self;
  const { instantiateStreaming } = WebAssembly;
  self.fetch = async (resource) => {
    const address = resource instanceof Request ? resource.url : String(resource);
    if (address.endsWith(RUNTIME)) return new Response();
    const data = files.get(address);
    if (!data) throw new TypeError(`Python asks for ${address}, which the manifest does not name.`);
    return new Response(data);
  };
  try {
    return await new Promise((resolve, reject) => {
      WebAssembly.instantiateStreaming = async (_, imports) => {
        disks.replace(imports);
        second.replace(imports);
        const made = module.then(async (it) => {
          const instance = await WebAssembly.instantiate(it, imports);
          cold.follow(instance.exports);
          second.follow(instance.exports);
          const { memory } = instance.exports;
          await onFresh(new Uint8Array(/** @type {WebAssembly.Memory} */ (memory).buffer));
          return { module: it, instance };
        });
        made.catch(reject);
        return made;
      };
      work().then(resolve, reject);
    });
  } finally {
    self.fetch = fetch;
    WebAssembly.instantiateStreaming = instantiateStreaming;
  }
}

/**
 * Has the browser open the database of the key pair while Python starts, which then opens it again in no time. At a first
 * visit there is none, and looking for it held up all else.
 */
function wakeDatabase() {
  try {
    const opening = indexedDB.open(DATABASE);
    opening.onupgradeneeded = () => opening.transaction?.abort(); // there is none: Python makes it
    opening.onsuccess = () => setTimeout(() => opening.result.close(), REST_MS);
  } catch {
    // this browser has no such storage: who opens one hears why
  }
}

/** @param {string} stage @param {number} done @param {number} total @param {string} [problem] */
function tell(stage, done, total, problem) {
  const text = JSON.stringify({ jsonrpc: "2.0", method: "progress", params: { stage, done, total, problem } });
  for (const port of waiting) port.postMessage(text);
}

/**
 * Python is not there: every request is answered with why.
 *
 * @param {MessagePort} port
 * @param {unknown} cause
 */
function fail(port, cause) {
  const known = cause instanceof Problem;
  const message = known ? cause.message : `Python did not start: ${cause instanceof Error ? cause.message : cause}`;
  const data = known ? { reason: cause.reason, ...cause.data } : { reason: "start-failed" };
  port.onmessage = ({ data: text }) => {
    const { id } = JSON.parse(text);
    const error = { code: -32000, message, data: { ...data, fatal: true } };
    if (id !== undefined) port.postMessage(JSON.stringify({ jsonrpc: "2.0", id, error }));
  };
}
