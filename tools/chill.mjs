// Takes out of Python's memory the code of functions that few visits call (web/worker/cold.js). It is there before anything
// else is done with the memory to make a snapshot of it.
//
// A function leaves its code, and the values that its arguments have by themselves. What these hold, and nothing else in the
// whole memory does, leaves with them: tuples, texts, numbers, bytes, codes of functions in it. To know that nothing else does,
// all words of the memory are looked at, whatever they are; what looks like an address counts as one.
//
// What is left is a memory that Python can live with: nobody has an address of what is gone, and nothing can be made in its
// place, since malloc knows it as in use. What comes back is as it was, but for three things:
//
// - Tuples are not known to Python's collector. It looks for what hold each other in a ring, and constants do not.
// - Texts are not interned. One that is equal may be by then.
// - The function is there for ever, for its memory must not be another's by then.
//
// What making a snapshot takes from functions besides, their versions, is given back first.
//
// How all of that lies in memory: CPython's Include/cpython/{funcobject,code,tupleobject,unicodeobject}.h.
import { call } from "../web/worker/cold.js";
import { internedIn, wordsOf } from "../web/worker/hashes.js";

const WORD = 4;
/** Bytes by which the collector knows an object, in front of it; and of malloc's word before these, or before an object. */
const [LINKS, HEAD] = [8, 4];
const FLAGS = 3;
// Words of all objects; of functions; of codes; of tuples; of texts.
const [COUNT, TYPE, SIZE] = [0, 1, 2];
const [CODE, DEFAULTS, CALL, VERSION] = [6, 7, 17, 18];
/** Constants, names, exceptions, names of variables and their kinds, file, name, full name, lines. */
const HELD = [3, 4, 5, 18, 19, 20, 21, 22, 23];
const CODE_VERSION = 17;
/** Of a function whose code was set (CPython's Objects/funcobject.c, func_set_code). */
const CLEARED = 1;
const ITEMS = 4;
const STATE = 4;
const INTERNED = 3;
/** The word of a dictionary that says how many it has. */
const USED = 2;

/**
 * @typedef {object} Known what snapshot.py says of a memory: addresses
 * @property {Map<number, string>} functions those that the collector knows, and what they are called
 * @property {number} missing the function whose code all have that have none
 * @property {number} interned the dictionary of interned texts
 * @property {{code: number, tuple: number, text: number, plain: number[]}} types plain: of what holds nothing
 */

/**
 * @param {Uint8Array} memory is changed
 * @param {number} data bytes that an instance begins with, in which nothing leaves
 * @param {Known} known
 * @param {Set<string>} called what functions are called that stay as they are
 * @param {number} trap how the others are called: a place in the table of functions
 * @returns {Uint8Array} what has left, as web/worker/cold.js takes it
 */
export function chill(memory, data, known, called, trap) {
  const words = wordsOf(memory);
  const { missing, types } = known;
  const cold = [...known.functions].filter(([at, name]) => name && at !== missing && !called.has(name)).map(([at]) => at);
  const { entries: begin, count } = internedIn(memory, words, known.interned);
  const table = { begin, end: begin + 2 * count };
  const gone = heldBy(words, cold, countAll(words, data, table), types);
  for (const tuple of gone) if (words[tuple / WORD + TYPE] === types.tuple) forget(words, tuple);
  for (let entry = table.begin; entry < table.end; entry += 2) {
    if (!gone.has(words[entry])) continue;
    words[entry] = words[entry + 1] = 0;
    words[known.interned / WORD + USED] -= 1;
  }
  const whole = words.slice();
  for (const object of gone) if (words[object / WORD + TYPE] === types.text) whole[object / WORD + STATE] &= ~INTERNED;
  for (const each of cold) {
    const at = each / WORD;
    const code = words[at + CODE];
    if (!gone.has(code)) continue;
    words[at + COUNT] += 1; // for ever
    whole[at + COUNT] += 1;
    words[at + VERSION] = 0; // a shortcut would not go by the trap
    words[at + CALL] = trap;
    words[at + CODE] = words[missing / WORD + CODE];
    if (gone.has(words[at + DEFAULTS])) words[at + DEFAULTS] = 0;
  }
  const pieces = [...gone].map((object) => pieceOf(words, object, types));
  for (const [begin, end] of pieces) memory.fill(0, begin, end);
  for (let at = 0; at < whole.length; at += 1) whole[at] ^= words[at];
  return runsOf(whole);
}

