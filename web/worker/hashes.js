// What follows from the hashes of texts does not travel in a snapshot: these hashes themselves, the table of Python's
// interned texts, and for each dictionary the places where it looks for its keys. All of it is as good as random, so it
// was a tenth of what travelled. What remains of a dictionary are its keys and values, in their order.
//
// An interned text says in place of its hash how far it is to the next one; the last one says 0. So the table of interned
// texts, which has each of them as key and as value, can be made again, in the order of their addresses.
//
// How all of that lies in memory: CPython's Include/cpython/unicodeobject.h (PyASCIIObject), Include/cpython/dictobject.h
// (PyDictObject), Include/internal/pycore_dict.h (_dictkeysobject), and Objects/dictobject.c for the places.

/**
 * @typedef {{
 *   memory: Uint8Array,
 *   hash: (at: number, bytes: number) => number,
 *   dictionaries: number[],
 *   interned: number,
 *   data: number,
 * }} Heap memory: of Python; hash: what Python itself says of bytes (Py_HashBuffer); dictionaries: the addresses of
 *   those that its collector knows; interned: that of interned texts; data: bytes that an instance begins with, in which
 *   no dictionary changes
 */

const WORD = 4;
// Words of texts, of dictionaries, of their tables.
const [LENGTH, HASH, STATE, TEXT, UNICODE] = [2, 3, 4, 5, 7];
const [USED, UNUSED, TABLE] = [2, 3, 6];
const [USABLE, ENTRIES, INDEX] = [3, 4, 5];
// Bytes of tables: how many places there are, and how many bytes these have, as powers of two; what the table is for.
const [PLACES, BYTES, KIND] = [4, 5, 6];
const [ANY, TEXTS] = [0, 1];
const EMPTY = -1;
const PERTURB = 5;

/**
 * Leaves out what `derive` makes again; and, in dictionaries and texts, what no field is: it is what was there before.
 *
 * @param {Heap} heap
 * @returns {number} the address of the first interned text
 */
export function omit(heap) {
  const words = wordsOf(heap.memory);
  eachTable(heap, words, (places, first, last) => { places.fill(0, first, first + last + 1); });
  for (const dictionary of heap.dictionaries) words[dictionary / WORD + UNUSED] = 0;
  return chain(heap, words);
}

/** Makes again what `omit` left out. @param {Heap} heap @param {number} text the first interned one */
export function derive(heap, text) {
  const words = wordsOf(heap.memory);
  unchain(heap, words, text);
  eachTable(heap, words, place);
}

/** A memory by words. @param {Uint8Array} memory */
export function wordsOf({ buffer, byteOffset, length }) {
  return new Uint32Array(buffer, byteOffset, length / WORD);
}

/**
 * Every start waits for this, so it makes no object for a table.
 *
 * @param {Heap} heap
 * @param {Uint32Array} words
 * @param {typeof place} visit
 */
function eachTable({ memory, dictionaries, data }, words, visit) {
  const { buffer, byteOffset, length } = memory;
  const bytes = new Int8Array(buffer, byteOffset, length);
  const pairs = new Int16Array(buffer, byteOffset, length / 2);
  const fours = new Int32Array(buffer, byteOffset, length / 4);
  for (const dictionary of dictionaries) {
    const table = /** @type {number} */ (words[dictionary / WORD + TABLE]);
    const kind = memory[table + KIND];
    if (table < data || kind !== ANY && kind !== TEXTS) continue; // no keys yet, or those of a class
    const power = /** @type {number} */ (memory[table + PLACES]);
    const begin = table + INDEX * WORD;
    const entries = (begin + 2 ** /** @type {number} */ (memory[table + BYTES])) / WORD;
    const count = /** @type {number} */ (words[table / WORD + ENTRIES]);
    const last = 2 ** power - 1;
    if (power < 8) visit(bytes, begin, last, words, entries, count, kind === TEXTS);
    else if (power < 16) visit(pairs, begin / 2, last, words, entries, count, kind === TEXTS);
    else visit(fours, begin / 4, last, words, entries, count, kind === TEXTS);
  }
}

