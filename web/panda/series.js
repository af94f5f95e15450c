// What comes one after the other: the worker makes the next one when it is asked for it (panda_web/browser/series.py).

import { cancelled, left, unusable } from "./errors.js";
import { resolved } from "./included.js";

/** @typedef {import("./line.js").Line} Line */

/** Of what failed the checks, so many are kept for who iterates; a node can send any number. */
const MOST_REJECTED = 1000;

/** A series that the worker has: an async iterator. @template T */
export class Series {
  #line;
  #params;
  #name;
  #signal;
  /** The worker's number for it, once it was begun. @type {Promise<number> | null} */
  #number = null;
  /** Which worker it was begun in. */
  #life = 0;
  #over = false;
  /** Whether it is begun anew after the page was left: what comes then says how all is. */
  #lasts;
  #onabort = () => void this.return();

  /**
   * @param {Line} line
   * @param {string} name
   * @param {Record<string, unknown>} params
   * @param {AbortSignal} [signal] ends it, with an error for whoever waits
   * @param {boolean} [lasts]
   */
  constructor(line, name, params, signal, lasts = false) {
    this.#lasts = lasts;
    this.#line = line;
    this.#name = name;
    this.#params = params;
    this.#signal = signal;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  /** @returns {Promise<IteratorResult<T, undefined>>} */
  async next() {
    try {
      this.check();
      if (this.#over) return { done: true, value: undefined };
      const { done, value } = await this.#asked();
      if (!done) return { done, value };
    } catch (error) {
      void this.return();
      throw error;
    }
    void this.return();
    return { done: true, value: undefined };
  }

  /** Throws where its signal has ended it, or is none. */
  check() {
    const problem = unusable(this.#signal) ?? (this.#signal?.aborted ? cancelled("This was cancelled.") : null);
    if (problem) throw problem;
  }

  /** @returns {Promise<{done: boolean, value: T}>} */
  async #asked() {
    for (;;) {
      try {
        const number = await (this.#number ??= this.#begin());
        if (this.#life !== this.#line.life) throw left();
        return await this.#line.call("next", { number }, { signal: this.#signal });
      } catch (error) {
        if (!this.#lasts || this.#life === this.#line.life) throw error;
        this.#number = null;
        this.check();
      }
    }
  }

  #begin() {
    this.#signal?.addEventListener("abort", this.#onabort);
    this.#life = this.#line.life;
    return this.#line.call("begin", { series: this.#name, params: this.#params }, { signal: this.#signal });
  }

  /** Ends it; again is no error. @returns {Promise<IteratorResult<T, undefined>>} */
  async return() {
    if (!this.#over) {
      this.#over = true;
      this.#signal?.removeEventListener("abort", this.#onabort);
      try {
        const number = await this.#number;
        if (number !== null && this.#life === this.#line.life) await this.#line.call("stop", { number });
      } catch {
        // the worker has none, or is gone
      }
    }
    return { done: true, value: undefined };
  }
}

/**
 * All instances that a subscription asks for. The worker says what is new and where that stands.
 *
 * @typedef {import("./panda.d.ts").Change & {at: number | null}} Placed
 * @typedef {import("./panda.d.ts").Changed} Changed
 */
export class Subscription {
  #told;
  /** @type {Instance[]} */
  #instances = [];

  /** @param {Series<{changes: Placed[], rejected: Rejected[], rejectedCount: number, here: import("./panda.d.ts").Here | null, first: boolean}>} told */
  constructor(told) {
    this.#told = told;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  /** @returns {Promise<IteratorResult<Changed, undefined>>} */
  async next() {
    const { done, value } = await this.#told.next();
    if (done) return { done, value: undefined };
    const { changes, first, ...others } = value;
    this.#instances = placed(first ? [] : this.#instances, changes);
    const instances = [...this.#instances]; // the page may do with it what it likes
    return { done: false, value: { changes: changes.map(({ at, ...change }) => change), instances, ...others } };
  }

  return() {
    return this.#told.return();
  }
}

/** @param {Instance[]} before @param {Placed[]} changes */
function placed(before, changes) {
  const changed = new Set(changes.map(({ id }) => id));
  const others = before.filter(({ id }) => !changed.has(id)).values();
  /** @type {Instance[]} */
  const now = [];
  for (const { at, instance } of [...changes].sort((one, other) => (one.at ?? -1) - (other.at ?? -1))) {
    if (at === null || !instance) continue;
    while (now.length < at) now.push(/** @type {Instance} */ (others.next().value));
    now.push(instance);
  }
  return [...now, ...others];
}

/**
 * The answer to a query: awaited, its first page; iterated, all instances, page after page.
 *
 * @typedef {import("./panda.d.ts").Instance} Instance
 * @typedef {import("./panda.d.ts").Page} Page
 * @typedef {import("./panda.d.ts").Rejected} Rejected
 */
export class Answer {
  #first;
  #each;
  /** @type {Promise<Page> | null} */
  #page = null;
  /** What failed the checks in the pages that were iterated, the first of it. @type {Rejected[]} */
  rejected = [];
  /** How many failed them in all. */
  rejectedCount = 0;
  /** How much of the schema is here, as it was when it was iterated. @type {import("./panda.d.ts").Here | null} */
  here = null;

  /** @param {() => Promise<Page>} first @param {() => Series<{instances: Instance[], rejected: Rejected[], here: import("./panda.d.ts").Here | null}>} each */
  constructor(first, each) {
    this.#first = first;
    this.#each = each;
  }

  get [Symbol.toStringTag]() {
    return "Answer";
  }

  /** @param {any} [resolve] @param {any} [reject] */
  then(resolve, reject) {
    return (this.#page ??= this.#first()).then(resolve, reject);
  }

  /** @param {any} [reject] */
  catch(reject) {
    return this.then(undefined, reject);
  }

  /** @param {any} [settle] */
  finally(settle) {
    return this.then().finally(settle);
  }

  async* [Symbol.asyncIterator]() {
    this.rejected = [];
    this.rejectedCount = 0;
    const pages = this.#each();
    for await (const page of pages) {
      const { instances, rejected, here } = resolved(page);
      this.here = here ?? null;
      this.rejected.push(...rejected.slice(0, MOST_REJECTED - this.rejected.length));
      this.rejectedCount += rejected.length;
      for (const instance of instances) {
        pages.check();
        yield instance;
      }
    }
  }

  /** All of them; `rejected`, `rejectedCount` and `here` are beside them. */
  async toArray() {
    const found = [];
    for await (const instance of this) found.push(instance);
    return Object.assign(found, { rejected: this.rejected, rejectedCount: this.rejectedCount, here: this.here });
  }
}
