// The worker: loads Python from the site's own files, and hands the page's port to it.
// What happens on the port is written in panda_web/browser/worker.py.

import { signChain, verifyMany } from "./ed25519.js";

/** @typedef {{file: string, bytes: number}} Part */
/** @typedef {{pyodide: {directory: string, files: Record<string, {bytes: number}>}, wheels: Part[]}} Manifest */

self.onmessage = ({ data: base, ports }) => {
  const [port] = /** @type {[MessagePort]} */ (ports);
  start(base, port).catch((error) => fail(port, error));
};

/** @param {string} base @param {MessagePort} port */
async function start(base, port) {
  /** @type {Manifest} */
  const manifest = await (await get(new URL("manifest.json", base))).json();
  const { directory } = manifest.pyodide;
  const core = ["pyodide.asm.wasm", "python_stdlib.zip"].map((name) => {
    return { file: directory + name, bytes: manifest.pyodide.files[name]?.bytes ?? 0 };
  });
  const python = new URL(directory, base).href;
  const [{ loadPyodide }, files] = await Promise.all([
    import(`${python}pyodide.mjs`),
    download([...core, ...manifest.wheels], base, port),
  ]);
  tell(port, "start", 0, 0);
  const pyodide = await withFiles(files, () => loadPyodide({ indexURL: python }));
  for (const { file } of manifest.wheels) pyodide.unpackArchive(files.get(new URL(file, base).href), "wheel");
  tell(port, "storage", 0, 0);
  pyodide.pyimport("panda_web.browser.worker").start(port, signChain, verifyMany);
}

/**
 * All files at once, by address, with the bytes that have come as progress.
 *
 * @param {Part[]} parts
 * @param {string} base
 * @param {MessagePort} port
 */
async function download(parts, base, port) {
  const total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  /** @type {Map<string, Uint8Array<ArrayBuffer>>} */
  const files = new Map();
  await Promise.all(parts.map(async ({ file, bytes }) => {
    const address = new URL(file, base).href;
    const reader = (await get(address)).body?.getReader();
    const data = new Uint8Array(bytes);
    let at = 0;
    for (let part = await reader?.read(); part?.value; part = await reader?.read()) {
      if (at + part.value.length > bytes) break;
      data.set(part.value, at);
      at += part.value.length;
      done += part.value.length;
      tell(port, "download", done, total);
    }
    if (at !== bytes) throw Error(`${file} is not of the size that the site's manifest says.`);
    files.set(address, data);
  }));
  return files;
}

/**
 * Pyodide fetches by itself, and waits for ever where a host sends a wrong type or status; so it gets the files
 * that are here already.
 *
 * @template T
 * @param {Map<string, Uint8Array<ArrayBuffer>>} files
 * @param {() => Promise<T>} load
 */
async function withFiles(files, load) {
  const { fetch } = self;
  self.fetch = (resource, options) => {
    const data = files.get(resource instanceof Request ? resource.url : String(resource));
    if (!data) return fetch(resource, options);
    return Promise.resolve(new Response(data, { headers: { "Content-Type": "application/wasm" } }));
  };
  try {
    return await load();
  } finally {
    self.fetch = fetch;
  }
}

/** @param {string | URL} address */
async function get(address) {
  const response = await fetch(address, { credentials: "omit" });
  if (!response.ok) throw Error(`${address} answered with status ${response.status}.`);
  return response;
}

/** @param {MessagePort} port @param {string} stage @param {number} done @param {number} total */
function tell(port, stage, done, total) {
  port.postMessage(JSON.stringify({ jsonrpc: "2.0", method: "progress", params: { stage, done, total } }));
}

/**
 * Python is not there: every request is answered with why.
 *
 * @param {MessagePort} port
 * @param {Error} cause
 */
function fail(port, cause) {
  const error = { code: -32000, message: `Python did not start: ${cause.message}`, data: { reason: "start-failed" } };
  port.onmessage = ({ data }) => {
    const { id } = JSON.parse(data);
    if (id !== undefined) port.postMessage(JSON.stringify({ jsonrpc: "2.0", id, error }));
  };
}
