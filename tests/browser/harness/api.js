// A website of somebody's own, which uses panda.js.
import { PandaError, connect } from "./panda.js";

let panda;

// What came of a promise, as JSON can say it.
async function outcome(promise) {
  try {
    const value = await promise;
    return { value: Array.isArray(value) ? { instances: [...value], rejected: value.rejected, after: value.after } : value };
  } catch (error) {
    const { name, message, reason, data } = error;
    return { error: { name, message, reason, data, ours: error instanceof PandaError && error instanceof Error } };
  }
}

export async function open(options) {
  panda?.close();
  const stages = new Set();
  const problems = [];
  const onProgress = ({ stage, problem }) => {
    stages.add(stage);
    if (problem) problems.push(problem);
  };
  panda = await connect({ ...options, onProgress });
  const { author, keyKind, node, talkSchema, readOnly } = panda;
  return { author, keyKind, node, talkSchema, readOnly, problems, stages: [...stages] };
}

// Connections, one after the other, each ended while it counts what waits to be sent.
export async function openAndClose(times, options) {
  panda?.close();
  for (let n = 0; n < times; n += 1) {
    panda = await connect(options);
    void outcome(panda.pending());
    await new Promise((resolve) => { setTimeout(resolve, n); });
    panda.close();
  }
}

export const call = (method, ...args) => outcome(panda[method](...args));

// What a loop over an answer, or a subscription, gives, up to so many; and all of it as an array.
export const iterate = (most, method, ...args) => outcome((async () => {
  const found = [];
  if (most === 0) return { found };
  for await (const each of panda[method](...args)) if (found.push(each) === most) break;
  return { found };
})());
export const toArray = (...args) => outcome(panda.query(...args).toArray());

// How things stand, from now on until they are so: what was told, and only then.
export const statusUntil = (state, pending) => outcome((async () => {
  const told = [];
  for await (const status of panda.status()) {
    told.push(status);
    if (status.state === state && status.pending === pending) return { told };
  }
})());

// The same until each node, in the order of `connect`, has a state and so many own entries to come.
export const nodesUntil = (wanted) => outcome((async () => {
  const told = [];
  for await (const { nodes } of panda.status()) {
    told.push(nodes);
    if (JSON.stringify(nodes.map(({ state, pending }) => [state, pending])) === JSON.stringify(wanted)) return { told };
  }
})());

// A subscription, until it tells that an instance is at so many nodes.
export const reachUntil = (schema, id, at) => outcome((async () => {
  const told = [];
  for await (const { instances } of panda.subscribe(schema)) {
    const reach = instances.find((each) => each.id === id)?._meta.reach;
    if (JSON.stringify(reach) !== JSON.stringify(told.at(-1))) told.push(reach);
    if (reach?.at === at) return { told };
  }
})());

// A subscription, until there is one with a text.
export const followedText = (schema, text) => outcome((async () => {
  for await (const { instances } of panda.subscribe(schema)) if (instances.some((each) => each.text === text)) return true;
})());

// A subscription: what each turn of its loop had, until there are so many instances named so.
let followed = [];
export function follow(schema, options) {
  followed = [];
  void (async () => {
    for await (const { changes, instances } of panda.subscribe(schema, options)) {
      followed.push({ kinds: changes.map(({ kind }) => kind), now: instances.map(({ n }) => n) });
    }
  })();
}
export async function followedUntil(now) {
  while (JSON.stringify(followed.at(-1)?.now) !== JSON.stringify(now)) await new Promise((resolve) => { setTimeout(resolve, 20); });
  return followed;
}

// A loop that is ended by its signal after so many.
export async function iterateUntilAborted(most, schema) {
  const controller = new AbortController();
  const found = [];
  const ended = await outcome((async () => {
    for await (const { n } of panda.query(schema, { orderBy: ["n"], signal: controller.signal })) {
      if (found.push(n) === most) controller.abort();
    }
  })());
  return { found, ended };
}

// Calls that are made in one go, before any of them is answered.
export const callAll = (calls) => Promise.all(calls.map(([method, ...args]) => call(method, ...args)));

