// The worker: loads Python from the site's own files, and hands the page's port to it.
// What happens on the port is written in panda_web/browser/worker.py.

import { signChain, verifyMany } from "./ed25519.js";

self.onmessage = ({ data: base, ports: [port] }) => {
  start(base, port).catch((error) => fail(port, error));
};

async function start(base, port) {
  const manifest = await (await get(new URL("manifest.json", base))).json();
  const python = new URL(manifest.pyodide.directory, base).href;
  const sizes = new Map([
    ...["pyodide.asm.wasm", "python_stdlib.zip"].map((name) => [python + name, manifest.pyodide.files[name].bytes]),
    ...manifest.wheels.map(({ file, bytes }) => [new URL(file, base).href, bytes]),
  ]);
  const [{ loadPyodide }, files] = await Promise.all([import(python + "pyodide.mjs"), download(sizes, port)]);
  tell(port, "start", 0, 0);
  const pyodide = await withFiles(files, () => loadPyodide({ indexURL: python }));
  for (const { file } of manifest.wheels) pyodide.unpackArchive(files.get(new URL(file, base).href).buffer, "wheel");
  tell(port, "storage", 0, 0);
  pyodide.pyimport("panda_web.browser.worker").start(port, signChain, verifyMany);
}

// All files at once, with the bytes that have come as progress.
async function download(sizes, port) {
  const total = [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
  let done = 0;
  const files = new Map();
  await Promise.all([...sizes].map(async ([address, bytes]) => {
    const { body } = await get(address);
    const data = new Uint8Array(bytes);
    let at = 0;
    for (const reader = body.getReader(); ;) {
      const part = await reader.read();
      if (part.done) break;
      if (at + part.value.length > bytes) break;
      data.set(part.value, at);
      at += part.value.length;
      done += part.value.length;
      tell(port, "download", done, total);
    }
    if (at !== bytes) throw Error(`${address} is not of the size that the site's manifest says.`);
    files.set(address, data);
  }));
  return files;
}

// Pyodide fetches by itself, and waits for ever where a host sends a wrong type or status; so it gets the files
// that are here already.
async function withFiles(files, load) {
  const { fetch } = self;
  self.fetch = (resource, options) => {
    const data = files.get(String(resource.url ?? resource));
    if (!data) return fetch(resource, options);
    return Promise.resolve(new Response(data, { headers: { "Content-Type": "application/wasm" } }));
  };
  try {
    return await load();
  } finally {
    self.fetch = fetch;
  }
}

async function get(address) {
  const response = await fetch(address, { credentials: "omit" });
  if (!response.ok) throw Error(`${address} answered with status ${response.status}.`);
  return response;
}

function tell(port, stage, done, total) {
  port.postMessage(JSON.stringify({ jsonrpc: "2.0", method: "progress", params: { stage, done, total } }));
}

// Python is not there: every request is answered with why.
function fail(port, cause) {
  const error = { code: -32000, message: `Python did not start: ${cause.message}`, data: { reason: "start-failed" } };
  port.onmessage = ({ data }) => {
    const { id } = JSON.parse(data);
    if (id !== undefined) port.postMessage(JSON.stringify({ jsonrpc: "2.0", id, error }));
  };
}
