// p2panda for any website, in one file:
//
//   <script type="module" src="https://HOST/panda.js"></script>      sets globalThis.panda = { connect, PandaError }
//   import { connect } from "https://HOST/panda.js";
//
//   const panda = await connect();
//   const { id } = await panda.create(schema, { title: "Opening" });
//
// Nothing starts before `connect`. Then a worker runs Python, and the page talks JSON-RPC with it. A browser starts
// no worker from another origin, so HOST's worker.js is fetched, checked by its hash, and started from a blob; it
// runs in the page's origin, where keys and storage are. The worker fetches the rest from HOST, by the hashes in
// manifest.json, whose own hash stands here too: who trusts this file needs to trust nobody else.

const VERSION = "0.1.0";
const BASE = new URL(".", import.meta.url).href;

// Written by build.py: the directory of all that the worker starts from, and the hashes of two files there.
const RUNTIME = "";
const WORKER = "";
const MANIFEST = "";
const FILES = new URL(RUNTIME, BASE).href;
/** What this file starts. */
const STARTS = `${WORKER} ${MANIFEST}`;

/** As often as the clock of a hidden tab ticks. */
const TICK_MS = 1000;
/** @type {Record<string, string>} */
const DOING = {
  download: "downloading Python", start: "starting Python", fallback: "starting Python", storage: "opening the storage",
};
const OPEN = "open";
const UNSAID = "the browser does not say why";

/** What went wrong: `reason` is a stable word for programs, `message` a sentence for people. */
export class PandaError extends Error {
  /** @param {string} reason @param {string} message @param {Record<string, unknown>} [data] */
  constructor(reason, message, data = {}) {
    super(message);
    this.name = "PandaError";
    this.reason = reason;
    this.data = data;
  }
}

/** A controller is easily given for its signal. @param {unknown} signal @returns {PandaError | null} what is wrong */
function unusable(signal) {
  if (signal === undefined || signal === null || "aborted" in Object(signal)) return null;
  return new PandaError("invalid-params", "signal must be an AbortSignal, such as controller.signal.", { param: "signal" });
}

const cancelled = () => new PandaError("cancelled", "Cancelled before Python was there.");

/** @param {AbortSignal | undefined} signal @returns {Promise<PandaError>} once it is aborted */
const aborted = (signal) => new Promise((resolve) => {
  signal?.addEventListener("abort", () => resolve(cancelled()));
});

/**
 * @typedef {import("./panda.d.ts").ConnectOptions} Options
 * @typedef {import("./panda.d.ts").Progress} Progress
 * @typedef {import("./panda.d.ts").Written} Written
 * @typedef {import("./panda.d.ts").Query} Query
 * @typedef {import("./panda.d.ts").Page} Page
 * @typedef {import("./panda.d.ts").Fields} Fields
 * @typedef {import("./panda.d.ts").Schema} Schema
 * @typedef {import("./panda.d.ts").SchemaDefinition} SchemaDefinition
 * @typedef {import("./panda.d.ts").SchemaDraft} SchemaDraft
 * @typedef {import("./panda.d.ts").DescribedDraft} DescribedDraft
 * @typedef {import("./panda.d.ts").ListedSchema} ListedSchema
 * @typedef {import("./panda.d.ts").ImportPlan} ImportPlan
 * @typedef {import("./panda.d.ts").ImportOptions} ImportOptions
 * @typedef {import("./panda.d.ts").Imported} Imported
 */

/**
 * Starts Python, makes or finds this site's key pair, and gives what a page works with.
 *
 * @param {Options} [options] node: its address, by default where this file came from; onProgress: hears of
 *   "download" (bytes), "start" and "storage"; signal: ends the start; patience: seconds without progress after
 *   which the start has failed; worker: a file of the website's own that imports HOST's worker.js
 * @returns {Promise<Panda>}
 */
