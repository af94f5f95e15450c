// The worker: loads Python from HOST's files, and hands to it the port of each connection.
// What happens on a port is written in panda_web/browser/worker.py.
//
// build.py makes one file of this and all that it imports. It runs from a blob in the page's origin, so every address
// is made from the one that the page gives, and nothing is imported later.

// @ts-expect-error Pyodide has no types for this file
import createPyodideModule from "pyodide/pyodide.asm.mjs";
import { loadPyodide } from "pyodide";
import { signChain, verifyMany } from "./ed25519.js";

// WebKit gives no stack to errors of its own, such as fetch's, and Pyodide takes what has none for no error at all:
// Python would wait for ever for a node that is not there.
if (!("stack" in Error.prototype)) Error.prototype.stack = "";

/**
 * @typedef {{file: string, bytes: number, integrity?: string}} Part
 * @typedef {import("pyodide").Lockfile} Lock
 * @typedef {{directory: string, lock: Lock, files: Record<string, Omit<Part, "file">>}} Pyodide
 * @typedef {{pyodide: Pyodide, wheels: Part[]}} Manifest
 * @typedef {{start: (port: MessagePort, sign: typeof signChain, verify: typeof verifyMany) => void}} Python
 */

/** Why Python does not start; panda.js looks further into "fetch-failed". */
class Problem extends Error {
  /** @param {string} reason @param {string} message @param {Record<string, unknown>} data */
  constructor(reason, message, data) {
    super(message);
    this.reason = reason;
    this.data = data;
  }
}

/** Those that wait for Python, and hear how far it is. @type {Set<MessagePort>} */
const waiting = new Set();
/** @type {Promise<Python> | null} */
let python = null;

self.onmessage = async ({ data, ports }) => {
  const [port] = /** @type {[MessagePort]} */ (ports);
  // A bare address serves who vouches for the manifest otherwise.
  const { base, integrity } = typeof data === "string" ? { base: data, integrity: "" } : data;
  waiting.add(port);
  try {
    python ??= load(base, integrity);
    (await python).start(port, signChain, verifyMany);
  } catch (error) {
    fail(port, error);
  }
  waiting.delete(port);
};
self.postMessage("running");

/** @param {string} base @param {string} integrity of the manifest @returns {Promise<Python>} */
async function load(base, integrity) {
  await mayCompile();
  /** @type {Manifest} */
  const manifest = await (await get(new URL("manifest.json", base).href, integrity)).json();
  const { directory, lock, files: about } = manifest.pyodide;
  const core = Object.entries(about).map(([name, rest]) => ({ file: directory + name, ...rest }));
  const files = await download([...core, ...manifest.wheels], base);
  tell("start", 0, 0);
  const indexURL = new URL(directory, base).href;
  const pyodide = await withFiles(files, () => loadPyodide({
    indexURL, createPyodideModule, lockFileContents: lock, packageBaseUrl: base,
  }));
  for (const { file } of manifest.wheels) pyodide.unpackArchive(files.get(new URL(file, base).href), "wheel");
  tell("storage", 0, 0);
  return pyodide.pyimport("panda_web.browser.worker");
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
 * All files at once, by address, with the bytes that have come as progress.
 *
 * @param {Part[]} parts
 * @param {string} base
 */
async function download(parts, base) {
  const total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  /** @type {Map<string, Uint8Array<ArrayBuffer>>} */
  const files = new Map();
  /** @param {Part} part @param {RequestCache} cache */
  const bring = async ({ file, bytes, integrity }, cache) => {
    const address = new URL(file, base).href;
    // `integrity` makes fetch keep everything back until all is there. So it is checked here, where that can be done:
    // the page sees progress. Plain http that is not localhost has no crypto.subtle.
    const reader = (await get(address, crypto.subtle ? "" : integrity, cache)).body?.getReader();
    const data = new Uint8Array(bytes);
    let at = 0;
    for (let part = await read(reader, address); part; part = await read(reader, address)) {
      at += part.length;
      if (at > bytes) break;
      data.set(part, at - part.length);
      tell("download", done += part.length, total);
    }
    if (at === bytes && await matches(data, integrity)) {
      files.set(address, data);
    } else if (cache === "reload") {
      throw wrongHash(address);
    } else {
      done -= Math.min(at, bytes);
      await bring({ file, bytes, integrity }, "reload");
    }
  };
  await Promise.all(parts.map((part) => bring(part, "no-cache")));
  return files;
}

/** @param {ReadableStreamDefaultReader<Uint8Array> | undefined} reader @param {string} address */
async function read(reader, address) {
  try {
    return (await reader?.read())?.value;
  } catch {
    throw new Problem("host-unreachable", `The connection ended in the middle of ${address}.`, { url: address });
  }
}

/** @param {Uint8Array<ArrayBuffer>} data @param {string | undefined} integrity "sha384-" and base64, as fetch has it */
async function matches(data, integrity) {
  if (!integrity || !crypto.subtle) return true;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-384", data));
  return integrity === `sha384-${btoa(String.fromCharCode(...digest))}`;
}

/** @param {string} url */
function wrongHash(url) {
  return new Problem("wrong-hash", `${url} is not the file that manifest.json names. Reload the page; `
    + "if that does not help, the host mixes two versions, or somebody has changed the file.", { url });
}

/**
 * Pyodide fetches by itself, and waits for ever where something is wrong with what comes; so it gets the files that
 * are here already, and what it keeps to itself is told.
 *
 * @template T
 * @param {Map<string, Uint8Array<ArrayBuffer>>} files
 * @param {() => Promise<T>} work
 */
async function withFiles(files, work) {
  const { fetch } = self;
  const { instantiateStreaming } = WebAssembly;
  self.fetch = async (resource) => {
    const address = resource instanceof Request ? resource.url : String(resource);
    const data = files.get(address);
    if (!data) throw new TypeError(`Python asks for ${address}, which the manifest does not name.`);
    return new Response(data, { headers: { "Content-Type": "application/wasm" } });
  };
  try {
    return await new Promise((resolve, reject) => {
      WebAssembly.instantiateStreaming = (source, imports) => {
        const made = instantiateStreaming(source, imports);
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
 * @param {string} url
 * @param {string | undefined} integrity
 * @param {RequestCache} [cache] "reload" after a cache that a host has not told of a change gave the old file
 * @returns {Promise<Response>}
 */
async function get(url, integrity = "", cache = "no-cache") {
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

/** @param {string} stage @param {number} done @param {number} total */
function tell(stage, done, total) {
  const text = JSON.stringify({ jsonrpc: "2.0", method: "progress", params: { stage, done, total } });
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
