// The page's side of the harness. It starts the site's own worker.js, as panda.js does, and asks the Python
// behind it (harness/runner.py) to run one of the functions of harness/checks.py.

const { port1: port, port2 } = new MessageChannel();
const waiting = new Map();
let last = 0;

port.onmessage = ({ data }) => {
  const { id, result, error } = JSON.parse(data);
  if (id === undefined) return; // progress of the start
  const { resolve, reject } = waiting.get(id);
  waiting.delete(id);
  if (error) reject(new Error(error.message));
  else resolve(result);
};

const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
worker.onerror = ({ message }) => {
  for (const { reject } of waiting.values()) reject(new Error(`the worker does not run: ${message}`));
};
worker.postMessage(new URL(".", import.meta.url).href, [port2]);

let latest;

// Calls a function of checks.py; `result` gives what it gives.
export function start(name, args) {
  const id = ++last;
  latest = new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
  latest.catch(() => {}); // `result` tells
  port.postMessage(JSON.stringify({ id, name, arguments: args }));
}

export function result() {
  return latest;
}

let release;

// Takes a Web Lock in the page itself, and keeps it until `giveLock`.
export function takeLock(name) {
  return new Promise((taken) => {
    void navigator.locks.request(name, () => new Promise((give) => {
      release = give;
      taken();
    }));
  });
}

export async function isWaitedFor(name) {
  const { pending } = await navigator.locks.query();
  return pending.some((lock) => lock.name === name);
}

export function giveLock() {
  release();
}

// Ends the worker, as panda.js does for a page that is put aside.
export function end() {
  worker.terminate();
}
