/**
 * The connection to Python in the worker: started once, awaited by whoever needs it, started anew after a
 * failure. So the page is of use while Python starts: what is asked meanwhile waits.
 */

import { connect } from "panda.js";
import { share, tell } from "../../elements/connection.js";
import { connection as address } from "./address.js";

/**
 * @typedef {import("./types.js").Panda} Panda
 * @typedef {{stage: string, done: number, total: number}} StartProgress
 */

/** @template {Panda} [P=Panda] with what an application adds, on its page */
export class Session {
  /** @type {Promise<P> | null} */
  #opening = null;
  /** @type {P | null} */
  now = null;
  /** @type {(panda: any) => void} */
  #onOpen;
  #options;

  /**
   * @param {object} use
   * @param {(progress: StartProgress) => void} use.onProgress
   * @param {(panda: P) => void} use.onOpen  whoever asked first
   * @param {import("panda.js").ConnectOptions} [use.options]  how it is connected; as the address says it unless given
   */
  constructor({ onProgress, onOpen, options = address }) {
    this.onProgress = onProgress;
    this.#onOpen = onOpen;
    this.#options = options;
    share(() => this.panda()); // the page's elements work with it too
  }

  /** @returns {Promise<P>} */
  panda() {
    return (this.#opening ??= this.#open());
  }

  async #open() {
    try {
      const connected = await connect({ ...this.#options, onProgress: this.onProgress });
      const panda = /** @type {P} */ (connected);
      this.now = panda;
      this.#onOpen(panda);
      tell("open", panda);
      return panda;
    } catch (error) {
      this.#opening = null;
      throw error;
    }
  }

  close() {
    this.now?.close();
  }
}
