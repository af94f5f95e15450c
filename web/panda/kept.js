// What a start needed is kept in this origin, by its hash, and the next start asks nobody for it. The page reads it while
// the worker and Python start, and hands each file on as soon as it is there. The worker puts them there (worker/files.js), its own code too, and which ones each version needs.
// Browsers that keep nothing fetch it again.

import { FIRST, MANIFEST, STARTS, WORKER } from "./site.js";

export const KEPT = "panda-web";
export const KEYS = "https://kept.invalid/";
export const LISTS = "https://lists.invalid/";
const LATE_MS = 5000;
const MODULE = FIRST.find(({ file }) => file.endsWith(".wasm"))?.integrity;

/**
 * What is kept, where the browser says so soon: WebKitGTK, which throws away what it kept, may never answer about that.
 *
 * @template T
 * @param {Promise<T>} reading
 * @param {T} otherwise
 * @returns {Promise<T>}
 */
export const soon = (reading, otherwise) => (
  Promise.race([reading, new Promise((resolve) => { setTimeout(resolve, LATE_MS, otherwise); })])
);

/** @param {string} integrity @returns {Promise<ArrayBuffer | null>} the file, as it was checked once and is now again */
export async function kept(integrity) {
  try {
    const response = await (await caches.open(KEPT)).match(KEYS + encodeURIComponent(integrity));
    const data = await response?.arrayBuffer();
    if (!data) return null;
    const bits = integrity.slice(3, 6);
    const digest = new Uint8Array(await crypto.subtle.digest(`SHA-${bits}`, data));
    return integrity === `sha${bits}-${btoa(String.fromCharCode(...digest))}` ? data : null;
  } catch {
    return null; // no such storage: plain http, or the browser's strictest settings
  }
}

/** @returns {Promise<string[]>} the hashes of the worker's files that are kept */
async function keptForWorker() {
  try {
    const cache = await caches.open(KEPT);
    const list = await cache.match(LISTS + encodeURIComponent(STARTS));
    // A new version may need some of the old one's.
    const keys = list ? [] : (await cache.keys()).filter(({ url }) => url.startsWith(KEYS));
    /** @type {string[]} */
    const hashes = list ? (await list.json()).files : keys.map(({ url }) => decodeURIComponent(url.slice(KEYS.length)));
    return hashes.filter((hash) => hash !== WORKER);
  } catch {
    return []; // as above
  }
}

/** @returns {Promise<Map<string, MessagePort>>} by their hashes: to each port its file comes, or null where it is none (worker/ahead.js) */
export async function keptSoon() {
  const first = [MANIFEST, ...FIRST.map(({ integrity }) => integrity)];
  /** @type {Map<string, MessagePort>} */
  const ports = new Map();
  for (const hash of await soon(keptForWorker(), [])) {
    const { port1, port2 } = new MessageChannel();
    if (first.includes(hash)) void hand(hash, port1);
    else port1.onmessage = () => void hand(hash, port1); // others are read when the worker asks for them
    ports.set(hash, port2);
  }
  return ports;
}

/** @param {string} hash @param {MessagePort} port */
async function hand(hash, port) {
  const file = await soon(kept(hash), null);
  const module = file && hash === MODULE && await compiled(file);
  if (module) port.postMessage(module);
  else port.postMessage(file, file ? [file] : []);
}

/** Python's module, which the page compiles while the worker starts. @param {ArrayBuffer} file */
async function compiled(file) {
  try {
    return await WebAssembly.compile(file);
  } catch {
    return null; // forbidden in this page, and maybe not in a worker of its own: that one says so
  }
}
