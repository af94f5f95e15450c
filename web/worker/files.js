// The worker's files: fetched from HOST, packed where that can be, checked by their hashes.

import { handed, received } from "./ahead.js";
import { asked } from "./packed.js";

/** @typedef {{file: string, bytes: number, integrity?: string, packed?: number}} Part */

// Taken now, since the worker answers itself what Pyodide asks for meanwhile.
const { fetch } = self;
const GZIP = 0x1f;
/** What another version needs is kept for a week. */
const LATE_MS = 7 * 24 * 3600 * 1000;

/**
 * @typedef {{name: string, files: string, lists: string, list: string, worker: string, code: ArrayBuffer | null}} Storage
 *   how panda.js finds files in Cache Storage: the cache's name; what stands before a file's hash, and before a list's
 *   name; the name of this version's list; the hash of the worker's own code, and that, where it is not kept yet
 */

/** Why Python does not start; panda.js looks further into "fetch-failed". */
export class Problem extends Error {
  /** @param {string} reason @param {string} message @param {Record<string, unknown>} data */
  constructor(reason, message, data) {
    super(message);
    this.reason = reason;
    this.data = data;
  }
}

/** Files by address, with the bytes that have come as progress. */
export class Downloads {
  /** @type {Map<string, Uint8Array<ArrayBuffer>>} */
  files = new Map();
  #base;
  #kept;
  #ahead;
  #tell;
  #done = 0;
  #total = 0;
  /** What came over the network and is worth keeping, by its hash. @type {Map<string, Response>} */
  #fresh = new Map();
  /** @type {WebAssembly.Module | null} */
  #module = null;
  /** All that was used. @type {Set<string>} */
  #used = new Set();

  /**
   * @param {string} base
   * @param {object} there what panda.js has
   * @param {Map<string, MessagePort>} there.kept ports to files from an earlier start, by their hashes
   * @param {Map<string, MessagePort>} there.ahead files that it has begun to fetch, by their names
   * @param {(done: number, total: number) => void} tell in bytes as they travel, about
   */
  constructor(base, { kept, ahead }, tell) {
    this.#base = base;
    this.#kept = kept;
    this.#ahead = ahead;
    this.#tell = tell;
  }

  /** All parts at once. @param {Part[]} parts */
  async bring(parts) {
    await Promise.all(parts.map(async (part) => {
      const kept = await this.#handed(part.integrity);
      if (kept instanceof WebAssembly.Module) {
        this.#module = kept;
      } else if (kept) {
        this.files.set(this.address(part.file), new Uint8Array(kept));
      } else {
        this.#total += part.packed ?? part.bytes;
        await this.#bring(part, "default");
      }
      if (part.integrity) this.#used.add(part.integrity);
    }));
  }

  /** Python's module. Where it is kept the page has compiled it. @param {Part} part */
  async module(part) {
    await this.bring([part]);
    const module = this.#module ?? await WebAssembly.compile(this.take(part));
    this.#module = null;
    return module;
  }

  /** Whether a part is kept from an earlier start. @param {Part} part */
  has({ integrity }) {
    return this.#kept.has(integrity ?? "");
  }

  /** The manifest. @param {string} file @param {string} integrity "" where somebody else vouches for it */
  async json(file, integrity) {
    const kept = await this.#handed(integrity);
    if (integrity) this.#used.add(integrity);
    if (kept instanceof ArrayBuffer) return JSON.parse(new TextDecoder().decode(kept));
    const ahead = await new Response(this.#begun(file)).arrayBuffer().catch(() => new ArrayBuffer());
    const good = ahead.byteLength && await matches(new Uint8Array(ahead), integrity);
    const cache = ahead.byteLength ? "reload" : "default";
    const response = good ? new Response(ahead) : await get(this.address(file), integrity, cache);
    if (integrity) this.#fresh.set(integrity, response.clone());
    return response.json();
  }

  /** A file that is kept; null where there is none. It is asked for once. */
  async #handed(integrity = "") {
    const port = this.#kept.get(integrity);
    this.#kept.delete(integrity);
    return port ? handed(port) : null;
  }

