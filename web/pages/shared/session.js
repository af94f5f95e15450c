/**
 * The connection to Python in the worker: started once, awaited by whoever needs it, started anew after a
 * failure. So the page is of use while Python starts: what is asked meanwhile waits.
 */

import { connect } from "panda.js";

/**
 * @typedef {import("./types.js").Panda} Panda
 * @typedef {{stage: string, done: number, total: number}} StartProgress
 */

export class Session {
  /** @type {Promise<Panda> | null} */
  #opening = null;
  /** @type {Panda | null} */
  now = null;

  /**
   * @param {object} use
   * @param {string | undefined} use.node
   * @param {(progress: StartProgress) => void} use.onProgress
   * @param {(panda: Panda) => void} use.onOpen  whoever asked first
   */
  constructor({ node, onProgress, onOpen }) {
    this.node = node;
    this.onProgress = onProgress;
    this.onOpen = onOpen;
  }

  /** @returns {Promise<Panda>} */
  panda() {
    return (this.#opening ??= this.#open());
  }

  async #open() {
    try {
      const panda = await connect({ ...(this.node ? { node: this.node } : {}), onProgress: this.onProgress });
      this.now = panda;
      this.onOpen(panda);
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
