// A port to the worker, where panda_web/browser/page.py answers.

import { PandaError, left, unusable } from "./errors.js";
import { fromJson, toJson } from "./json.js";
import { KEPT, KEYS, LISTS } from "./kept.js";
import { freshCode, join, leave, UNSAID } from "./runtime.js";
import { BASE, FILES, MANIFEST, STARTS, WORKER } from "./site.js";

/**
 * @typedef {import("./panda.d.ts").ConnectOptions} Options
 * @typedef {import("./runtime.js").Runtime} Runtime
 */

/** @type {Record<string, string>} */
const DOING = {
  download: "downloading Python", start: "starting Python", fallback: "starting Python", storage: "opening the storage",
};
const OPEN = "open";
const FORGET = "forget";
/** Where all pages of a site hear that everything was forgotten (panda_web/browser/forgetting.py). */
const FORGOTTEN = "panda:forgotten";

/** A port to the worker: requests by id, their replies, progress and cancelling. */
export class Line {
  /** Seconds since the worker was heard of, as far as somebody counts. */
  quiet = 0;
  /** How often the worker has ended: the next one knows nothing of what was begun in the one before. */
  life = 0;
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
  #forgotten = new BroadcastChannel(FORGOTTEN); // closed while the page is left, which browsers keep for that
  /** @param {ErrorEvent} event */
  #onerror = ({ message }) => {
    this.close(new PandaError("start-failed", `The worker ended: ${message || UNSAID}.`), true);
  };

  /** @param {Options["worker"]} file @param {Options["onProgress"]} onProgress */
  constructor(file, onProgress) {
    this.#file = file;
    this.#onProgress = onProgress;
    this.#reach();
    this.#hear();
    globalThis.addEventListener("pagehide", this.#onhide);
    globalThis.addEventListener("pageshow", this.#onshow);
  }

  /** Opens a port to the worker, which starts where there is none yet. */
  #reach() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#port.onmessage = ({ data }) => this.#take(fromJson(data));
    const runtime = this.#runtime = join(this.#file);
    Promise.all([runtime.worker, runtime.files]).then(([worker, { kept, ahead }]) => {
      if (this.#runtime !== runtime) return;
      worker.addEventListener("error", this.#onerror);
      const code = freshCode();
      const storage = { name: KEPT, files: KEYS, lists: LISTS, list: STARTS, worker: WORKER, code };
      const own = location.href.startsWith(BASE); // a page of HOST's site, and of no other website
      const message = { base: FILES, integrity: MANIFEST, own, kept, ahead, storage };
      worker.postMessage(message, [port2, ...kept.values(), ...ahead.values(), ...(code ? [code] : [])]);
      kept.clear();
      ahead.clear();
    }, (error) => {
      if (this.#runtime === runtime) this.close(error, true);
    });
  }

  #hear() {
    this.#forgotten.close();
    this.#forgotten = new BroadcastChannel(FORGOTTEN);
    this.#forgotten.onmessage = () => {
      if ([...this.#requests.values()].some(({ method }) => method === FORGET)) return; // which hears of it by its answer
      this.close(new PandaError("forgotten", "Everything of this site was forgotten in this browser: load the page anew."), true);
    };
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
    this.#forgotten.close();
    this.life += 1;
    for (const [id, { reject, method }] of this.#requests) {
      if (method === OPEN) continue; // asked again
      this.#requests.delete(id);
      reject(left());
    }
    this.#part(false, true);
    this.#back ??= new Promise((resolve) => { this.#resume = resolve; });
  };

  /** @param {PageTransitionEvent} event */
  #onshow = ({ persisted }) => {
    if (!persisted) return;
    this.#hear();
    this.#reach();
    const asked = [...this.#requests].find(([, { method }]) => method === OPEN);
    if (asked) this.#send({ id: asked[0], method: OPEN, params: this.#opening });
    else this.open(this.#opening).then((opened) => this.onreopen(opened), (error) => this.close(error, true));
  };

  /** @param {boolean} failed for all that use the worker @param {boolean} [atOnce] the page stops */
  #part(failed, atOnce = false) {
    const runtime = this.#runtime;
    if (!runtime) return;
    this.#runtime = null;
    this.#port.close();
    runtime.worker.then((worker) => worker.removeEventListener("error", this.#onerror), () => {});
    leave(runtime, failed, atOnce);
  }

  /** The first request. @param {Record<string, unknown>} params @returns {Promise<any>} */
  async open(params) {
    this.#opening = params;
    const opened = await this.call(OPEN, params);
    this.#back = null;
    this.#resume();
    return opened;
  }

  /** What the first request says when the worker starts anew. @param {Record<string, unknown>} params */
  opensWith(params) {
    this.#opening = { ...this.#opening, ...params };
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
    } else if (method === "close") {
      this.close(new PandaError("connection-ended", "The worker ended this connection: connect again."));
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
    this.#forgotten.close();
    this.#send({ method: "close" }); // the worker may go on for others, but not with what was asked here
    for (const { reject } of this.#requests.values()) reject(why);
    globalThis.removeEventListener("pagehide", this.#onhide);
    globalThis.removeEventListener("pageshow", this.#onshow);
    this.#part(failed);
  }
}