  /** A file that the page has begun to fetch. It is asked for once. @param {string} file */
  #begun(file) {
    const port = this.#ahead.get(file);
    this.#ahead.delete(file);
    return port && received(port);
  }

  /**
   * Keeps for the next start what was used at this one; to be called once the start was a success. What another version
   * uses stays too, where one was used of late: an origin may have several websites. All else goes. Where the browser
   * keeps nothing, files are fetched again.
   *
   * @param {Storage} storage
   */
  async keep(storage) {
    const { name, files, lists, list, worker, code } = storage;
    if (worker && code) this.#fresh.set(worker, new Response(code));
    storage.code = null;
    const names = [worker, ...this.#used];
    const fresh = [...this.#fresh].filter(([integrity]) => names.includes(integrity));
    for (const [integrity] of fresh) this.#fresh.delete(integrity); // what comes meanwhile is kept the next time
    try {
      const kept = await caches.open(name);
      const own = lists + encodeURIComponent(list);
      const wanted = new Set([own, ...names.map((hash) => files + encodeURIComponent(hash))]);
      // The list is first, for another version that keeps its own at the same time: it throws away what no list has.
      await kept.put(own, new Response(JSON.stringify({ used: Date.now(), files: names })));
      for (const [integrity, response] of fresh) await kept.put(files + encodeURIComponent(integrity), response);
      const urls = (await kept.keys()).map(({ url }) => url);
      const other = urls.findLast((url) => url.startsWith(lists) && url !== own);
      const { used = 0, files: its = [] } = other ? await (await kept.match(other))?.json() : {};
      if (other && Date.now() - used < LATE_MS) {
        for (const url of [other, ...its.map((/** @type {string} */ hash) => files + encodeURIComponent(hash))]) wanted.add(url);
      }
      for (const url of urls) if (!wanted.has(url)) await kept.delete(url);
    } catch {
      // no room, or no such storage
    }
  }

  /** @param {string} file */
  address(file) {
    return new URL(file, this.#base).href;
  }

  /** What was brought; gives it away. @param {Part} part */
  take({ file }) {
    const address = this.address(file);
    const data = /** @type {Uint8Array<ArrayBuffer>} */ (this.files.get(address));
    this.files.delete(address);
    return data;
  }

  /**
   * Whatever is wrong, the file is asked for once more, past all caches and as it is: a cache may hold another file, and a packed
   * copy may be missing or damaged.
   *
   * @param {Part} part
   * @param {RequestCache} cache
   * @returns {Promise<void>}
   */
  async #bring(part, cache) {
    const { file, bytes, integrity, packed = bytes } = part;
    const address = this.address(file);
    const data = new Uint8Array(bytes);
    let at = 0;
    try {
      const reader = await open(part, address, cache, this.#begun(file));
      for (let piece = await read(reader, address); piece; piece = await read(reader, address)) {
        if (at + piece.length > bytes) {
          void reader.cancel();
          throw wrongHash(address);
        }
        data.set(piece, at);
        at += piece.length;
        this.#tell(Math.round(this.#done += piece.length * packed / bytes), this.#total);
      }
      if (at < bytes) throw cutOff(address, at, bytes);
      if (!await matches(data, integrity)) throw wrongHash(address);
    } catch (error) {
      if (cache === "reload") throw error;
      this.#done -= at * packed / bytes;
      return this.#bring(part, "reload");
    }
    this.files.set(address, data);
    // The copy is made now: what starts Python changes the data. Only what was checked is kept.
    if (integrity && crypto.subtle) this.#fresh.set(integrity, new Response(data));
  }
}

/**
 * A file's bytes, unpacked.
 *
 * `integrity` makes fetch keep everything back until all is there. So it is checked afterwards, where that can be
 * done: the page sees progress. Plain http that is not localhost has no crypto.subtle.
 *
 * @param {Part} part
 * @param {string} address
 * @param {RequestCache} cache
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} [begun] where the page has begun to fetch it
 * @returns {Promise<ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>>}
 */
async function open(part, address, cache, begun) {
  if (begun) return unpacked(begun, address);
  const ask = (/** @type {string} */ file) => get(new URL(file, address).href, crypto.subtle ? "" : part.integrity, cache);
  const { body } = await (cache === "reload" ? ask(part.file) : asked(part, ask));
  return unpacked(/** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (body), address);
}

/**
 * Which copy has come its first byte tells: no file here begins like a packed one. Some hosts say that a .gz is encoded,
 * and then the browser has unpacked it.
 *
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} stream
 * @param {string} address
 */
async function unpacked(stream, address) {
  const reader = stream.getReader();
  let next = await read(reader, address);
  /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */
  const body = new ReadableStream({
    async pull(controller) {
      if (next) controller.enqueue(next);
      else controller.close();
      next = next && await read(reader, address);
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return (next?.[0] === GZIP ? body.pipeThrough(new DecompressionStream("gzip")) : body).getReader();
}

/**
 * @template {Uint8Array} T
 * @param {ReadableStreamDefaultReader<T>} reader
 * @param {string} address
 */
async function read(reader, address) {
  try {
    return (await reader.read()).value;
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    throw new Problem("host-unreachable", `The connection ended in the middle of ${address}.`, { url: address });
  }
}

/** @param {Uint8Array<ArrayBuffer>} data @param {string | undefined} integrity "sha256-" or "sha384-" and base64, as fetch has it */
async function matches(data, integrity) {
  if (!integrity || !crypto.subtle) return true;
  const bits = integrity.slice(3, 6);
  const digest = new Uint8Array(await crypto.subtle.digest(`SHA-${bits}`, data));
  return integrity === `sha${bits}-${btoa(String.fromCharCode(...digest))}`;
}

/** Some browsers take half a body for a whole one. @param {string} url @param {number} at @param {number} bytes */
function cutOff(url, at, bytes) {
  return new Problem("host-unreachable", `${url} ended after ${at} of ${bytes} bytes: the connection broke, or the file `
    + "there is cut off. Try again.", { url });
}

/** @param {string} url */
function wrongHash(url) {
  return new Problem("wrong-hash", `${url} is not the file that manifest.json names. Reload the page; `
    + "if that does not help, the host mixes two versions, or somebody has changed the file.", { url });
}

/**
 * @param {string} url
 * @param {string | undefined} integrity
 * @param {RequestCache} [cache] "reload" after a cache gave another file than the hash says
 * @returns {Promise<Response>}
 */
export async function get(url, integrity = "", cache = "default") {
  /** @type {string[]} */
  const forbidden = [];
  /** @param {Event} event */
  const see = (event) => {
    const { disposition, effectiveDirective } = /** @type {SecurityPolicyViolationEvent} */ (event);
    if (disposition === "enforce") forbidden.push(effectiveDirective);
  };
  self.addEventListener("securitypolicyviolation", see);
  let response;
  try {
    response = await fetch(url, { integrity, cache, credentials: "omit" });
  } catch {
    if (integrity && cache !== "reload") return get(url, integrity, "reload");
    await new Promise((resume) => { setTimeout(resume, 100); }); // browsers tell a little later
    const [directive] = forbidden;
    throw directive
      ? new Problem("policy-forbids", `${url} is forbidden.`, { directive, url })
      : new Problem("fetch-failed", `${url} could not be fetched.`, { url, checked: integrity !== "" });
  } finally {
    self.removeEventListener("securitypolicyviolation", see);
  }
  if (response.ok) return response;
  const { status } = response;
  const words = `${url} answered with status ${status}: the site there is not whole.`;
  throw new Problem("file-missing", words, { url, status });
}
