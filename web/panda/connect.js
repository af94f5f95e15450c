// From nothing to a page that is connected.

import { Panda } from "./author.js";
import { PandaError, aborted, cancelled, unusable } from "./errors.js";
import { Line } from "./line.js";
import { explained } from "./reasons.js";
import { BASE, VERSION } from "./site.js";

/** @typedef {import("./panda.d.ts").ConnectOptions} Options */

/** The clock of a hidden tab ticks no faster. */
const TICK_MS = 1000;

/**
 * Starts Python, makes or finds this site's key pair, and gives what a page works with.
 *
 * @param {Options} [options] node: its address, by default where this file came from; mode: how it is worked with; peers: other nodes; wish: how
 *   much of what is read comes to this browser; trusted: whose votes about forked logs count here; onProgress: hears of
 *   "download" (bytes), "start" and "storage"; signal: ends the start; patience: seconds without progress after
 *   which the start has failed; worker: a file of the website's own that imports HOST's worker.js
 * @returns {Promise<import("./panda.d.ts").Panda>}
 */
export async function connect(options = {}) {
  if (Object(options) !== options) {
    throw new PandaError("invalid-params", "connect takes an object, such as connect({ node: \"https://node.example\" }).");
  }
  const { node, mode = "first", peers: named = [], wish, trusted = null, onProgress, signal, patience = 120, worker } = options;
  const peers = typeof named === "string" ? [named] : named;
  if (typeof peers?.[Symbol.iterator] !== "function") {
    throw new PandaError("invalid-params", "`peers` is an array of addresses, such as [\"https://node.example\"].");
  }
  if (trusted !== null && (typeof trusted === "string" || typeof trusted[Symbol.iterator] !== "function")) {
    throw new PandaError("invalid-params", "`trusted` is an array of public keys, each of 64 hex digits.");
  }
  const problem = unusable(signal);
  if (problem) throw problem;
  if (signal?.aborted) throw cancelled();
  const address = resolved(node ?? BASE);
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
    const opened = await line.open({
      version: VERSION, node: address, mode: String(mode), peers: Array.from(peers, resolved), wish: wish ?? null, trusted: trusted && [...trusted],
    });
    const panda = new Panda(line, opened);
    return /** @type {any} */ (panda); // the worker says what there is on it
  } catch (error) {
    line.close(error);
    throw await Promise.race([explained(error), aborted(signal)]);
  } finally {
    clearInterval(watch);
    signal?.removeEventListener("abort", stop);
  }
}

/** @param {string} address */
function resolved(address) {
  try {
    return new URL(address, BASE).href;
  } catch {
    return String(address); // the worker says what is wrong with it
  }
}
