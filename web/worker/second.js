// The second part of Python's module: what few visits call. It comes once a page is at rest; whoever calls one of its
// functions before that has it at once (tools/split.py).

import { Problem } from "./files.js";
import { sha256 } from "./sha256.js";

/** @typedef {import("./files.js").Part & {sha256: string}} Part */

/** One at a time works with an instance of the first part. */
export class Second {
  #fetch;
  #failed;
  /** What the first part exports. @type {WebAssembly.Exports} */
  #exports = {};
  /** Whether an instance of the second one works with it. */
  #works = false;
  /** @type {BufferSource | null} */
  #here = null;
  /** Where it has been compiled. @type {WebAssembly.Module | null} */
  #module = null;
  /** Where it is, and which it must be. @type {{address: string, sha256: string} | null} */
  #there = null;

  /**
   * @param {(address: string) => Uint8Array<ArrayBuffer> | null} fetch a file, at once
   * @param {(problem: Problem) => void} failed hears that Python cannot go on
   */
  constructor(fetch, failed) {
    this.#fetch = fetch;
    this.#failed = failed;
  }

  /** @param {WebAssembly.Imports | undefined} imports of the first part, of which no instance has been made */
  replace(imports) {
    if (imports) imports["panda"] = { load: () => this.#load() };
  }

  /** @param {string} address @param {string} hash SHA-256, since that can be had at once */
  begin(address, hash) {
    this.#there = { address, sha256: hash };
  }

  /** @param {WebAssembly.Exports} exports of the instance of the first part that there is from now on */
  follow(exports) {
    this.#exports = exports;
    this.#works = false;
  }

  /** It has come, checked. It is compiled when somebody calls it, and few do. @param {BufferSource} data */
  take(data) {
    this.#here = data;
  }

  /** Whether nobody has to wait for it. */
  get isHere() {
    return this.#here !== null || this.#module !== null;
  }

  /** Before Python begins, where it begins without a snapshot: that calls most of it, and reads its tables. */
  async work() {
    this.#module ??= await WebAssembly.compile(/** @type {BufferSource} */ (this.#here));
    this.#make();
  }

  /** The memory has become another one: its tables are written anew, if they had been. */
  again() {
    if (this.#works) this.#make();
  }

  /** An error that is thrown here ends Python: it may be in the middle of anything. */
  #load() {
    if (this.#works) return;
    this.#module ??= new WebAssembly.Module(this.#here ?? this.#fetched());
    this.#make();
  }

  /** Makes an instance, which writes its tables into the memory. */
  #make() {
    new WebAssembly.Instance(/** @type {WebAssembly.Module} */ (this.#module), { panda: this.#exports });
    this.#here = null;
    this.#works = true;
  }

  #fetched() {
    const { address = "", sha256: hash = "" } = this.#there ?? {};
    const data = this.#fetch(address);
    if (data && (!hash || sha256(data) === hash)) return data;
    const problem = new Problem("part-missing", "A part of this site that is seldom needed is not in this browser yet, and "
      + "cannot be had now, so Python ended. Nothing is lost. Go online, and load the page again.", {});
    console.error(problem.stack); // with the numbers of functions that led here
    this.#failed(problem);
    throw problem;
  }
}
