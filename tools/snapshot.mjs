// Makes the snapshot that a site's worker starts from: Python with the wheels' modules imported.
//
//   node snapshot.mjs PYODIDE OUT PROGRAM WHEEL...
//
// Equal sources make equal bytes: clock and randomness stand still, and freed memory is zeroed, which also makes the
// snapshot small. No secret can be in it, since none is made.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { pack } from "../web/worker/snapshot.js";

const [pyodideDirectory, out, program, ...wheels] = process.argv.splice(2);
process.argv[1] = "/snapshot"; // Emscripten gives it to Python as its own name
const read = (path) => new Uint8Array(readFileSync(path));

const NOON = Date.UTC(2000, 0, 1, 12);
globalThis.Date = class extends Date {
  constructor(...when) {
    super(...(when.length === 0 ? [NOON] : when));
  }

  static now() {
    return NOON;
  }
};
performance.now = () => 0;
// A snapshot remembers whether it was made with stack switching, and WebKit has none.
delete WebAssembly.Suspending;
delete WebAssembly.promising;
createRequire(import.meta.url)("node:crypto").randomFillSync = (view) => view.fill(0);

let fresh;
const { instantiate } = WebAssembly;
WebAssembly.instantiate = async (...what) => {
  const made = await instantiate(...what);
  const { memory } = made.instance?.exports ?? {};
  if (memory) fresh = new Uint8Array(memory.buffer).slice();
  return made;
};

const { loadPyodide } = await import(pathToFileURL(join(pyodideDirectory, "pyodide.mjs")).href);
const pyodide = await loadPyodide({
  indexURL: pyodideDirectory,
  _makeSnapshot: true,
  args: ["-OO", "-X", "no_debug_ranges"], // neither docstrings nor columns of tracebacks
  env: { HOME: "/home/pyodide", PYTHONHASHSEED: "0" },
});
for (const wheel of wheels) pyodide.unpackArchive(read(wheel), "wheel");
pyodide.runPython(readFileSync(program, "utf-8"), { globals: pyodide.toPy({ __name__: "snapshot" }) });
zeroFreed(pyodide._module);
const snapshot = pyodide.makeMemorySnapshot();
writeFileSync(out, pack(snapshot, fresh));

/** Takes all that malloc would give without growing, from the largest pieces down, zeroes it and gives it back. */
function zeroFreed(module) {
  const top = module._sbrk(0) >>> 0;
  const pieces = [];
  for (let size = 1 << 24; size >= 8; size >>= 1) {
    while (size <= module.HEAPU8.length - (module._sbrk(0) >>> 0)) {
      const piece = module._malloc(size) >>> 0;
      if (piece + size > top) {
        module._free(piece);
        break;
      }
      module.HEAPU8.fill(0, piece, piece + size);
      pieces.push(piece);
    }
  }
  for (const piece of pieces.reverse()) module._free(piece);
  module.HEAPU8.fill(0, top);
}
