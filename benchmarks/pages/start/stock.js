// The same with nothing of ours but the wheels, as docs/pyodide.md has it.
import { loadPyodide } from "./pyodide/pyodide.mjs";

// Filled in by the benchmark.
const WHEELS = [];

globalThis.result = (async () => {
  const pyodide = await loadPyodide();
  await pyodide.loadPackage("micropip");
  pyodide.FS.writeFile("stock.py", await (await fetch("stock.py")).text());
  await pyodide.pyimport("stock").run(location.origin, pyodide.toPy(WHEELS));
  return performance.now();
})();
