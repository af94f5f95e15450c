// Makes the snapshot that a site's worker starts from: Python with the wheels' modules imported.
//
//   node snapshot.mjs PYODIDE OUT ASLEEP PROGRAM [--extension MODULE=WHEEL]... WHEEL...
//     [--session SESSION | --called CALLED | --telling]
//
// ASLEEP runs in a Pyodide of its own and writes /asleep, which PROGRAM finds, and /seldom, which goes into the directory
// OUT beside the snapshot. PROGRAM writes /known, with addresses, and says what functions are called by `name`.
// For tests, awake.txt in OUT has the names of all modules in the snapshot.
//
// With SESSION, what is called of Python's module and of Python's functions by what visitors do (session.mjs, which runs
// SESSION) goes into OUT/called.json. The module is one that tells then, and otherwise one in two parts (tools/split.py).
// With CALLED, which has names of functions, the code of all others goes into OUT/cold.bin (chill.mjs). A snapshot that is
// telling has the trap in each function, and OUT/functions.json says what they are called, by addresses, and how.
//
// Modules of applications are in it as well: a page that needs one would wait for it longer than for all the others.
// Whether a page gets what they add is said when it starts.
//
// Equal sources make equal bytes: clock and randomness stand still, and freed memory is zeroed, which also makes the
// snapshot small. No secret can be in it, since none is made.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { setTrap } from "../web/worker/cold.js";
import { dataOf, memoryOf, objectsLike, pack } from "../web/worker/snapshot.js";
import { chill, giveVersions, trapAll, untrap } from "./chill.mjs";
import { disks, session } from "./session.mjs";

const SECOND = "pyodide.second.wasm";

const { positionals, values } = parseArgs({
  args: process.argv.splice(2),
  options: {
    extension: { type: "string", multiple: true, default: [] },
    session: { type: "string" },
    called: { type: "string" },
    telling: { type: "boolean" },
  },
  allowPositionals: true,
});
const [pyodideDirectory, out, compiling, program, ...wheels] = positionals;
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
/** What the second part wrote into the memory: what was there before, and then. @type {[Uint8Array, Uint8Array] | null} */
let written = null;
/** Functions of the module that were called, by their numbers, where it is one that tells. @type {Set<number>} */
const called = new Set();
/** The place of the trap in the table of functions, and what it does. */
let trap = 0;
let trapped = () => { throw new Error("No function has the trap."); };
const { instantiate } = WebAssembly;
WebAssembly.instantiate = async (what, imports) => {
  let exports;
  const load = () => {
    const second = new WebAssembly.Module(read(join(pyodideDirectory, SECOND)));
    const before = new Uint8Array(exports.memory.buffer).slice(0, fresh.length);
    new WebAssembly.Instance(second, { panda: exports });
    written = [before, new Uint8Array(exports.memory.buffer).slice(0, fresh.length)];
  };
  disks.replace(imports);
  if (imports) imports.panda = { load, called: (/** @type {number} */ number) => called.add(number) };
  const made = await instantiate(what, imports);
  exports = made.instance?.exports ?? made.exports;
  if (exports.Py_HashBuffer) {
    fresh = new Uint8Array(exports.memory.buffer).slice();
    trap = setTrap(exports, (...call) => trapped(exports, ...call));
  }
  return made;
};