/**
 * Gives functions whose code was set a version again, that of their code: without one Python makes no shortcut from a call to
 * it, for as long as the function lives.
 *
 * @param {Uint8Array} memory is changed
 * @param {Known["functions"]} functions
 */
export function giveVersions(memory, functions) {
  const words = wordsOf(memory);
  for (const each of functions.keys()) {
    const at = each / WORD;
    if (words[at + VERSION] === CLEARED) words[at + VERSION] = words[words[at + CODE] / WORD + CODE_VERSION];
  }
}

/**
 * Sets the trap in all functions, and nothing more.
 *
 * @param {Uint8Array} memory
 * @param {Known["functions"]} functions
 * @param {number} trap
 * @returns {number} what was there
 */
export function trapAll(memory, functions, trap) {
  const words = wordsOf(memory);
  const all = [...functions.keys()];
  const [usual] = all.map((at) => words[at / WORD + CALL]);
  for (const each of all) {
    const at = each / WORD;
    if (words[at + CALL] !== usual) throw new Error(`${functions.get(each)} is called in another way.`);
    words[at + CALL] = trap;
    words[at + VERSION] = 0;
  }
  return usual;
}

/** Calls a function without the trap, from now on. */
export function untrap(exports, callable, usual, given) {
  new Uint32Array(exports.memory.buffer)[callable / WORD + CALL] = usual;
  return call(exports, callable, ...given);
}

/** How often the address of each object stands in the memory; the interned texts' own table does not count. */
function countAll(words, data, table) {
  const counts = new Uint32Array(words.length);
  words.forEach((word, at) => {
    const isAddress = word >= data && word % WORD === 0 && word / WORD < words.length;
    if (isAddress && (at < table.begin || at >= table.end)) counts[word / WORD] += 1;
  });
  return counts;
}

/** What functions leave, if nothing else has it, and what that has. */
function heldBy(words, functions, counts, { code, tuple, text, plain }) {
  const gone = new Set();
  const left = counts.slice();
  const leave = (object) => {
    const at = object / WORD;
    if (counts[at] === 0 || (left[at] -= 1) > 0) return;
    const type = words[at + TYPE];
    if (![code, tuple, text, ...plain].includes(type)) return;
    gone.add(object);
    if (type === code) for (const held of HELD) leave(words[at + held]);
    if (type === tuple) for (let item = 0; item < words[at + SIZE]; item += 1) leave(words[at + ITEMS + item]);
  };
  for (const each of functions) leave(words[each / WORD + CODE]);
  // One that keeps its code has no trap, and is called with its values.
  for (const each of functions) if (gone.has(words[each / WORD + CODE])) leave(words[each / WORD + DEFAULTS]);
  return gone;
}

/** Takes an object out of the collector's ring. */
function forget(words, object) {
  const at = object / WORD - 2;
  const [next, previous] = [words[at] & ~FLAGS, words[at + 1] & ~FLAGS];
  if (next === 0) return;
  words[previous / WORD] = next | words[previous / WORD] & FLAGS;
  words[next / WORD + 1] = previous | words[next / WORD + 1] & FLAGS;
  words[at] = words[at + 1] = 0;
}

/** Where an object's memory is, in bytes, without malloc's word, by which it is one that is in use. */
function pieceOf(words, object, { tuple }) {
  const begin = object - (words[object / WORD + TYPE] === tuple ? LINKS : 0);
  const size = words[(begin - HEAD) / WORD] & ~7;
  return [begin, begin - HEAD + size];
}

/** What is not zero, as runs of words. */
function runsOf(words) {
  const runs = [];
  const found = [];
  for (let at = 0, behind = 0; at < words.length; at += 1) {
    if (words[at] === 0) continue;
    const begin = at;
    for (; words[at] !== 0 && at < words.length; at += 1) found.push(words[at]);
    runs.push(begin - behind, at - begin);
    behind = at;
  }
  return new Uint8Array(Uint32Array.from([runs.length / 2].concat(runs, found)).buffer);
}
