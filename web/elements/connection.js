/** The elements' connection: one for a page and node, opened when the first element needs it. */

import { connect } from "panda.js";

/**
 * @typedef {import("panda.js").Panda} Panda
 * @typedef {import("panda.js").Progress} Progress
 */

/** @type {Map<string, Promise<Panda>>} by node, peers and worker file */
const open = new Map();
/** @type {(() => Promise<Panda>) | null} */
let shared = null;

/**
 * What elements tell each other. "start" (a stage of Python's start), "open" (a connection is there), "author" (another
 * key), "copied" (the key was, or will not be), "written" (the id and the name of a schema).
 */
export const news = new EventTarget();

/** @param {string} what @param {unknown} [detail] */
export function tell(what, detail) {
  news.dispatchEvent(new CustomEvent(what, { detail }));
}

/**
 * A page that is connected already lets the elements use that.
 *
 * @param {() => Promise<Panda>} panda
 */
export function share(panda) {
  shared = panda;
}

/** Whether the page has the connection, and says itself what is wrong with it. */
export const isShared = () => shared !== null;

/**
 * The connection that an element works with, by its attributes `node`, `peers` and `worker` (as `connect` takes them).
 *
 * @param {Element} element
 * @returns {Promise<Panda>}
 */
export function connection(element) {
  const [node, worker, peers] = ["node", "worker", "peers"].map((name) => element.getAttribute(name) ?? undefined);
  if (shared && node === undefined && peers === undefined) return shared();
  const key = JSON.stringify([node, worker, peers]);
  let found = open.get(key);
  if (!found) {
    found = connect({
      ...(node === undefined ? {} : { node }),
      ...(peers === undefined ? {} : { peers: peers.split(/\s+/).filter(Boolean) }),
      ...(worker === undefined ? {} : { worker: new URL(worker, document.baseURI) }),
      onProgress: (progress) => tell("start", progress),
    });
    open.set(key, found);
    found.then((panda) => tell("open", panda), () => open.delete(key)); // the next one to ask tries again
  }
  return found;
}
