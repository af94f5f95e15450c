// Ours as on a site: Python in a worker, the loops over many signatures in JavaScript.
import { signChain, verifyMany } from "./ed25519.js";
import { loadPyodide } from "./pyodide/pyodide.mjs";

const python = (async () => {
  const pyodide = await loadPyodide();
  for (const wheel of await (await fetch("wheels.json")).json()) {
    pyodide.unpackArchive(await (await fetch(`wheels/${wheel}`)).arrayBuffer(), "wheel");
  }
  pyodide.FS.mkdir("benchmarks");
  for (const file of ["checking.py", "page_work.py"]) {
    pyodide.FS.writeFile(`benchmarks/${file}`, await (await fetch(file)).text());
  }
  const work = pyodide.pyimport("benchmarks.page_work");
  work.use(signChain, verifyMany);
  return { pyodide, work };
})();

self.onmessage = async ({ data: { work, count, fields } }) => {
  try {
    const { pyodide, work: module } = await python;
    self.postMessage({ took: await module[work](count, pyodide.toPy(fields)) });
  } catch (error) {
    self.postMessage({ error: String(error) });
  }
};