// What no message, and no JSON, can carry: what becomes of it wherever it is given.
export async function odd(schema, id) {
  const itself = [];
  itself.push(itself);
  const circle = { name: {} };
  circle.name.again = circle;
  let bottomless = [];
  for (let level = 0; level < 100_000; level += 1) bottomless = [bottomless];
  class Priced { toJSON() { return 5; } }
  const values = {
    undefined, nan: NaN, infinite: -Infinity, function() {}, symbol: Symbol("a"), named: { [Symbol("a")]: 1 }, itself, circle,
    bottomless, sparse: [1, , 3], holes: new Array(4_000_000_000), date: new Date(), promise: Promise.resolve("a"),
    map: new Map(), set: new Set([1]), bytes: new Uint8Array(2), error: new Error("a"), boxed: new Number(5), regex: /a/,
    priced: new Priced(), thrower: { get value() { throw new Error("no"); } }, inside: ["a", [undefined]],
    big: 12345678901234567890n, surrogate: "\ud800", object: { a: 1 }, lists: [[1]], mixed: [1, "a"],
  };
  const found = {};
  for (const [name, value] of Object.entries(values)) {
    found[name] = await Promise.all([
      call("create", schema, { title: "odd", value }),
      call("update", schema, id, { title: "odd", value }),
      call("query", schema, { filter: { value } }),
      call("query", schema, { orderBy: [value] }),
      call("query", schema, { limit: value }),
      call("create", value, { title: "odd" }),
      call("delete", schema, value),
    ]);
  }
  return found;
}

// Numbers that JavaScript has and JSON.stringify changes: what they come back as.
export async function numbers(schema) {
  const given = [-0, 1e19, 1e21, 2 ** 53, 2 ** 53 - 1, 5e-324, 1.7976931348623157e308, -1e20];
  const ids = [];
  for (const n of given) ids.push((await panda.create(schema, { n })).id);
  const found = [...await panda.query(schema)];
  const again = await Promise.all(given.map(async (n) => (await panda.query(schema, { filter: { n } })).length));
  return [given.map((n, index) => Object.is(found.find(({ id }) => id === ids[index]).n, n)), again];
}

// A call with BigInts in it, which the tests' own way into the tab cannot carry: here they are texts such as "5n".
export async function callBig(method, ...args) {
  const big = (_, value) => typeof value === "string" && /^-?\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value;
  const small = (_, value) => typeof value === "bigint" ? `${value}n` : value;
  const found = await call(method, ...JSON.parse(JSON.stringify(args), big));
  return JSON.parse(JSON.stringify(found, small));
}

export const connectTo = (options) => outcome(connect(options));

// What is given for an object, or for a signal, and is none.
export async function mistaken() {
  const controller = new AbortController();
  return [
    await outcome(connect("https://node.example")),
    await outcome(connect(null)),
    await outcome(connect({ signal: controller })),
    await call("importSchedule", "{}", { signal: controller }),
  ];
}

export function connectAborted() {
  return outcome(connect({ signal: AbortSignal.abort() }));
}

// Ends the start as soon as it shows progress of a stage.
export function cancelStart(node, stage) {
  const controller = new AbortController();
  const onProgress = (progress) => { if (progress.stage === stage) controller.abort(); };
  return outcome(connect({ node, onProgress, signal: controller.signal }));
}

// Cancels an import as soon as so many talks are done; 0: before it begins.
export async function cancelImport(text, after) {
  const controller = new AbortController();
  const seen = [];
  if (after === 0) controller.abort();
  const onProgress = ({ done, total }) => {
    seen.push([done, total]);
    if (done >= after) controller.abort();
  };
  return { ...await outcome(panda.importSchedule(text, { onProgress, signal: controller.signal })), seen };
}

// Closes a connection with calls under way; gives what came of them, and of one that is made afterwards.
export async function closeWhileBusy(options, schema) {
  const other = await connect(options);
  const calls = [other.query(schema), other.create(schema, { n: 0 }), other.pending()].map(outcome);
  other.close();
  return [...await Promise.all(calls), await outcome(other.query(schema))];
}


// Makes calls in one go and does not wait for them; `ended` does.
let begun;

export function begin(calls) {
  begun = callAll(calls);
}

export const ended = () => begun;

// Whether this page was connected, which one that is kept while its reader is elsewhere still knows.
export const wasOpen = () => panda !== undefined;
