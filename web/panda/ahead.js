// What the worker asks for first is on its way while the worker itself is: the page begins to fetch it, and hands it on
// piece by piece (worker/ahead.js). So nothing hangs on what the browser's own cache does, for which some hosts send no
// headers. The worker checks it, and where something is wrong with it, asks again and says what.

import { asked } from "../worker/packed.js";
import { FILES, FIRST, MANIFEST } from "./site.js";

/** Bytes of a manifest, at most. */
const MANIFEST_BYTES = 2 ** 16;

/**
 * @param {Map<string, MessagePort>} kept files that nobody has to fetch, by their hashes
 * @param {AbortSignal} stop
 * @returns {Map<string, MessagePort>} those that come to the worker, by name
 */
export function begun(kept, stop) {
  /** @type {Map<string, MessagePort>} */
  const ports = new Map();
  if (!crypto.subtle) return ports; // plain http: the worker could not check them
  for (const part of [{ file: "manifest.json", bytes: MANIFEST_BYTES, integrity: MANIFEST }, ...FIRST]) {
    if (kept.has(part.integrity)) continue;
    const { port1, port2 } = new MessageChannel();
    void pass(part, port1, stop);
    ports.set(part.file, port2);
  }
  return ports;
}

/** @param {import("./site.js").First} part @param {MessagePort} port to the worker @param {AbortSignal} signal */
async function pass(part, port, signal) {
  try {
    const { ok, body } = await asked(part, (file) => fetch(new URL(file, FILES), { signal, credentials: "omit" }));
    if (!ok || !body) throw new Error(part.file);
    const reader = body.getReader();
    port.onmessage = () => void reader.cancel(); // the worker has seen that it is another file
    let bytes = 0;
    for (let { value } = await reader.read(); value; { value } = await reader.read()) {
      bytes += value.length;
      if (bytes > part.bytes) {
        void reader.cancel();
        throw new Error(part.file); // it is another file, and one that may never end
      }
      port.postMessage(value, [value.buffer]);
    }
    port.postMessage(true);
  } catch {
    port.postMessage(false); // the worker finds out why
  }
}
