// The worker's lasting address, for websites whose policy forbids blob workers: they import it in a file of their own.
// Written by build.py.
const RUNTIME = "";

await import(`./${RUNTIME}worker.js`);

export {}; // a module, for those who check types
