// What an element does where there is more than a client keeps up to date: `node asking_again.mjs LIVE`, LIVE being the
// address of web/elements/live.js. The clock is the test's.

let tick = () => {};
globalThis.document = { visibilityState: "visible", addEventListener() {} };
globalThis.addEventListener = () => {};
globalThis.setInterval = (call) => { tick = call; };
globalThis.clearInterval = () => {};
const { changes } = await import(process.argv[2]);

const subscribed = [];
const panda = {
  async *subscribe(_, { filter }) {
    subscribed.push(filter);
    throw Object.assign(new Error("There is more."), { reason: filter.reason });
  },
};
const end = new AbortController();
let filter = { reason: "subscription-too-large" };
let read = 0;
for await (const _ of changes(panda, "schema", () => filter, end.signal)) {
  read += 1;
  if (read === 4) filter = { reason: "node-unreachable" };
  if (read === 7) end.abort();
  setTimeout(tick, 400);
}
console.log(JSON.stringify({ read, subscribed: subscribed.map(({ reason }) => reason) }));