export async function connect(options = {}) {
  if (Object(options) !== options) {
    throw new PandaError("invalid-params", "connect takes an object, such as connect({ node: \"https://node.example\" }).");
  }
  const { node, onProgress, signal, patience = 120, worker } = options;
  const problem = unusable(signal);
  if (problem) throw problem;
  if (signal?.aborted) throw cancelled();
  let address = node ?? BASE;
  try {
    address = new URL(address, BASE).href;
  } catch {
    // the worker says what is wrong with it
  }
  const line = new Line(worker, onProgress);
  const stop = () => line.close(cancelled());
  const watch = setInterval(() => {
    line.quiet += TICK_MS / 1000; // counted, and not taken from the clock: a device that slept did not wait
    if (line.quiet < patience) return;
    const problem = `Nothing happened for ${patience} s while ${line.doing}.`;
    line.close(new PandaError("start-stalled", problem, { during: line.doing }), true);
  }, TICK_MS);
  signal?.addEventListener("abort", stop);
  try {
    const panda = new Panda(line, await line.open({ version: VERSION, node: address }));
    void keep();
    return panda;
  } catch (error) {
    line.close(error);
    throw await Promise.race([explained(error), aborted(signal)]);
  } finally {
    clearInterval(watch);
    signal?.removeEventListener("abort", stop);
  }
}

// --- One worker for a page ---------------------------------------------------------------------------------------

// Copies of this file, from one host or several, find each other by a symbol that names what they would start. One
// Python serves them all, each connection through a port of its own; the last one to leave ends it.
const SEAT = Symbol.for(`panda-web ${STARTS}`);

/**
 * @typedef {{worker: Promise<Worker>, files: Promise<Map<string, ArrayBuffer>>, users: number, stop: AbortController}} Runtime
 *   files: what is kept for the worker, which goes there with the first connection
 * @typedef {{runtime: Runtime | null, launch: typeof launch, fresh: ArrayBuffer | null}} Seat
 *   fresh: the worker's code, where it came over the network and is not kept yet
 */

/** @returns {Seat} */
function seat() {
  // The first copy's `launch` stays: a page may allow its Trusted Types policy only once.
  return (/** @type {any} */ (globalThis))[SEAT] ??= { runtime: null, launch, fresh: null };
}

/** @param {Options["worker"]} file @returns {Runtime} */
function join(file) {
  const { launch } = seat();
  const stop = new AbortController();
  const runtime = seat().runtime ??= { worker: launch(file, stop.signal), files: keptSoon(), users: 0, stop };
  runtime.users += 1;
  return runtime;
}

