// Functions of Python that few visits call. In a snapshot they are there, with their names and places, but their code is
// not: their instructions, and the constants and names that nothing else holds. That comes in a file of its own, once the
// page is at rest, and goes to where it was when the snapshot was made (tools/chill.mjs).
//
// Whoever calls such a function before that has it at once. Python calls a function by an address that the function has
// (`vectorcall` in CPython's Include/cpython/funcobject.h, which is for that). These have that of the trap, which brings
// what is missing, and then calls the function as Python does. Whatever else looks at their code finds that of a function
// that says so in words.

import { wordsOf } from "./hashes.js";

/** What passes calls on: a module that exports what it imports, since a table takes no function of JavaScript. */
const PASS = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // a module
  ...[1, 9, 1, 0x60, 4, 0x7f, 0x7f, 0x7f, 0x7f, 1, 0x7f], // a type: of four 32-bit numbers one
  ...[2, 5, 1, 0, 0, 0, 0, 7, 4, 1, 0, 0, 0], // an import of it, and its export; neither has a name
);
const WORD = 4;
/** The word of a function that says how it is called. */
const CALL = 17;

/**
 * @typedef {(callable: number, args: number, count: number, keywords: number) => number} Call how Python calls what can be
 *   called: all are addresses, but for the count
 */

/** The functions that are not there yet. */
export class Cold {
  #missed;
  /** @type {WebAssembly.Exports} */
  #exports = {};
  /** Whether the memory is the snapshot's. */
  #begun = false;
  /** @type {Uint8Array | null} */
  #packed = null;
  /** Whether all is where it belongs. */
  isHere = false;

  /** @param {() => Uint8Array} missed has the file at once, checked, or ends Python */
  constructor(missed) {
    this.#missed = missed;
  }

  /** @param {WebAssembly.Exports} exports of Python's module, of which an instance has just been made */
  follow(exports) {
    this.#exports = exports;
    this.#begun = this.isHere = false;
    setTrap(exports, (...given) => {
      if (!this.isHere) this.take(this.#missed());
      return call(exports, ...given);
    });
  }

  /** The memory is the snapshot's. */
  begin() {
    this.#begun = true;
    this.#restore();
  }

  /** The file has come, checked. @param {Uint8Array} packed */
  take(packed) {
    this.#packed = packed;
    this.#restore();
  }

  #restore() {
    if (!this.#packed || !this.#begun || this.isHere) return;
    restore(wordsOf(this.#packed), new Uint32Array(memoryOf(this.#exports).buffer));
    this.#packed = null;
    this.isHere = true;
  }
}

/**
 * Puts a function at the end of the table of functions.
 *
 * @param {WebAssembly.Exports} exports of an instance that has just been made, since its place is the same in all
 * @param {Call} trap
 * @returns {number} its place
 */
export function setTrap(exports, trap) {
  const { exports: { "": pass } } = new WebAssembly.Instance(new WebAssembly.Module(PASS), { "": { "": trap } });
  const table = tableOf(exports);
  const place = table.grow(1);
  table.set(place, pass); // WebKitGTK leaves out what `grow` is given
  return place;
}

/** Calls what can be called as it is said in it. @param {WebAssembly.Exports} exports @param {Parameters<Call>} given */
export function call(exports, ...given) {
  const words = new Uint32Array(memoryOf(exports).buffer);
  /** @type {Call} */
  const called = tableOf(exports).get(/** @type {number} */ (words[(given[0] >>> 0) / WORD + CALL]));
  return called(...given);
}

/**
 * Packed, as 32-bit numbers, little-endian: how many runs of words there are; of each, how many words lie before it, and
 * how many it has; all these words, one run after the other.
 *
 * @param {Uint32Array} words
 * @param {Uint32Array} memory
 */
function restore(words, memory) {
  const word = (/** @type {number} */ at) => /** @type {number} */ (words[at]);
  const runs = 1 + 2 * word(0);
  let from = runs;
  let to = 0;
  for (let run = 1; run < runs; run += 2) {
    to += word(run);
    for (const end = from + word(run + 1); from < end; from += 1, to += 1) {
      memory[to] = /** @type {number} */ (memory[to]) ^ word(from);
    }
  }
}

/** @param {WebAssembly.Exports} exports */
function tableOf(exports) {
  return /** @type {WebAssembly.Table} */ (exports["__indirect_function_table"]);
}

/** @param {WebAssembly.Exports} exports */
function memoryOf(exports) {
  return /** @type {WebAssembly.Memory} */ (exports["memory"]);
}