/**
 * Puts each key where Python looks for it.
 *
 * @param {Int8Array | Int16Array | Int32Array} places the whole memory
 * @param {number} first where in it this table's places begin
 * @param {number} last how many more there are
 * @param {Uint32Array} words
 * @param {number} entries the word that they begin at
 * @param {number} count how many there are
 * @param {boolean} ofTexts whether all keys are
 */
function place(places, first, last, words, entries, count, ofTexts) {
  const size = ofTexts ? 2 : 3;
  places.fill(EMPTY, first, first + last + 1);
  for (let number = 0; number < count; number += 1) {
    const entry = entries + number * size;
    if (words[entry + size - 1] === 0) continue; // it was taken out
    const hash = /** @type {number} */ (words[ofTexts ? /** @type {number} */ (words[entry]) / WORD + HASH : entry]);
    let at = hash & last;
    for (let perturb = hash; places[first + at] !== EMPTY;) {
      perturb >>>= PERTURB;
      at = at * 5 + perturb + 1 & last;
    }
    places[first + at] = number;
  }
}

/**
 * The table of interned texts: where it and its entries begin, of two words each, and how many entries there are.
 *
 * @param {Uint8Array} memory
 * @param {Uint32Array} words
 * @param {number} interned
 */
export function internedIn(memory, words, interned) {
  const table = /** @type {number} */ (words[interned / WORD + TABLE]) / WORD;
  const entries = table + INDEX + 2 ** /** @type {number} */ (memory[table * WORD + BYTES]) / WORD;
  return { table, entries, count: /** @type {number} */ (words[table + ENTRIES]) };
}

/** @param {Heap} heap @param {Uint32Array} words @returns {number} the first one */
function chain({ memory, hash, interned }, words) {
  const { table, entries, count } = internedIn(memory, words, interned);
  const texts = words.slice(entries, entries + 2 * count).filter((text, place) => text !== 0 && place % 2 === 0).sort();
  if (words[interned / WORD + USED] !== texts.length) throw new RangeError("These are not the interned texts.");
  words.fill(0, entries, entries + 2 * count);
  words[table + USABLE] = /** @type {number} */ (words[table + USABLE]) + count - texts.length;
  words[table + ENTRIES] = texts.length;
  texts.forEach((text, place) => {
    if (hashOf(words, hash, text) !== words[text / WORD + HASH]) throw new RangeError("Texts have other hashes.");
    clean(memory, words, text);
    words[text / WORD + HASH] = (texts[place + 1] ?? text) - text;
  });
  return texts[0] ?? 0;
}

/** @param {Heap} heap @param {Uint32Array} words @param {number} first */
function unchain({ memory, hash, interned }, words, first) {
  let { entries: entry } = internedIn(memory, words, interned);
  let text = first;
  for (let distance = -1; distance !== 0;) {
    distance = /** @type {number} */ (words[text / WORD + HASH]);
    words[text / WORD + HASH] = hashOf(words, hash, text);
    words[entry] = text;
    words[entry + 1] = text;
    entry += 2;
    text += distance;
  }
}

/** @param {Uint32Array} words @param {Heap["hash"]} hash @param {number} text */
function hashOf(words, hash, text) {
  const state = /** @type {number} */ (words[text / WORD + STATE]);
  const length = /** @type {number} */ (words[text / WORD + LENGTH]);
  return hash(text + lettersAt(state), length * sizeOf(state)) >>> 0;
}

/** Where the letters of a text begin, in bytes. @param {number} state */
function lettersAt(state) {
  const isAscii = state >>> 6 & 1;
  return (isAscii ? TEXT : UNICODE) * WORD;
}

/** How many bytes a letter has. @param {number} state */
function sizeOf(state) {
  return state >>> 2 & 7;
}

/** @param {Uint8Array} memory @param {Uint32Array} words @param {number} text */
function clean(memory, words, text) {
  const state = /** @type {number} */ (words[text / WORD + STATE]) & 0xff;
  const length = /** @type {number} */ (words[text / WORD + LENGTH]);
  const piece = /** @type {number} */ (words[text / WORD - 1]) & ~7; // malloc's, with the word that says so
  words[text / WORD + STATE] = state;
  memory.fill(0, text + lettersAt(state) + (length + 1) * sizeOf(state), text + piece - WORD);
}
