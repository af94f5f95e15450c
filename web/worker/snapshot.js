// A snapshot of Python's memory as it ships. It builds on the memory that a fresh instance of the module begins with,
// whose data the browser has anyway: what ships is the difference (XOR), without pages of zeros, which are three
// quarters of it. tools/snapshot.mjs packs, the worker thaws.
//
// Python's collector knows its objects by a ring: in front of each are two words, with the addresses of the next one's
// and of the previous one's words (CPython's Include/internal/pycore_interp_structs.h, PyGC_Head), and flags in the two
// lowest bits of both. Nobody minds the order, so the ring is packed in the order of addresses, and as distances: these
// are small, and alike.
//
// What follows from the hashes of texts is left out, too (hashes.js).
//
// Packed, as 32-bit numbers, little-endian: bytes of the fresh memory that it builds on; bytes of the head; how many
// pages there are; bytes of the whole memory; the address of the first words of the ring; that of the dictionary of
// interned texts, and that of the first of these; the number of each page. Then the head, which is Pyodide's own (its
// snapshot.ts), and the pages.

import { derive, omit, wordsOf } from "./hashes.js";

const PAGE = 4096;
const WORDS = 7;
/** Bytes of the two words in front of an object. */
const LINKS = 8;
const FLAGS = 3;

/**
 * @param {Uint8Array} snapshot as Pyodide makes it, the head and the memory; is changed
 * @param {Uint8Array} fresh the memory that an instance of the same module begins with
 * @param {{ring: number, interned: number}} known ring: an object that is in it; interned: the dictionary of interned texts
 * @param {import("./hashes.js").Heap["hash"]} hash
 */
export function pack(snapshot, fresh, { ring, interned }, hash) {
  const memory = memoryOf(snapshot);
  const head = snapshot.subarray(0, snapshot.length - memory.length);
  const data = dataOf(fresh);
  const dictionaries = objectsLike(memory, interned, ring);
  const text = omit({ memory, hash, dictionaries, interned, data });
  const first = unlink(wordsOf(memory), ring - LINKS);
  for (let at = 0; at < data; at += 1) memory[at] = /** @type {number} */ (memory[at]) ^ /** @type {number} */ (fresh[at]);
  const pages = Array.from({ length: memory.length / PAGE }, (_, number) => (
    { number, bytes: memory.subarray(number * PAGE, (number + 1) * PAGE) }
  )).filter(({ bytes }) => bytes.some((byte) => byte !== 0));
  const numbers = Uint32Array.of(data, head.length, pages.length, memory.length, first, interned, text, ...pages.map(({ number }) => number));
  const parts = [new Uint8Array(numbers.buffer), head, ...pages.map(({ bytes }) => bytes)];
  const packed = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    packed.set(part, at);
    at += part.length;
  }
  return packed;
}

/** Bytes that an instance begins with, in whole pages. @param {Uint8Array} fresh */
export function dataOf(fresh) {
  return Math.ceil((fresh.findLastIndex((byte) => byte !== 0) + 1) / PAGE) * PAGE;
}

/**
 * All objects that the collector knows of the type that one has.
 *
 * @param {Uint8Array} memory
 * @param {number} one
 * @param {number} ring an object that the collector knows
 */
export function objectsLike(memory, one, ring) {
  const words = wordsOf(memory);
  const objects = ringOf(words, ring - LINKS).map((at) => at + LINKS);
  return objects.filter((object) => typeOf(words, object) === typeOf(words, one));
}

/** The memory in a snapshot as Pyodide makes it, behind the head. @param {Uint8Array} snapshot */
export function memoryOf(snapshot) {
  return snapshot.subarray(new DataView(snapshot.buffer, snapshot.byteOffset).getUint32(4, true));
}

/** Pyodide's own head. @param {Uint8Array} packed */
export function headOf(packed) {
  const { begin, headBytes } = measure(packed);
  return packed.subarray(begin - headBytes, begin);
}

/**
 * Makes the memory of an instance as large as it was. Only Emscripten's allocator tells all that look at the memory
 * where it is then; what the allocator notes meanwhile is gone when the memory is what it was.
 *
 * @param {Uint8Array} packed
 * @param {{HEAPU8: Uint8Array, _emscripten_stack_get_end: () => number, _emscripten_stack_get_current: () => number, _malloc: (bytes: number) => number, _free: (at: number) => void, _sbrk: (more: number) => number}} module
 * @returns {[number, number][]} from where to where somebody may have written, besides the data that an instance begins with; not
 *   the ten megabytes that the stack may have, of which nobody reads again what has been there
 */
export function growFor(packed, module) {
  const { data, whole } = measure(packed);
  const [low, stack] = [module._emscripten_stack_get_end() >>> 0, module._emscripten_stack_get_current() >>> 0];
  const end = module._sbrk(0) >>> 0;
  if (module.HEAPU8.length >= whole) return [[data, low], [stack, end]];
  module._free(module._malloc(whole));
  if (module.HEAPU8.length < whole) throw new RangeError("There is no room for the snapshot.");
  return [[data, low], [stack, module.HEAPU8.length]];
}

