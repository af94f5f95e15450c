// Python in Node, the same for everybody: clock and randomness stand still.
//
// Pyodide's module imports one function more where tools/split.py made it: `load`, which has the second module loaded, or
// `called`, which is told of each function that is called.
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { instantiateSecond } from "../web/worker/second.js";

const NOON = Date.UTC(2000, 0, 1, 12);
const OURS = "panda";
const SECOND = "pyodide.second.wasm";

export const read = (path) => new Uint8Array(readFileSync(path));

/** What was called, by numbers of functions. @type {Set<number>} */
export const called = new Set();

process.argv[1] = "/snapshot"; // Emscripten gives it to Python as its own name
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
