// Databases beside ours in one tab, each in a worker of its own: `ask("pglite", "turn", 50)`.

const workers = new Map();

export function ask(who, what, argument) {
  if (!workers.has(who)) workers.set(who, new Worker(new URL(`${who}.js`, import.meta.url), { type: "module" }));
  const worker = workers.get(who);
  return new Promise((resolve, reject) => {
    worker.onerror = ({ message }) => reject(new Error(`${who} does not run: ${message}`));
    worker.onmessage = ({ data: { value, error } }) => (error ? reject(new Error(error)) : resolve(value));
    worker.postMessage({ what, argument });
  });
}
