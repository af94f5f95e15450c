// A snapshot of Python's memory, shipped as its difference from the memory that the module begins with: the module
// holds those bytes anyway. build.py makes it, the worker takes it apart again.

const DATA_SECTION = 11;

/** Where in a snapshot the memory begins, behind a head of its own (Pyodide's snapshot.ts). @param {Uint8Array} snapshot */
export function beginOfMemory(snapshot) {
  return new DataView(snapshot.buffer, snapshot.byteOffset).getUint32(4, true);
}

/**
 * XOR of a snapshot's memory and the module's data, in place: the same function there and back.
 *
 * @param {Uint8Array} snapshot
 * @param {Uint8Array} wasm of which only the data section is read (WebAssembly Core 2.0, 5.5.14)
 */
export function difference(snapshot, wasm) {
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