const { loadPyodide } = await import(pathToFileURL(join(pyodideDirectory, "pyodide.mjs")).href);
const CODES = "/asleep";
const compiler = await pyodideWithWheels({});
run(compiler, compiling);
const pyodide = await pyodideWithWheels({ _makeSnapshot: true });
pyodide.FS.writeFile(CODES, compiler.FS.readFile(CODES));
for (const extension of values.extension) {
  const [module, wheel] = extension.split("=", 2);
  const archive = `/${basename(wheel)}`; // where the worker puts it
  pyodide.FS.writeFile(archive, read(wheel));
  const worker = pyodide.pyimport("panda_web.browser.worker");
  worker.load(archive, module);
  worker.destroy();
}
const names = new Map();
globalThis.name = (address, name) => names.set(address, name);
globalThis.zeroFreed = () => zeroFreed(pyodide._module);
globalThis.zeroFreed();
run(pyodide, program);
globalThis.zeroFreed();
const snapshot = pyodide.makeMemorySnapshot();
mkdirSync(out);
writeFileSync(join(out, "awake.txt"), [...pyodide.pyimport("sys").modules.keys()].sort().join("\n"));
const known = JSON.parse(pyodide.FS.readFile("/known", { encoding: "utf8" }));
known.functions = new Map(objectsLike(memoryOf(snapshot), known.missing, known.ring).map((at) => [at, names.get(at)]));
giveVersions(memoryOf(snapshot), known.functions);
const whole = snapshot.slice(); // which packing changes
if (written) unwrite(memoryOf(snapshot), ...written); // it comes with that part
if (values.telling) {
  const usual = trapAll(memoryOf(snapshot), known.functions, trap);
  writeFileSync(join(out, "functions.json"), JSON.stringify({ usual, names: [...known.functions] }));
  writeFileSync(join(out, "cold.bin"), new Uint8Array(4)); // nothing
}
if (values.called) {
  const usual = new Set(JSON.parse(readFileSync(values.called, "utf-8")));
  writeFileSync(join(out, "cold.bin"), chill(memoryOf(snapshot), dataOf(fresh), known, usual, trap));
}
writeFileSync(join(out, "snapshot.bin"), pack(snapshot, fresh, known, pyodide._module._Py_HashBuffer));
writeFileSync(join(out, "seldom.bin"), compiler.FS.readFile("/seldom"));
if (values.session) {
  called.clear();
  const python = new Set();
  const usual = trapAll(memoryOf(whole), known.functions, trap);
  trapped = (exports, callable, ...given) => {
    python.add(known.functions.get(callable));
    return untrap(exports, callable, usual, given);
  };
  const extensions = values.extension.map((each) => each.split("=", 2)).map(([module, wheel]) => ({ module, wheel }));
  const [asleep, seldom] = [CODES, "/seldom"].map((name) => compiler.FS.readFile(name));
  const load = (more) => loadPyodide({ indexURL: pyodideDirectory, ...more });
  await session({ load, snapshot: whole.buffer, asleep, seldom, extensions, program: readFileSync(values.session, "utf-8"), read });
  const module = [...called].sort((one, other) => one - other);
  const all = [...new Set(names.values())].sort();
  writeFileSync(join(out, "called.json"), JSON.stringify({ module, python: [...python].filter(Boolean).sort(), all }));
  process.exit(); // Python goes on, as it does in a tab
}

async function pyodideWithWheels(more) {
  const made = await loadPyodide({
    indexURL: pyodideDirectory,
    args: ["-OO", "-X", "no_debug_ranges"], // neither docstrings nor columns of tracebacks
    env: { HOME: "/home/pyodide", PYTHONHASHSEED: "0" },
    ...more,
  });
  for (const wheel of wheels) made.unpackArchive(read(wheel), "wheel");
  return made;
}

function run(python, path) {
  python.runPython(readFileSync(path, "utf-8"), { globals: python.toPy({ __name__: "snapshot" }) });
}

/** @param {Uint8Array} memory @param {Uint8Array} before @param {Uint8Array} after what changed is what it was before */
function unwrite(memory, before, after) {
  for (let at = 0; at < before.length; at += 1) if (after[at] !== before[at]) memory[at] = before[at];
}

/**
 * Takes all that malloc would give without growing, from the largest pieces down, zeroes it and gives it back. What is
 * given back last is what malloc gives first: so the lowest is, and what is made one after the other lies so.
 */
function zeroFreed(module) {
  const top = module._sbrk(0) >>> 0;
  const pieces = [];
  // A piece is a multiple of eight bytes, four of which are its head. Python asks malloc for small ones, too: so each
  // size is tried, since what a smaller piece leaves of a larger one would not be zeroed.
  const sizes = [];
  for (let size = 1 << 24; size > 1 << 12; size >>= 1) sizes.push(size - 4);
  for (let size = 1 << 12; size >= 16; size -= 8) sizes.push(size - 4);
  for (const size of sizes) {
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
  for (const piece of pieces.sort((one, other) => other - one)) module._free(piece);
  module.HEAPU8.fill(0, top);
}
