// One worker for a page.
//
// Copies of this file, from one host or several, find each other by a symbol that names what they would start. One
// Python serves them all, each connection through a port of its own; the last one to leave ends it.

import { begun } from "./ahead.js";
import { PandaError, cancelled } from "./errors.js";
import { kept, keptSoon, soon } from "./kept.js";
import { fetched, underPolicy } from "./reasons.js";
import { BASE, FILES, STARTS, WORKER } from "./site.js";

/** @typedef {import("./panda.d.ts").ConnectOptions} Options */

export const UNSAID = "the browser does not say why";
/** What a worker may take to end by itself. */
const END_MS = 2000;
const SEAT = Symbol.for(`panda-web ${STARTS}`);

/**
 * @typedef {{worker: Promise<Worker>, files: Promise<Files>, users: number, stop: AbortController, running: Worker | null}} Runtime
 * @typedef {{kept: Map<string, MessagePort>, ahead: Map<string, MessagePort>}} Files what goes to the worker with the first
 *   connection: ports to which comes what is kept, by hash, and what is fetched, by name
 * @typedef {{runtime: Runtime | null, launch: typeof launch, fresh: ArrayBuffer | null}} Seat
 *   fresh: the worker's code, where it came over the network and is not kept yet
 */

/** @returns {Seat} */
function seat() {
  // The first copy's `launch` stays: a page may allow its Trusted Types policy only once.
  return (/** @type {any} */ (globalThis))[SEAT] ??= { runtime: null, launch, fresh: null };
}

/**
 * The page's runtime, which begins where there is none.
 *
 * @param {Options["worker"]} [file]
 * @returns {Runtime}
 */
export function ensure(file) {
  const { launch, runtime: there } = seat();
  if (there) return there;
  const stop = new AbortController();
  /** @type {Runtime} */
  const runtime = { worker: launch(file, stop.signal), files: filesFor(stop.signal), users: 0, stop, running: null };
  runtime.worker.then((worker) => { runtime.running = worker; }, () => {});
  return seat().runtime = runtime;
}

/** @param {Options["worker"]} file @returns {Runtime} */
export function join(file) {
  const runtime = ensure(file);
  runtime.users += 1;
  return runtime;
}

/** @param {AbortSignal} stop @returns {Promise<Files>} */
async function filesFor(stop) {
  const kept = await keptSoon();
  return { kept, ahead: begun(kept, stop) };
}

/**
 * @param {Runtime} runtime
 * @param {boolean} failed whether those who come later need another one
 * @param {boolean} atOnce whether there is no time for the worker to end by itself (web/worker/ending.js)
 */
export function leave(runtime, failed, atOnce) {
  runtime.users -= 1;
  if (seat().runtime === runtime && (failed || runtime.users === 0)) seat().runtime = null;
  if (runtime.users > 0) return;
  const stop = () => runtime.stop.abort();
  if (failed || atOnce || !runtime.running) return stop();
  runtime.running.postMessage(null);
  setTimeout(stop, END_MS);
}

/**
 * @param {Options["worker"]} file
 * @param {AbortSignal} stop ends the worker, at any time
 * @returns {Promise<Worker>} one that runs
 */
async function launch(file, stop) {
  if (globalThis.origin === "null") {
    throw new PandaError("origin-opaque", "This document has no origin of its own, so it can keep no key: "
      + "it is a frame sandboxed without allow-same-origin, or a file opened from a disk.");
  }
  if (file !== undefined) return begin(String(file), stop);
  let code = await soon(kept(WORKER), null);
  if (!code) code = seat().fresh = await fetched(new URL("worker.js", FILES).href, WORKER, stop);
  const blob = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  try {
    return await begin(blob, stop);
  } catch (error) {
    // `worker-src 'self'` forbids blobs, and on HOST's own origin allows the file itself.
    const own = new URL(BASE).origin === globalThis.origin;
    if (!own || !(error instanceof PandaError) || error.reason !== "policy-forbids") throw error;
    return await begin(new URL("worker.js", FILES).href, stop);
  } finally {
    URL.revokeObjectURL(blob);
  }
}

/** The worker's code, where it came over the network and is to be kept; once. @returns {ArrayBuffer | null} */
export function freshCode() {
  const { fresh } = seat();
  seat().fresh = null;
  return fresh;
}

/** @param {string} address @param {AbortSignal} stop @returns {Promise<Worker>} */
function begin(address, stop) {
  return underPolicy("worker-src", "", () => new Promise((resolve, reject) => {
    if (stop.aborted) throw cancelled();
    let understood = false;
    const worker = new Worker(trusted(address), {
      name: "panda",
      get type() {
        understood = true; // by browsers that know module workers
        return /** @type {const} */ ("module");
      },
    });
    stop.addEventListener("abort", () => {
      worker.terminate();
      reject(cancelled());
    });
    worker.onmessage = () => resolve(worker);
    worker.onerror = ({ message }) => {
      worker.terminate();
      if (understood) reject(new PandaError("start-failed", `The worker ${address} does not run: ${message || UNSAID}.`));
    };
    if (!understood) throw new PandaError("browser-too-old", "This browser has no module workers: it is too old.");
  }));
}

/** @type {any} */
let policy;

/**
 * The address as Trusted Types want it, where there are any.
 *
 * @param {string} address
 * @returns {string}
 */
function trusted(address) {
  const types = (/** @type {any} */ (globalThis)).trustedTypes;
  try {
    policy ??= types?.createPolicy("panda", { createScriptURL: (/** @type {string} */ url) => url });
  } catch {
    return address; // only where a page demands Trusted Types does that fail, and then it is `Worker` that says so
  }
  return policy ? policy.createScriptURL(address) : address;
}
