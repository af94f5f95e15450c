// A website that uses panda.js, in several tabs.
import { connect } from "./panda.js";

const SCHEMA = { name: "talk", description: "", fields: { title: { type: "varchar" } } };

/** When a talk was seen, by its title, and who waits for it. */
const seen = new Map();
const waiting = new Map();
let panda;
let schema;

/** Milliseconds by a clock that all tabs of a browser have. */
const now = () => performance.timeOrigin + performance.now();

globalThis.open = async (options) => {
  panda = await connect(options);
  schema = (await panda.define(SCHEMA)).id;
};

/** Resolved when all that there is has come. */
globalThis.follow = () => new Promise((begun, failed) => {
  (async () => {
    for await (const { changes } of panda.subscribe(schema)) {
      for (const { instance } of changes) {
        seen.set(instance.title, now());
        waiting.get(instance.title)?.();
      }
      begun(null);
    }
  })().catch(failed);
});

/** Gives when it began. */
globalThis.publish = async (title) => {
  const began = now();
  const { acknowledged, error } = await panda.create(schema, { title });
  if (!acknowledged) throw error;
  return began;
};

/** Gives when a talk with this title came. */
globalThis.whenSeen = async (title) => {
  if (!seen.has(title)) await new Promise((resolve) => { waiting.set(title, resolve); });
  return seen.get(title);
};

/** Milliseconds from the start of a node with nothing in it until it has so many talks of the node it came from. */
globalThis.takeIn = async (id, count) => {
  const began = performance.now();
  panda = await connect();
  while (await panda.count(id) < count) await new Promise((again) => { setTimeout(again, 100); });
  return performance.now() - began;
};

/** Milliseconds from the navigation until the page may ask, and until it has an answer. */
globalThis.begin = async (id) => {
  panda = await connect({ mode: "local" });
  const ready = performance.now();
  const talks = await panda.query(id, { limit: 50 });
  return { ready, answered: performance.now(), count: talks.length };
};
