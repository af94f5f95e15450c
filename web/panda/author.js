// What a page works with: an object with a function for each method that the worker has.

import { resolved } from "./included.js";
import { keepThisSite } from "./persisting.js";
import { Answer, Series, Subscription } from "./series.js";

/** @typedef {import("./line.js").Line} Line */

/** What becomes of an answer before a page gets it. @type {Record<string, (panda: object, answer: any) => unknown>} */
const ANSWERS = {
  query(_, answer) {
    const { instances, ...about } = resolved(answer);
    return Object.assign(instances, about);
  },
  backUp(panda, text) {
    Object.assign(panda, { canBackUp: false, copy: "saved" });
    return text;
  },
  forget(panda, told) {
    /** @type {Panda} */ (panda).close();
    return told;
  },
  declineBackup: (panda, author) => void Object.assign(panda, author),
  restore: (panda, author) => void Object.assign(panda, author),
};

/** What becomes of a series before a page gets it. @type {Record<string, (series: Series<any>) => unknown>} */
const SERIES = {
  subscribe: (series) => new Subscription(series),
};

/** Characters of a long text that go to the worker at once. */
const PIECE = 1 << 17;

/** One author on one node; panda.d.ts says what there is on it. Made by `connect`. */
export class Panda {
  #line;
  /** Which params of which methods may be long. @type {Record<string, string[]>} */
  #pieces = {};
  /** Methods that write. @type {string[]} */
  #writes = [];

  /** @param {Line} line @param {any} opened what the worker says of itself, and its table of methods */
  constructor(line, opened) {
    this.#line = line;
    this.#say(opened);
    line.onreopen = (again) => this.#say(again);
    const { methods, series } = opened;
    for (const [name, required] of Object.entries({ ...methods, ...series })) {
      /** @param {unknown[]} given */
      const call = (...given) => this.#call(name, required, given);
      /** @param {unknown[]} given */
      const each = (...given) => this.#each(name, required, given, !(name in methods));
      /** @param {unknown[]} given */
      const lasting = (...given) => SERIES[name]?.(each(...given)) ?? each(...given);
      /** @param {unknown[]} given */
      const both = (...given) => new Answer(() => call(...given), () => each(...given));
      Object.assign(this, { [name]: !(name in series) ? call : name in methods ? both : lasting });
    }
  }

  /** @param {any} opened */
  #say({ methods, series, pieces, writes, ...about }) {
    this.#pieces = pieces;
    this.#writes = writes;
    Object.assign(this, about);
  }

  /** @param {string} name @param {string[]} required @param {unknown[]} given */
  async #call(name, required, given) {
    const { params, signal, onProgress } = named(required, given);
    for (const param of this.#pieces[name] ?? []) params[param] = await this.#give(params[param], signal);
    const answer = await this.#line.call(name, params, { signal, onProgress });
    if (name === "trust") this.#line.opensWith({ trusted: params.authors });
    if (this.#writes.includes(name)) void keepThisSite();
    return ANSWERS[name]?.(this, answer) ?? answer;
  }

  /**
   * Gives the worker a long text, piece after piece: in one message it would be there several times at once.
   *
   * @param {unknown} text @param {AbortSignal | undefined} signal @returns {Promise<unknown>} what stands for it in a call
   */
  async #give(text, signal) {
    if (typeof text !== "string" || text.length <= PIECE) return text;
    let number = null;
    for (let at = 0, end; at < text.length; at = end) {
      end = at + PIECE;
      if (/[\ud800-\udbff]/.test(text[end - 1] ?? "")) end += 1; // half a character is none
      number = await this.#line.call("piece", { number, text: text.slice(at, end) }, { signal });
    }
    return { pieces: number };
  }

  /** @param {string} name @param {string[]} required @param {unknown[]} given @param {boolean} lasts */
  #each(name, required, given, lasts) {
    const { params, signal } = named(required, given);
    return new Series(this.#line, name, params, signal, lasts);
  }

  /** Ends this connection; the last one on a page ends the worker. */
  close() {
    this.#line.close();
  }
}

/**
 * What must be given comes by position; behind it comes an object with all that may be left out.
 *
 * @param {string[]} required
 * @param {unknown[]} given
 */
function named(required, given) {
  const { signal, onProgress, ...params } = /** @type {any} */ (given[required.length] ?? {});
  required.forEach((param, place) => { params[param] = given[place]; });
  return { params, signal, onProgress };
}
