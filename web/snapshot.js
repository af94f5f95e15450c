// A snapshot of Python's memory as it ships. Two things are left out: what the module has in its data segments, which
// the browser holds anyway (XOR leaves zeros there), and after that all pages of zeros, two thirds of the whole.
// tools/snapshot.mjs packs, the worker unpacks.
//
// Packed, as 32-bit numbers, little-endian: the snapshot's length in bytes; how many pages follow; the
// number of each, rising; the pages.

const DATA_SECTION = 11;
const PAGE = 4096;

/** Where in a snapshot the memory begins, behind a head of its own (Pyodide's snapshot.ts). @param {Uint8Array} snapshot */
export function beginOfMemory(snapshot) {
  return new DataView(snapshot.buffer, snapshot.byteOffset).getUint32(4, true);
}

/** @param {Uint8Array} snapshot is changed @param {Uint8Array} wasm of its module */
export function pack(snapshot, wasm) {
  difference(snapshot, wasm);
  const pages = new Uint8Array(Math.ceil(snapshot.length / PAGE) * PAGE);
  pages.set(snapshot);
  const numbers = [];
  for (let at = 0; at < pages.length; at += PAGE) {
    if (pages.subarray(at, at + PAGE).some((byte) => byte !== 0)) numbers.push(at / PAGE);
  }
  const head = new Uint8Array(Uint32Array.of(snapshot.length, numbers.length, ...numbers).buffer);
  const packed = new Uint8Array(head.length + numbers.length * PAGE);
  packed.set(head);
  numbers.forEach((number, place) => {
    packed.set(pages.subarray(number * PAGE, (number + 1) * PAGE), head.length + place * PAGE);
  });
  return packed;
}

/**
 * @param {Uint8Array} packed
 * @param {Uint8Array} wasm of its module
 * @param {Uint8Array} snapshot zeros, as many bytes as the snapshot had; is filled
 */
export function unpack(packed, wasm, snapshot) {
  const head = new DataView(packed.buffer, packed.byteOffset, packed.length);
  const [length, count] = [head.getUint32(0, true), head.getUint32(4, true)];
  const begin = 8 + 4 * count;
  if (length !== snapshot.length || packed.length !== begin + count * PAGE) throw new RangeError("This is no snapshot.");
  for (let place = 0; place < count; place += 1) {
    const from = begin + place * PAGE;
    const to = head.getUint32(8 + 4 * place, true) * PAGE;
    snapshot.set(packed.subarray(from, from + Math.min(PAGE, snapshot.length - to)), to);
  }
  difference(snapshot, wasm);
}

/**
 * XOR of a snapshot's memory and the module's data, in place: the same function there and back.
 *
 * @param {Uint8Array} snapshot
 * @param {Uint8Array} wasm of which only the data section is read (WebAssembly Core 2.0, 5.5.14)
 */
function difference(snapshot, wasm) {
  const memory = snapshot.subarray(beginOfMemory(snapshot));
  let at = 8; // behind magic number and version
  const byte = () => {
    const value = wasm[at];
    if (value === undefined) throw new RangeError("The module ends too early.");
    at += 1;
    return value;
  };
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const part = byte();
      value |= (part & 0x7f) << shift;
      if (part < 0x80) return value >>> 0;
    }
  };
  while (at < wasm.length) {
    const section = byte();
    const end = number() + at;
    for (let left = section === DATA_SECTION ? number() : 0; left > 0; left -= 1) {
      // An active segment: a flag, `i32.const` with the address, `end`, the bytes. Addresses here are positive and
      // below 2 ** 31, so the sign of LEB128 plays no part.
      if (byte() !== 0 || byte() !== 0x41) throw new RangeError("The module's data are of another kind.");
      const to = number();
      byte();
      const size = number();
      for (let offset = 0; offset < size; offset += 1) {
        memory[to + offset] = /** @type {number} */ (memory[to + offset]) ^ /** @type {number} */ (wasm[at + offset]);
      }
      at += size;
    }
    at = end;
  }
}