/**
 * Makes the memory what it was. What nobody has written into is left alone: the system gives a page of memory to who
 * writes zeros there too, and thousands of these take longer than all else here.
 *
 * @param {Uint8Array} packed
 * @param {Uint8Array} fresh what the memory began with, as far as the snapshot builds on it
 * @param {Uint8Array} memory of an instance of the same module, and as large as it was
 * @param {[number, number][]} written from where to where something may be that is not zero
 * @param {import("./hashes.js").Heap["hash"]} hash
 */
export function thaw(packed, fresh, memory, written, hash) {
  const { numbers, data, begin, first, interned, text } = measure(packed);
  if (data !== fresh.length) throw new RangeError("The snapshot builds on another memory.");
  memory.set(fresh);
  for (const [from, to] of written) memory.fill(0, from, to);
  for (const { at, place, count } of runs(numbers, data)) {
    const pages = packed.subarray(begin + place * PAGE, begin + (place + count) * PAGE);
    if (at < data) addTo(memory, at, pages);
    else memory.set(pages, at);
  }
  const dictionaries = link(wordsOf(memory), first, typeOf(wordsOf(memory), interned));
  derive({ memory, hash, dictionaries, interned, data }, text);
}

/** @param {Uint32Array} memory @param {number} one of its addresses @returns {number[]} all of them */
function ringOf(memory, one) {
  const ring = [];
  let at = one;
  do {
    ring.push(at);
    at = /** @type {number} */ (memory[at / 4]) & ~FLAGS;
  } while (at !== one);
  return ring;
}

/**
 * Makes distances of a ring's addresses; the last one has none.
 *
 * @param {Uint32Array} memory
 * @param {number} one of its addresses
 * @returns {number} the lowest of them
 */
function unlink(memory, one) {
  const ring = ringOf(memory, one);
  ring.sort((before, behind) => before - behind);
  for (const [place, at] of ring.entries()) {
    memory[at / 4] = (ring[place + 1] ?? at) - at | /** @type {number} */ (memory[at / 4]) & FLAGS;
    memory[at / 4 + 1] = /** @type {number} */ (memory[at / 4 + 1]) & FLAGS;
  }
  return ring[0] ?? one;
}

/** @param {Uint32Array} memory @param {number} object */
function typeOf(memory, object) {
  return /** @type {number} */ (memory[object / 4 + 1]);
}

/**
 * Makes addresses of a ring's distances.
 *
 * @param {Uint32Array} memory
 * @param {number} first
 * @param {number} type
 * @returns {number[]} the objects of that type, in passing
 */
function link(memory, first, type) {
  const found = [];
  let at = first;
  for (let distance = -1; distance !== 0;) {
    const word = /** @type {number} */ (memory[at / 4]);
    distance = word & ~FLAGS;
    const next = distance ? at + distance : first;
    memory[at / 4] = next | word & FLAGS;
    memory[next / 4 + 1] = at | /** @type {number} */ (memory[next / 4 + 1]) & FLAGS;
    if (typeOf(memory, at + LINKS) === type) found.push(at + LINKS);
    at = next;
  }
  return found;
}

/**
 * Pages that lie one behind the other: thousands become a hundred.
 *
 * @param {Uint32Array} numbers
 * @param {number} border an address that none crosses
 * @returns {{at: number, place: number, count: number}[]} where in the memory, from which place on, and how many
 */
function runs(numbers, border) {
  const found = [];
  let first = 0;
  for (let place = 1; place <= numbers.length; place += 1) {
    const next = /** @type {number} */ (numbers[place - 1]) + 1;
    if (numbers[place] === next && next * PAGE !== border) continue;
    found.push({ at: (next - (place - first)) * PAGE, place: first, count: place - first });
    first = place;
  }
  return found;
}

/** @param {Uint8Array} memory @param {number} at @param {Uint8Array} pages by words: all of it lies on their borders */
function addTo({ buffer, byteOffset }, at, pages) {
  const target = new Uint32Array(buffer, byteOffset + at, pages.length / 4);
  const source = new Uint32Array(pages.buffer, pages.byteOffset, pages.length / 4);
  for (let word = 0; word < source.length; word += 1) {
    target[word] = /** @type {number} */ (target[word]) ^ /** @type {number} */ (source[word]);
  }
}

/** @param {Uint8Array} packed */
function measure(packed) {
  const word = (/** @type {number} */ place) => new DataView(packed.buffer, packed.byteOffset).getUint32(4 * place, true);
  const [data, headBytes, count, whole, first] = [word(0), word(1), word(2), word(3), word(4)];
  const [interned, text] = [word(5), word(6)];
  const begin = 4 * (WORDS + count) + headBytes;
  if (packed.length !== begin + count * PAGE) throw new RangeError("This is no snapshot.");
  const numbers = new Uint32Array(packed.buffer, packed.byteOffset + 4 * WORDS, count);
  return { data, headBytes, begin, numbers, whole, first, interned, text };
}
