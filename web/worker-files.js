// The worker's files: fetched from HOST, packed where that can be, checked by their hashes.

/** @typedef {{file: string, bytes: number, integrity?: string, packed?: number}} Part */

// Taken now, since the worker answers itself what Pyodide asks for meanwhile.
const { fetch } = self;
const GZIP = 0x1f;
/** Also written in panda.js, which reads what is kept, and keeps the worker there. */
const KEPT = "panda-web";

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
  #tell;
  #done = 0;
  #total = 0;
  /** What came over the network and is worth keeping, by its hash. @type {Map<string, Response>} */
  #fresh = new Map();
  /** All that was used. @type {Set<string>} */
  #used = new Set();

  /**
   * @param {string} base
   * @param {Map<string, ArrayBuffer>} kept files from an earlier start, by their hashes, which panda.js has checked
   * @param {(done: number, total: number) => void} tell in bytes as they travel, about
   */
  constructor(base, kept, tell) {
    this.#base = base;
    this.#kept = kept;
    this.#tell = tell;
  }

  /** All parts at once. @param {Part[]} parts */
  async bring(parts) {
    await Promise.all(parts.map(async (part) => {
      const kept = this.#kept.get(part.integrity ?? "");
      if (kept) {
        this.files.set(this.address(part.file), new Uint8Array(kept));
      } else {
        this.#total += part.packed ?? part.bytes;
        await this.#bring(part, "default");
      }
      if (part.integrity) this.#used.add(part.integrity);
    }));
  }

  /** The manifest. @param {string} file @param {string} integrity "" where somebody else vouches for it */
  async json(file, integrity) {
    const kept = this.#kept.get(integrity);
    if (integrity) this.#used.add(integrity);
    if (kept) return JSON.parse(new TextDecoder().decode(kept));
    const response = await get(this.address(file), integrity);
    if (integrity) this.#fresh.set(integrity, response.clone());
    return response.json();
  }

  /**
   * Keeps for the next start what was used at this one, and nothing else; to be called once the start was a success.
   * Where the browser keeps nothing, files are fetched again.
   *
   * @param {string[]} others hashes of what somebody else keeps there
   */
  async keep(others) {
    const wanted = new Set([...others, ...this.#used].map(keyOf));
    try {
      const kept = await caches.open(KEPT);
      for (const { url } of await kept.keys()) if (!wanted.has(url)) await kept.delete(url);
      for (const [integrity, response] of this.#fresh) await kept.put(keyOf(integrity), response);
    } catch {
      // no room, or no such storage
    }
    this.#fresh.clear();
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

  /** @param {Part} part @param {RequestCache} cache @returns {Promise<void>} */
  async #bring(part, cache) {
    const { file, bytes, integrity, packed = bytes } = part;
    const address = this.address(file);
    const reader = await open(part, address, cache);
    const data = new Uint8Array(bytes);
    let at = 0;
    for (let piece = await read(reader, address); piece; piece = await read(reader, address)) {
      at += piece.length;
      if (at > bytes) break;
      data.set(piece, at - piece.length);
      this.#tell(Math.round(this.#done += piece.length * packed / bytes), this.#total);
    }
    void reader.cancel();
    if (at === bytes && await matches(data, integrity)) {
      this.files.set(address, data);
      // The copy is made now: what starts Python changes the data. Only what was checked is kept.
      if (integrity && crypto.subtle) this.#fresh.set(integrity, new Response(data));
    } else if (cache === "reload") {
      throw at < bytes ? cutOff(address, at, bytes) : wrongHash(address);
    } else {
      this.#done -= Math.min(at, bytes) * packed / bytes;
      await this.#bring(part, "reload");
    }
  }
}

/** By content, so that no version can be taken for another. @param {string} integrity */
function keyOf(integrity) {
  return `https://kept.invalid/${encodeURIComponent(integrity)}`;
}

/**
 * A file's bytes. Where the host does not compress by itself, its packed copy is taken and unpacked here.
 *
 * `integrity` makes fetch keep everything back until all is there. So it is checked afterwards, where that can be
 * done: the page sees progress. Plain http that is not localhost has no crypto.subtle.
 *
 * @param {Part} part
 * @param {string} address
 * @param {RequestCache} cache
 * @returns {Promise<ReadableStreamDefaultReader<Uint8Array>>}
 */
async function open({ bytes, integrity, packed }, address, cache) {
  const response = await get(address, crypto.subtle ? "" : integrity, cache);
  const asItIs = Number(response.headers.get("Content-Length")) === bytes;
  if (packed && asItIs && crypto.subtle) {
    void response.body?.cancel();
    return unpacked(await get(`${address}.gz`, "", cache), address);
  }
  return /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
}

/** Some hosts say that a .gz is encoded, and then the browser has unpacked it. @param {Response} response @param {string} address */
async function unpacked(response, address) {
  const reader = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (response.body).getReader();
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

/** @param {Uint8Array<ArrayBuffer>} data @param {string | undefined} integrity "sha384-" and base64, as fetch has it */
async function matches(data, integrity) {
  if (!integrity || !crypto.subtle) return true;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-384", data));
  return integrity === `sha384-${btoa(String.fromCharCode(...digest))}`;
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
