// What the tests ask a website to do with panda.js, however it came to it.

const { connect, PandaError } = globalThis.imported ?? globalThis.panda;

// Any schema will do: the node takes messages of all.
const SCHEMA = `0040${"5e".repeat(64)}`;
// A machine that is busy with other things is not a broken one.
const PATIENCE = 240;

const open = new Map();

globalThis.website = {
  /** Connects, and keeps the connection under a name. */
  async connect(name, { by, ...options } = {}) {
    const from = by === "tag" ? globalThis.panda.connect : connect;
    const panda = await from({ patience: PATIENCE, ...options });
    open.set(name, panda);
    return { author: panda.author, node: panda.node };
  },

  /** What there is on a connection. */
  names(name) {
    const panda = open.get(name);
    return [...Object.keys(panda), ...Object.getOwnPropertyNames(Object.getPrototypeOf(panda))];
  },

  close(name) {
    open.get(name).close();
  },

  async create(name, text) {
    return (await open.get(name).create(SCHEMA, { text })).id;
  },

  /** A whole life of an instance, as the page sees it; the connection stays open as "cycle". */
  async cycle(options = {}) {
    const stages = new Set();
    const panda = await connect({ patience: PATIENCE, ...options, onProgress: ({ stage }) => stages.add(stage) });
    open.set("cycle", panda);
    const read = async () => {
      const [instance] = await panda.query(SCHEMA, { filter: { id } });
      return instance ? [instance.text, instance._meta.verified] : null;
    };
    const { id } = await panda.create(SCHEMA, { text: "one" });
    const life = [await read()];
    await panda.update(SCHEMA, id, { text: "two" });
    life.push(await read());
    await panda.delete(SCHEMA, id);
    life.push(await read());
    const { keyKind, author, canBackUp } = panda;
    return { life, stages: [...stages], keyKind, author, canBackUp };
  },

  /** What a call of a connection comes to: a value, or the reason why not. */
  async ask(name, method, ...args) {
    try {
      return { value: await open.get(name)[method](...args) };
    } catch ({ reason, message }) {
      return { reason, message };
    }
  },

  /** How connecting fails, or is given up after some milliseconds; null where it does not. */
  async fails({ giveUpAfter, ...options }) {
    const begun = performance.now();
    const signal = giveUpAfter ? AbortSignal.timeout(giveUpAfter) : undefined;
    try {
      (await connect({ ...options, signal })).close();
      return null;
    } catch (error) {
      const { reason, message, data } = error;
      return { ours: error instanceof PandaError, reason, message, data, ms: performance.now() - begun };
    }
  },

  /** How starts end that are given up: before they begin, at once, and in the middle of the download. */
  async giveUp(options) {
    const reasons = [];
    for (const stage of ["before", "at once", "download"]) {
      const ending = new AbortController();
      if (stage === "before") ending.abort();
      const onProgress = (progress) => progress.stage === stage && ending.abort();
      const starting = connect({ ...options, signal: ending.signal, onProgress });
      if (stage === "at once") ending.abort();
      reasons.push(await starting.then(() => null, ({ reason }) => reason));
    }
    return reasons;
  },

  /** How calls end whose connection is closed under them. */
  async closeUnder(name) {
    const ends = (text) => website.create(name, text).then(() => "done", ({ reason }) => reason);
    const creates = ["1", "2", "3"].map(ends);
    website.close(name);
    website.close(name);
    return Promise.all([...creates, ends("4")]);
  },
};