/** @param {Runtime} runtime @param {boolean} failed whether those who come later need another one */
function leave(runtime, failed) {
  runtime.users -= 1;
  if (seat().runtime === runtime && (failed || runtime.users === 0)) seat().runtime = null;
  if (runtime.users === 0) runtime.stop.abort();
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

// What a start needed is kept in this origin, by its hash, and the next start asks nobody for it. The page reads it while
// the worker starts. Its own files the worker puts there (worker-files.js), and which ones each version needs; its code
// is put here. Browsers that keep nothing fetch it again.

const KEPT = "panda-web";
const KEYS = "https://kept.invalid/";
const LISTS = "https://lists.invalid/";
const LATE_MS = 5000;

/**
 * What is kept, where the browser says so soon: WebKitGTK, which throws away what it kept, may never answer about that.
 *
 * @template T
 * @param {Promise<T>} reading
 * @param {T} otherwise
 * @returns {Promise<T>}
 */
const soon = (reading, otherwise) => (
  Promise.race([reading, new Promise((resolve) => { setTimeout(resolve, LATE_MS, otherwise); })])
);

/** @param {string} integrity @returns {Promise<ArrayBuffer | null>} the file, as it was checked once and is now again */
async function kept(integrity) {
  try {
    const response = await (await caches.open(KEPT)).match(KEYS + encodeURIComponent(integrity));
    const data = await response?.arrayBuffer();
    if (!data) return null;
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-384", data));
    return integrity === `sha384-${btoa(String.fromCharCode(...digest))}` ? data : null;
  } catch {
    return null; // no such storage: plain http, or the browser's strictest settings
  }
}

/**
 * The worker's files that are kept, by their hashes.
 *
 * @param {Map<string, ArrayBuffer>} files where they are put
 */
async function keptForWorker(files) {
  try {
    const cache = await caches.open(KEPT);
    const list = await cache.match(LISTS + encodeURIComponent(STARTS));
    // A new version may need some of the old one's.
    const keys = list ? [] : (await cache.keys()).filter(({ url }) => url.startsWith(KEYS));
    /** @type {string[]} */
    const hashes = list ? (await list.json()).files : keys.map(({ url }) => decodeURIComponent(url.slice(KEYS.length)));
    await Promise.all(hashes.filter((hash) => hash !== WORKER).map(async (hash) => {
      const file = await kept(hash);
      if (file) files.set(hash, file);
    }));
  } catch {
    // as above
  }
}

/** @returns {Promise<Map<string, ArrayBuffer>>} those that come soon */
async function keptSoon() {
  /** @type {Map<string, ArrayBuffer>} */
  const files = new Map();
  await soon(keptForWorker(files), undefined);
  return new Map(files); // no more is added to this one
}

async function keep() {
  const { fresh } = seat();
  if (!fresh || !WORKER || !crypto.subtle) return;
  const response = new Response(fresh);
  seat().fresh = null;
  try {
    await (await caches.open(KEPT)).put(KEYS + encodeURIComponent(WORKER), response);
  } catch {
    // no room, or no such storage
  }
}

/** @param {string} address @param {AbortSignal} stop @returns {Promise<Worker>} */
function begin(address, stop) {
  return underPolicy("worker-src", () => new Promise((resolve, reject) => {
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

// --- What is wrong, in words -------------------------------------------------------------------------------------

/**
 * Fetches, or says which of the many things is wrong that browsers give one word for.
 *
 * @param {string} address
 * @param {string} integrity
 * @param {AbortSignal} signal
 */
async function fetched(address, integrity, signal) {
  // A cache may give another file than the hash says: asked again without it.
  for (const cache of /** @type {const} */ (["default", "reload"])) {
    try {
      const response = await fetch(address, { integrity, signal, cache, credentials: "omit" });
      if (response.ok) return await response.arrayBuffer();
    } catch {
      // explained below
    }
  }
  throw signal.aborted ? cancelled() : await whyNot(address, true);
}

/** @param {any} error @returns {Promise<PandaError>} */
async function explained(error) {
  const { reason, message, data } = error;
  if (reason === "policy-forbids" && data.url) return forbidden(data.directive, data.url);
  if (reason === "fetch-failed") return whyNot(data.url, data.checked);
  return error instanceof PandaError ? error : new PandaError(reason ?? "start-failed", message, data);
}

/**
 * @param {string} url what could not be fetched
 * @param {boolean} checked whether its hash was looked at
 * @returns {Promise<PandaError>}
 */
async function whyNot(url, checked) {
  /** @param {RequestInit} how @param {boolean} [whole] to its end, and not its head only @returns {Promise<Response | null>} */
  const ask = async (how, whole = false) => {
    const enough = new AbortController();
    const late = setTimeout(() => enough.abort(), whole ? 60_000 : 10_000);
    try {
      const answer = await fetch(url, { ...how, signal: enough.signal, credentials: "omit", cache: "no-store" });
      // Some browsers take half a body for a whole one. Where it was packed, it is longer than the header says.
      const length = Number(answer.headers.get("Content-Length"));
      return whole && (await answer.arrayBuffer()).byteLength < length ? null : answer;
    } catch {
      return null;
    } finally {
      clearTimeout(late);
      enough.abort(); // what was asked for is here
    }
  };
  const { origin } = new URL(url);
  try {
    return await underPolicy("connect-src", async () => {
      const answer = await ask({});
      if (answer && !answer.ok) {
        const { status } = answer;
        const words = `${url} answered with status ${status}: the site there is not whole.`;
        return new PandaError("file-missing", words, { url, status });
      }
      if (answer && checked && await ask({}, true)) {
        return new PandaError("wrong-hash", `${url} is not the file that panda.js was built with. Reload the page; `
          + "if that does not help, the host mixes two versions, or somebody has changed the file.", { url });
      }
      if (answer) {
        return new PandaError("host-unreachable", `${url} could not be fetched to its end: try again.`, { url });
      }
      if (await ask({ mode: "no-cors" })) {
        return new PandaError("cors-missing", `${origin} does not allow other websites to read ${url}: `
          + "it must send the header Access-Control-Allow-Origin: *", { url });
      }
      if (!navigator.onLine) {
        throw new PandaError("offline", `${url} cannot be reached: this device is offline.`, { url });
      }
      throw new PandaError("host-unreachable", `${url} cannot be reached: `
        + `is ${origin} running, and does nothing block it?`, { url });
    });
  } catch (error) {
    return /** @type {PandaError} */ (error);
  }
}

/**
 * Does it; where it fails and the page's content security policy forbade something meanwhile, that is the reason.
 *
 * @template T
 * @param {string} directive the one that is likely, where the browser does not tell
 * @param {() => Promise<T>} work
 */
async function underPolicy(directive, work) {
  /** @type {SecurityPolicyViolationEvent[]} */
  const seen = [];
  /** @param {SecurityPolicyViolationEvent} event */
  const see = (event) => event.disposition === "enforce" && seen.push(event);
  globalThis.addEventListener("securitypolicyviolation", see);
  try {
    return await work();
  } catch (error) {
    await new Promise((resume) => { setTimeout(resume, 100); }); // browsers tell a little later
    const [event] = seen;
    if (event) throw forbidden(event.effectiveDirective, event.blockedURI);
    if (error instanceof PandaError) throw error;
    throw forbidden(directive, String(error));
  } finally {
    globalThis.removeEventListener("securitypolicyviolation", see);
  }
}

/** @param {string} directive @param {string} what */
function forbidden(directive, what) {
  const host = new URL(BASE).origin;
  const remedy = directive === "connect-src" ? `connect-src must allow ${host}`
    : /trusted-types/.test(directive) ? "trusted-types must allow panda (two versions on a page: and 'allow-duplicates')"
    : what === "wasm" ? "script-src must allow 'wasm-unsafe-eval'"
    : "worker-src must allow blob:, or else connect needs a worker file of this website's own";
  const words = `The content security policy of this page forbids it (${directive}, ${what}): ${remedy}.`;
  return new PandaError("policy-forbids", words, { directive, remedy });
}

// --- The port ----------------------------------------------------------------------------------------------------

// A BigInt, for which JSON has no word, travels as {"$int": "9007199254740993"}, both ways. JSON.stringify leaves out,
// or makes null, what JSON cannot carry: a filter would be gone, a field emptied. So this writes the JSON itself, and
// what it has no word for is refused. A number is written as an integer only where JavaScript holds it exactly.

/** As many levels as Python reads. */
const MAX_DEPTH = 64;

/** @param {Record<string, unknown>} message */
function toJson(message) {
  try {
    return written(message, []);
  } catch (cause) {
    if (cause instanceof PandaError) throw cause;
    const words = String(cause).slice(0, 300); // a getter of the page's own
    throw new PandaError("invalid-params", `What was given cannot be sent to Python: ${words}`);
  }
}

/** @param {unknown} value @param {string[]} path where it stands @returns {string} */
function written(value, path) {
  /** @param {string} what @param {string} [remedy] */
  const refuse = (what, remedy = "give texts, numbers, BigInts, booleans, and lists and plain objects of them") => {
    const param = path.slice(1).join(".").slice(0, 200); // the first is "params"
    return new PandaError("invalid-params", `${param || "What was given"} is ${what}: ${remedy}.`, { param });
  };
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `{"$int":"${value}"}`;
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw refuse(String(value), "numbers are finite");
    if (Object.is(value, -0)) return "-0.0";
    return Number.isSafeInteger(value) || /[.e]/.test(String(value)) ? String(value) : `${value}.0`;
  }
  if (value === undefined) throw refuse("undefined", "leave the name out, or, to empty a field, give null");
  if (typeof value !== "object") throw refuse(`a ${typeof value}`);
  if (path.length >= MAX_DEPTH) throw refuse("in itself, or in too many objects and lists");
  /** @param {string} name @param {unknown} part */
  const inner = (name, part) => written(part, [...path, name]);
  if (Array.isArray(value)) return `[${Array.from(value, (part, index) => inner(String(index), part)).join()}]`;
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  if (kind !== "Object" || "toJSON" in value) throw refuse(`a ${kind.slice(0, 40)}`);
  const symbols = Object.getOwnPropertySymbols(value).filter((name) => Object.prototype.propertyIsEnumerable.call(value, name));
  if (symbols.length > 0) throw refuse("an object with a symbol for a name");
  return `{${Object.entries(value).map(([name, part]) => `${JSON.stringify(name)}:${inner(name, part)}`).join()}}`;
}

/** @param {string} text */
function fromJson(text) {
  if (!text.includes('"$int"')) return JSON.parse(text);
  return JSON.parse(text, (_, part) => {
    const digits = Object.keys(part ?? {}).length === 1 && part.$int;
    return typeof digits === "string" && /^-?[0-9]{1,19}$/.test(digits) ? BigInt(digits) : part;
  });
}

/** A port to the worker: requests by id, their replies, progress and cancelling. */
class Line {
  /** Seconds since the worker was heard of, as far as somebody counts. */
  quiet = 0;
  /** In words, for the case that nothing more is heard. */
  doing = "fetching and starting the worker";
  /** Hears what the worker says of the site when it was started again. @param {any} opened */
  onreopen = (opened) => opened;
  #requests = new Map();
  #last = 0;
  /** @type {unknown} */
  #ended = null;
  #file;
  #onProgress;
  /** @type {Record<string, unknown>} */
  #opening = {};
  /** What is asked for waits for this, once the page was left. @type {Promise<void> | null} */
  #back = null;
  #resume = () => {};
  /** @type {Runtime | null} */
  #runtime = null;
  #port = new MessageChannel().port1;
  /** @param {ErrorEvent} event */
  #onerror = ({ message }) => {
    this.close(new PandaError("start-failed", `The worker ended: ${message || UNSAID}.`), true);
  };

  /** @param {Options["worker"]} file @param {Options["onProgress"]} onProgress */
  constructor(file, onProgress) {
    this.#file = file;
    this.#onProgress = onProgress;
    this.#reach();
    globalThis.addEventListener("pagehide", this.#onhide);
    globalThis.addEventListener("pageshow", this.#onshow);
  }

  /** Opens a port to the worker, which starts where there is none yet. */
  #reach() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#port.onmessage = ({ data }) => this.#take(fromJson(data));
    const runtime = this.#runtime = join(this.#file);
    Promise.all([runtime.worker, runtime.files]).then(([worker, kept]) => {
      if (this.#runtime !== runtime) return;
      worker.addEventListener("error", this.#onerror);
      const storage = { name: KEPT, files: KEYS, lists: LISTS, list: STARTS, others: [WORKER] };
      const message = { base: FILES, integrity: MANIFEST, kept, storage };
      worker.postMessage(message, [port2, ...kept.values()]);
      kept.clear();
    }, (error) => {
      if (this.#runtime === runtime) this.close(error, true);
    });
  }

  /**
   * A page that is left may be kept for the way back, as it stands. WebKit keeps its worker as well, be it in the
   * middle of a transaction, for which all other pages of the site wait then. So the worker ends, and starts again when
   * the reader comes back.
   *
   * @param {PageTransitionEvent} event
   */
  #onhide = ({ persisted }) => {
    if (!persisted) return;
    for (const [id, { reject, method }] of this.#requests) {
      if (method === OPEN) continue; // asked again
      this.#requests.delete(id);
      reject(new PandaError("page-left", "The page was left before this was done. What was signed is not lost."));
    }
    this.#part(false);
    this.#back ??= new Promise((resolve) => { this.#resume = resolve; });
  };

  /** @param {PageTransitionEvent} event */
  #onshow = ({ persisted }) => {
    if (!persisted) return;
    this.#reach();
    const asked = [...this.#requests].find(([, { method }]) => method === OPEN);
    if (asked) this.#send({ id: asked[0], method: OPEN, params: this.#opening });
    else this.open(this.#opening).then((opened) => this.onreopen(opened), (error) => this.close(error, true));
  };

  /** @param {boolean} failed for all that use the worker */
  #part(failed) {
    const runtime = this.#runtime;
    if (!runtime) return;
    this.#runtime = null;
    this.#port.close();
    runtime.worker.then((worker) => worker.removeEventListener("error", this.#onerror), () => {});
    leave(runtime, failed);
  }

  /** The first request. @param {Record<string, unknown>} params @returns {Promise<any>} */
  async open(params) {
    this.#opening = params;
    const opened = await this.call(OPEN, params);
    this.#back = null;
    this.#resume();
    return opened;
  }

  /**
   * @param {string} method
   * @param {Record<string, unknown>} params
   * @param {{onProgress?: Function | undefined, signal?: AbortSignal | undefined}} [options]
   * @returns {Promise<any>}
   */
  call(method, params = {}, { onProgress, signal } = {}) {
    const problem = this.#ended ?? unusable(signal);
    if (problem) return Promise.reject(problem);
    if (signal?.aborted) return Promise.reject(new PandaError("cancelled", "Cancelled before it began."));
    const id = ++this.#last;
    const cancel = () => {
      if (this.#back) this.#requests.get(id)?.reject(new PandaError("cancelled", "Cancelled before it began."));
      else this.#send({ method: "cancel", params: { id } });
    };
    signal?.addEventListener("abort", cancel);
    /** @type {Promise<any>} */
    const reply = new Promise((resolve, reject) => {
      this.#requests.set(id, { resolve, reject, onProgress, method });
      const send = () => this.#send({ id, method, params });
      if (this.#back && method !== OPEN) this.#back.then(() => this.#requests.has(id) && send()).catch(reject);
      else send(); // throws for what JSON cannot carry, and that is the reply then
    });
    return reply.finally(() => {
      this.#requests.delete(id);
      signal?.removeEventListener("abort", cancel);
    });
  }

  /** @param {object} message */
  #send(message) {
    this.#port.postMessage(toJson({ jsonrpc: "2.0", ...message }));
  }

  /** @param {any} message */
  #take({ id, result, error, method, params }) {
    this.quiet = 0;
    if (method === "progress") {
      const { id: about, ...progress } = params;
      if (about === undefined) this.doing = DOING[progress.stage] ?? this.doing;
      (about === undefined ? this.#onProgress : this.#requests.get(about)?.onProgress)?.(progress);
    } else if (error) {
      const { reason, fatal, ...data } = error.data ?? {};
      const problem = new PandaError(reason ?? "internal-error", error.message, data);
      if (fatal) this.close(problem, true);
      else this.#requests.get(id)?.reject(problem);
    } else {
      this.#requests.get(id)?.resolve(result);
    }
  }

  /** @param {unknown} [why] what is still under way ends with this error @param {boolean} [failed] for all */
  close(why = new PandaError("closed", "This connection is closed."), failed = false) {
    if (this.#ended) return;
    this.#ended = why;
    this.#send({ method: "close" }); // the worker may go on for others, but not with what was asked here
    for (const { reject } of this.#requests.values()) reject(why);
    globalThis.removeEventListener("pagehide", this.#onhide);
    globalThis.removeEventListener("pageshow", this.#onshow);
    this.#part(failed);
  }
}

/** One author on one node. Made by `connect`. */
class Panda {
  #line;

  /** @param {Line} line @param {any} opened */
  constructor(line, opened) {
    this.#line = line;
    line.onreopen = (again) => Object.assign(this, again);
    /** The public key, 64 hex digits; null where nothing can be written. @type {string | null} */
    this.author = opened.author;
    /** "webcrypto" (no script can read it) or "pure25519" (the weaker choice). @type {string | null} */
    this.keyKind = opened.keyKind;
    /** The node's address. @type {string} */
    this.node = opened.node;
    /** The schema of a festival's talks. @type {string} */
    this.talkSchema = opened.talkSchema;
    /** The schema of the rooms that talks lead to. @type {string} */
    this.roomSchema = opened.roomSchema;
    /** Why nothing can be written, or null. @type {{reason: string, message: string} | null} */
    this.readOnly = opened.readOnly;
    /** Whether the key was made in this browser and can still be copied. @type {boolean} */
    this.canBackUp = opened.canBackUp;
    /** "waiting" for a decision, "saved" or "declined"; null where nothing is known. @type {"waiting" | "saved" | "declined" | null} */
    this.copy = opened.copy;
  }

  /**
   * The key pair under a passphrase, as encrypted PEM (PKCS #8), while `canBackUp`; then it cannot be copied any more.
   *
   * @param {string} passphrase eight characters at least
   * @returns {Promise<string>}
   */
  async backUp(passphrase) {
    const text = await this.#line.call("backUp", { passphrase });
    Object.assign(this, { canBackUp: false, copy: "saved" });
    return text;
  }

  /** Makes the key one that can no longer be copied. @returns {Promise<void>} */
  async declineBackup() {
    Object.assign(this, await this.#line.call("declineBackup"));
  }

  /**
   * Goes on with the key of a backup: `author` is another one then. Use a key in one place at a time.
   *
   * @param {string} text
   * @param {string} passphrase
   * @returns {Promise<void>}
   */
  async restore(text, passphrase) {
    Object.assign(this, await this.#line.call("restore", { text, passphrase }));
  }

  /** @param {string} schema @param {Fields} fields @returns {Promise<Written>} */
  create(schema, fields) {
    return this.#line.call("create", { schema, fields });
  }

  /** @param {string} schema @param {string} id @param {Fields} fields @returns {Promise<Written>} */
  update(schema, id, fields) {
    return this.#line.call("update", { schema, id, fields });
  }

  /** @param {string} schema @param {string} id @returns {Promise<Written>} */
  delete(schema, id) {
    return this.#line.call("delete", { schema, id });
  }

  /**
   * Instances, each rebuilt from its signed entries; what fails that is in `rejected` instead.
   *
   * @param {string} schema
   * @param {Query} [query] go on with `after: page.after` until a page is empty
   * @returns {Promise<Page>}
   */
  async query(schema, query = {}) {
    const { instances, rejected, after } = await this.#line.call("query", { ...query, schema });
    return Object.assign(instances, { rejected, after });
  }

  /**
   * Publishes the definition of a schema, or finds the equal one that this author published, and makes it known.
   *
   * @param {SchemaDefinition} schema
   * @returns {Promise<Schema>}
   */
  define(schema) {
    return this.#line.call("define", { schema });
  }

  /**
   * Makes a schema known: from then on it decides what numbers and texts are, and what may be written.
   *
   * @param {string} id
   * @returns {Promise<Schema>}
   */
  schema(id) {
    return this.#line.call("schema", { id });
  }

  /**
   * The schemas that the node lists, and own ones that it does not list; of the untyped ones a page.
   *
   * @param {{ after?: string }} [page] behind which untyped one the next page begins
   * @returns {Promise<ListedSchema[]>}
   */
  schemas(page = {}) {
    return this.#line.call("schemas", page);
  }

  /**
   * What is wrong with a definition that somebody is writing, field by field; publishes nothing.
   *
   * @param {SchemaDraft} draft
   * @returns {Promise<DescribedDraft>}
   */
  describe(draft) {
    return this.#line.call("describe", { draft });
  }

  /** The definition in a file, as `describe` writes them. @param {string} text @returns {Promise<SchemaDefinition>} */
  schemaFromToml(text) {
    return this.#line.call("schemaFromToml", { text });
  }

  /** How many signed entries the node has not acknowledged. @returns {Promise<number>} */
  pending() {
    return this.#line.call("pending");
  }

  /** Sends them. @returns {Promise<number>} */
  flush() {
    return this.#line.call("flush");
  }

  /**
   * What of a schedule is new, has changed or is no longer in it; publishes nothing.
   *
   * @param {string} text a schedule: JSON of frab, pretalx or c3voc, or XML of frab
   * @param {{signal?: AbortSignal | undefined}} [options]
   * @returns {Promise<ImportPlan>}
   */
  planImport(text, options) {
    return this.#line.call("planImport", { text }, options);
  }

  /**
   * Publishes what of a schedule is new or has changed; run again after an end of any kind, it goes on.
   *
   * @param {string} text see `planImport`
   * @param {ImportOptions} [options]
   * @returns {Promise<Imported>}
   */
  importSchedule(text, { withdraw = false, restore = false, ...options } = {}) {
    return this.#line.call("importSchedule", { text, withdraw, restore }, options);
  }

  /**
   * The id of the author's own room of this name, for the `room` of a talk; it is published if there is none.
   *
   * @param {string} name
   * @returns {Promise<string>}
   */
  room(name) {
    return this.#line.call("room", { name });
  }

  /** Ends this connection; the last one on a page ends the worker. */
  close() {
    this.#line.close();
  }
}

// A page that has something of this name keeps it; so does one that loads this file twice.
if (!Object.hasOwn(globalThis, "panda")) globalThis.panda = { connect, PandaError };

// A website's service worker that began in the middle of a visit asks what the page is made of (keep.js). What scripts
// fetched is left out: it may have been sent by POST, or not be for keeping.
const QUESTION = "panda-web: what is this page made of?";

if (globalThis.origin !== "null") {
  globalThis.navigator?.serviceWorker?.addEventListener("message", ({ data, source }) => {
    if (data !== QUESTION) return;
    const entries = /** @type {PerformanceResourceTiming[]} */ (performance.getEntriesByType("resource"));
    const parts = entries.filter(({ initiatorType }) => !["fetch", "xmlhttprequest", "beacon"].includes(initiatorType));
    const addresses = [location.href, import.meta.url, ...parts.map(({ name }) => name)];
    /** @type {ServiceWorker} */ (source).postMessage({ [QUESTION]: addresses });
  });
}
