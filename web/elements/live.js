/**
 * When what a query gives may have changed. A subscription says so; where there is none that stays small, the node is
 * asked again now and then.
 */

import { news } from "./connection.js";

/**
 * @typedef {import("panda.js").Panda} Panda
 * @typedef {{filter?: object, orderBy: string[]}} Asked
 */

/** How often is asked what no subscription is of. */
const AGAIN_MS = 30_000;
/** Between two answers, however much happens meanwhile. */
const PAUSE_MS = 250;
/** More than a client keeps up to date: it has read up to so many until it says so, so it is not tried again and again. */
const TOO_LARGE = "subscription-too-large";

/** Something may have changed; whoever waits for that hears of it once, however often it happened. */
class Bell {
  #rung = true;
  #wake = () => {};

  ring() {
    this.#rung = true;
    this.#wake();
  }

  async heard() {
    if (!this.#rung) await new Promise((resolve) => { this.#wake = () => resolve(undefined); });
    this.#rung = false;
  }
}

/**
 * Begins at once, and then once more whenever something of the schema may have changed.
 *
 * @param {Panda} panda
 * @param {string} schema
 * @param {() => object | null} watched  the filter of what is worth a subscription now; null: too much for one
 * @param {AbortSignal} signal
 */
export async function* changes(panda, schema, watched, signal) {
  const bell = new Bell();
  const ring = () => bell.ring();
  let following = "";
  let tooLarge = "";
  let stop = new AbortController();
  /** @param {Event} event */
  const written = (event) => {
    if (event instanceof CustomEvent && event.detail.includes(schema)) ring();
  };
  news.addEventListener("written", written, { signal });
  const asks = () => {
    if (following === "" && document.visibilityState === "visible") ring();
  };
  globalThis.addEventListener("online", asks, { signal });
  document.addEventListener("visibilitychange", asks, { signal });
  const clock = setInterval(asks, AGAIN_MS);
  signal.addEventListener("abort", () => {
    clearInterval(clock);
    stop.abort();
    ring();
  });
  while (!signal.aborted) {
    await bell.heard();
    if (signal.aborted) return;
    yield;
    await new Promise((resolve) => { setTimeout(resolve, PAUSE_MS); });
    const filter = watched();
    const key = filter ? JSON.stringify(filter, (_, value) => (typeof value === "bigint" ? String(value) : value)) : "";
    if (key === following || (key && key === tooLarge)) continue;
    following = key;
    stop.abort();
    stop = new AbortController();
    if (filter) void follow(panda, schema, filter, ring, stop.signal).catch((error) => {
      if (error?.reason === TOO_LARGE) tooLarge = key;
      if (following === key) following = ""; // more than is told of, or the node refuses: then it is asked again
    });
  }
}

/**
 * Rings for each change; also for the first answer, since something may have changed before it.
 *
 * @param {Panda} panda
 * @param {string} schema
 * @param {object} filter
 * @param {() => void} ring
 * @param {AbortSignal} signal
 */
async function follow(panda, schema, filter, ring, signal) {
  for await (const _ of panda.subscribe(schema, { filter, signal })) ring();
}

/**
 * The filter of what a change of which would be seen: all that is asked for where all of it is shown; where there is
 * more, what stands before the last one that is shown, as far as a filter can say that. Null where it cannot.
 *
 * @param {Asked} asked
 * @param {import("panda.js").Instance | undefined} last  undefined where all is shown
 * @returns {object | null}
 */
export function watchedBy({ filter = {}, orderBy }, last) {
  if (!last) return filter;
  const [first] = orderBy;
  const name = first?.replace(/^-/, "") ?? "";
  const value = last[name];
  if (!name || name === "id" || name === "author" || value === undefined || Array.isArray(value)) return null;
  const bound = { [name]: { [first?.startsWith("-") ? "gte" : "lte"]: value } };
  const before = first?.startsWith("-") ? bound : { or: [bound, { [name]: { exists: false } }] };
  return { and: [filter, before] };
}
