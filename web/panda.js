// p2panda for a page: starts the worker that runs Python, and talks JSON-RPC with it.
//
//   import { connect } from "./panda.js";
//   const panda = await connect({ node: "https://node.example" });
//   const { id } = await panda.create(schema, { title: "Opening" });

const VERSION = "0.1.0";

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

/**
 * @typedef {{stage: string, done: number, total: number}} Progress
 * @typedef {{id: string, entryHash: string, acknowledged: boolean}} Written
 * @typedef {{node?: string, onProgress?: (progress: Progress) => void, signal?: AbortSignal}} Options
 * @typedef {{filter?: object, orderBy?: string[], limit?: number, after?: string | null}} Query
 * @typedef {import("./page/types.js").Page} Page
 */

/**
 * Starts Python, makes or finds this site's key pair, and gives what a page works with.
 *
 * @param {Options} [options] node: its address, by default where this script came from; onProgress: hears
 *   of "download" (bytes), "start" and "storage"; signal: ends the start, and the worker
 * @returns {Promise<Panda>}
 */
export async function connect({ node, onProgress, signal } = {}) {
  const base = new URL(".", import.meta.url).href;
  signal?.throwIfAborted();
  const line = new Line(base, onProgress);
  const stop = () => line.close(new PandaError("cancelled", "Cancelled before Python was there."));
  signal?.addEventListener("abort", stop);
  try {
    return new Panda(line, await line.call("open", { version: VERSION, node: new URL(node ?? ".", base).href }));
  } catch (error) {
    line.close(error);
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/** A worker, and the port to it: requests by id, their replies, progress and cancelling. */
class Line {
  #requests = new Map();
  #last = 0;
  /** @type {unknown} */
  #ended = null;
  #worker;
  #port;

  /** @param {string} base @param {Options["onProgress"]} onProgress */
  constructor(base, onProgress) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#port.onmessage = ({ data }) => this.#take(JSON.parse(data), onProgress);
    this.#worker = new Worker(new URL("worker.js", base), { type: "module", name: "panda" });
    this.#worker.onerror = ({ message }) => this.close(new PandaError(
      "start-failed", `The worker does not run: ${message || "the browser or this page's policy forbids it"}.`));
    this.#worker.postMessage(base, [port2]);
  }

  /**
   * @param {string} method
   * @param {Record<string, unknown>} params
   * @param {{onProgress?: Function, signal?: AbortSignal}} [options]
   * @returns {Promise<any>}
   */
  call(method, params = {}, { onProgress, signal } = {}) {
    if (this.#ended) return Promise.reject(this.#ended);
    if (signal?.aborted) return Promise.reject(new PandaError("cancelled", "Cancelled before it began."));
    const id = ++this.#last;
    const cancel = () => this.#send({ method: "cancel", params: { id } });
    signal?.addEventListener("abort", cancel);
    /** @type {Promise<any>} */
    const reply = new Promise((resolve, reject) => this.#requests.set(id, { resolve, reject, onProgress }));
    this.#send({ id, method, params });
    return reply.finally(() => {
      this.#requests.delete(id);
      signal?.removeEventListener("abort", cancel);
    });
  }

  /** @param {object} message */
  #send(message) {
    this.#port.postMessage(JSON.stringify({ jsonrpc: "2.0", ...message }));
  }

  /** @param {any} message @param {Options["onProgress"]} onStart */
  #take({ id, result, error, method, params }, onStart) {
    if (method === "progress") {
      const { id: about, ...progress } = params;
      (about === undefined ? onStart : this.#requests.get(about)?.onProgress)?.(progress);
    } else if (error) {
      const { reason, ...data } = error.data ?? {};
      this.#requests.get(id)?.reject(new PandaError(reason ?? "error", error.message, data));
    } else {
      this.#requests.get(id)?.resolve(result);
    }
  }

  /** @param {unknown} [why] what is still under way ends with this error */
  close(why = new PandaError("closed", "This connection is closed.")) {
    this.#ended ??= why;
    this.#worker.terminate();
    this.#port.close();
    for (const { reject } of this.#requests.values()) reject(this.#ended);
  }
}

/** One author on one node. Made by `connect`. */
export class Panda {
  #line;

  /** @param {Line} line @param {any} opened */
  constructor(line, opened) {
    this.#line = line;
    /** The public key, 64 hex digits; null where nothing can be written. @type {string | null} */
    this.author = opened.author;
    /** "webcrypto" (no script can read it) or "pure25519" (the weaker choice). @type {string | null} */
    this.keyKind = opened.keyKind;
    /** The node's address. @type {string} */
    this.node = opened.node;
    /** The schema of a festival's talks. @type {string} */
    this.talkSchema = opened.talkSchema;
    /** Why nothing can be written, or null. @type {{reason: string, message: string} | null} */
    this.readOnly = opened.readOnly;
    /** Whether the key was made here and can still be copied. @type {boolean} */
    this.canBackUp = opened.canBackUp;
  }

  /**
   * The key pair under a passphrase, as encrypted PEM (PKCS #8), while `canBackUp`; then it cannot be copied any more.
   *
   * @param {string} passphrase eight characters at least
   * @returns {Promise<string>}
   */
  async backUp(passphrase) {
    const text = await this.#line.call("backUp", { passphrase });
    this.canBackUp = false;
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

  /** @param {string} schema @param {Record<string, unknown>} fields @returns {Promise<Written>} */
  create(schema, fields) {
    return this.#line.call("create", { schema, fields });
  }

  /** @param {string} schema @param {string} id @param {Record<string, unknown>} fields @returns {Promise<Written>} */
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
    const { instances, rejected, after } = await this.#line.call("query", { schema, ...query });
    return Object.assign(instances, { rejected, after });
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
   * Publishes a festival's talks; run again after an end of any kind, it goes on, and nothing is there twice.
   *
   * @param {string} text a schedule in frab's JSON format
   * @param {{onProgress?: (progress: Progress) => void, signal?: AbortSignal}} [options]
   * @returns {Promise<{published: number, skipped: number, total: number}>}
   */
  importSchedule(text, options) {
    return this.#line.call("importSchedule", { text }, options);
  }

  /** Ends the worker. */
  close() {
    this.#line.close();
  }
}
