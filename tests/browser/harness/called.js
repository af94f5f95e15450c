// Runs before the worker's own script, where Python's module and its functions tell what is called
// (tests/browser/called.py): says it on.
{
  const called = { module: new Set(), python: new Set() };
  const told = { module: 0, python: 0 };
  const { fetch } = self;
  const { instantiate } = WebAssembly;
  let exports;
  WebAssembly.instantiate = async (module, imports) => {
    if (imports?.env) imports.panda = { called: (number) => called.module.add(number), load() {} };
    const made = await instantiate.call(WebAssembly, module, imports);
    exports = made.exports;
    return made;
  };
  const { Instance } = WebAssembly;
  WebAssembly.Instance = function begin(module, imports) {
    if (imports?.[""]) imports[""][""] = tell;
    if (!imports?.panda) return new Instance(module, imports);
    called.module.add = () => called.module; // Python starts from its files, and has the second part before
    called.module.clear();
  };
  // In the place of the trap (web/worker/cold.js).
  const tell = (callable, ...given) => {
    called.python.add(callable);
    new Uint32Array(exports.memory.buffer)[callable / 4 + 17] = USUAL;
    return exports.__indirect_function_table.get(USUAL)(callable, ...given);
  };
  setInterval(() => {
    const fresh = Object.fromEntries(Object.keys(called).map((what) => [what, [...called[what]].slice(told[what])]));
    for (const what of Object.keys(called)) told[what] = called[what].size;
    if (fresh.module.length + fresh.python.length) {
      fetch("TELL", { method: "POST", body: JSON.stringify(fresh) }).catch(() => {});
    }
  }, 300);
}
