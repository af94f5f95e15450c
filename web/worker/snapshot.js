// A snapshot of Python's memory as it ships. It builds on the memory that a fresh instance of the module begins with,
// whose data the browser has anyway: what ships is the difference (XOR), without pages of zeros, which are three
// quarters of it. tools/snapshot.mjs packs, the worker thaws.
//
// Packed, as 32-bit numbers, little-endian: bytes of the fresh memory that it builds on; bytes of the head; how many
// pages there are; bytes of the whole memory; the number of each page. Then the head, which is Pyodide's own (its
// snapshot.ts), and the pages.

const PAGE = 4096;

/**
 * @param {Uint8Array} snapshot as Pyodide makes it, the head and the memory; is changed
 * @param {Uint8Array} fresh the memory that an instance of the same module begins with
 */
export function pack(snapshot, fresh) {
  const memory = memoryOf(snapshot);
  const head = snapshot.subarray(0, snapshot.length - memory.length);
  const data = Math.ceil((fresh.findLastIndex((byte) => byte !== 0) + 1) / PAGE) * PAGE;
  for (let at = 0; at < data; at += 1) memory[at] = /** @type {number} */ (memory[at]) ^ /** @type {number} */ (fresh[at]);
  const pages = Array.from({ length: memory.length / PAGE }, (_, number) => (
    { number, bytes: memory.subarray(number * PAGE, (number + 1) * PAGE) }
  )).filter(({ bytes }) => bytes.some((byte) => byte !== 0));
  const numbers = Uint32Array.of(data, head.length, pages.length, memory.length, ...pages.map(({ number }) => number));
  const parts = [new Uint8Array(numbers.buffer), head, ...pages.map(({ bytes }) => bytes)];
  const packed = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    packed.set(part, at);
    at += part.length;
  }
  return packed;
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
 * @param {{HEAPU8: Uint8Array, _malloc: (bytes: number) => number, _free: (at: number) => void}} module
 */
export function growFor(packed, module) {
  const { whole } = measure(packed);
  if (module.HEAPU8.length < whole) module._free(module._malloc(whole));
  if (module.HEAPU8.length < whole) throw new RangeError("There is no room for the snapshot.");
}

/**
 * Makes the memory what it was.
 *
 * @param {Uint8Array} packed
 * @param {Uint8Array} fresh what the memory began with, as far as the snapshot builds on it
 * @param {Uint8Array} memory of an instance of the same module, and as large as it was
 */
export function thaw(packed, fresh, memory) {
  const { numbers, data, begin } = measure(packed);
  if (data !== fresh.length) throw new RangeError("The snapshot builds on another memory.");
  memory.set(fresh);
  memory.fill(0, data);
  numbers.forEach((number, place) => {
    const from = packed.subarray(begin + place * PAGE, begin + (place + 1) * PAGE);
    if (number * PAGE < data) addTo(memory, number * PAGE, from);
    else memory.set(from, number * PAGE);
  });
}

/** @param {Uint8Array} memory @param {number} at @param {Uint8Array} page by words: all of it lies on their borders */
function addTo({ buffer, byteOffset }, at, page) {
  const target = new Uint32Array(buffer, byteOffset + at, PAGE / 4);
  const source = new Uint32Array(page.buffer, page.byteOffset, PAGE / 4);
  for (let word = 0; word < PAGE / 4; word += 1) {
    target[word] = /** @type {number} */ (target[word]) ^ /** @type {number} */ (source[word]);
  }
}

/** @param {Uint8Array} packed */
function measure(packed) {
  const word = (/** @type {number} */ place) => new DataView(packed.buffer, packed.byteOffset).getUint32(4 * place, true);
  const [data, headBytes, count, whole] = [word(0), word(1), word(2), word(3)];
  const begin = 4 * (4 + count) + headBytes;
  if (packed.length !== begin + count * PAGE) throw new RangeError("This is no snapshot.");
  const numbers = Array.from({ length: count }, (_, place) => word(4 + place));
  return { data, headBytes, begin, numbers, whole };
}
