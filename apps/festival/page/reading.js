/** Reading the programme from the node, and following it: talks, and the rooms that they lead to. */

import { released } from "../../../web/elements/press.js";

/**
 * @typedef {import("../../../web/pages/shared/types.js").Instance} Instance
 * @typedef {import("./festival.d.ts").FestivalPanda} Panda
 * @typedef {import("../../../web/pages/shared/types.js").Rejected} Rejected
 * @typedef {import("panda.js").Here} Here
 *
 * @typedef {object} Known  what is known of a schema
 * @property {Map<string, Instance>} found  by id
 * @property {Map<string, Rejected>} refused  what did not pass the checks
 * @property {Here | null} here  how much of it is here; null where the node is asked itself
 * @property {Set<string>} deleted  what its author ended while somebody looked
 *
 * @typedef {object} Programme
 * @property {Map<string, Instance>} talks
 * @property {Map<string, unknown>} rooms  names by id
 * @property {Map<string, Rejected>} refused
 * @property {Here | null} here  how much of the talks is here; null where the node is asked itself
 * @property {Set<string>} deleted  talks that their authors ended while somebody looked
 */

/** Between two states that are told, however much happens meanwhile. */
const PAUSE_MS = 400;

/** What a node may take to answer before it is asked what is wrong. */
const PATIENCE_MS = 1000;
/** Rooms that are looked for one by one, since talks lead to them and nobody told of them yet. */
const MOST_ROOMS = 10;
/** No talk has this id. */
const NONE = `0040${"0".repeat(128)}`;
/** Whoever follows is told of no more instances than a client keeps: then all are read now and then. */
const TOO_MANY = "subscription-too-large";
const AGAIN_MS = 60_000;

/**
 * Tells the programme as it is, and then whenever it has changed, until the signal ends it. What the reader did
 * themselves is `put` and `remove`d at once, also where the node is only asked now and then.
 *
 * @param {Panda} panda
 * @param {object} filter  whose talks, and rooms, are read
 * @param {(programme: Programme) => Promise<void>} onChange
 * @param {AbortSignal} signal
 */
export function followProgramme(panda, filter, onChange, signal) {
  const talks = new Following(panda, panda.talkSchema, filter, changed, signal);
  const rooms = new Following(panda, panda.roomSchema, filter, changed, signal);
  let last = -PAUSE_MS;
  let timer = 0;
  let reading = Promise.resolve();
  /** @type {Set<string> | null} */
  let asked = null;
  const isRead = () => talks.known !== null && rooms.known !== null;

  function changed() {
    if (timer || !isRead()) return;
    timer = setTimeout(async () => {
      await readRooms();
      await released();
      timer = 0;
      last = performance.now();
      if (!signal.aborted) void tell();
    }, Math.max(0, last + PAUSE_MS - performance.now()));
  }

  /** A talk may be told before the room that it leads to. Each is looked for once; over when that is done. */
  function readRooms() {
    reading = reading.then(async () => {
      const known = rooms.known?.found;
      if (!known || !talks.known) return;
      const lead = [...talks.known.found.values()].flatMap(({ room }) => (typeof room === "string" ? [room] : []));
      const missing = [...new Set(lead)].filter((id) => !known.has(id) && !asked?.has(id));
      // At first all rooms there are have just come; and what is brought here by itself is told.
      if (asked && panda.mode === "remote") await Promise.allSettled(missing.slice(0, MOST_ROOMS).map((id) => rooms.read(id)));
      asked = new Set([...(asked ?? []), ...missing]);
    });
    return reading;
  }

  async function tell() {
    if (!talks.known || !rooms.known) return;
    await onChange({
      talks: talks.known.found,
      rooms: new Map([...rooms.known.found].map(([id, { name }]) => [id, name])),
      refused: new Map([...talks.known.refused, ...rooms.known.refused]),
      here: talks.known.here,
      deleted: talks.known.deleted,
    });
  }

  /** Whoever follows waits for the node, as long as that may take. A call says at once what is wrong. */
  async function ask() {
    if (panda.mode !== "remote") return; // what is here tells it
    await new Promise((resolve) => { setTimeout(resolve, PATIENCE_MS); });
    if (signal.aborted || isRead()) return;
    await panda.query(panda.talkSchema, { filter: { id: NONE }, limit: 1, signal }).catch((error) => {
      if (!isRead()) throw error;
    });
  }

  return {
    /** Ends with an error only. That the node cannot be reached is one once; it is followed all the same. */
    ended: Promise.all([talks.follow(), rooms.follow(), ask()]),

    /**
     * Reads one talk again, after it was written.
     *
     * @param {string} id
     */
    async refresh(id) {
      await talks.read(id);
      await readRooms();
      await released();
      await tell();
    },

    /** @param {string} id */
    async remove(id) {
      talks.put(id, null);
      await tell();
    },
  };
}

/** One schema's instances, as they are now. */
class Following {
  /** Null until they were read. @type {Known | null} */
  known = null;
  #panda;
  #schema;
  #filter;
  #onChange;
  #signal;
  /** What the reader wrote, or deleted, and the node has not told yet. @type {Map<string, Instance | null>} */
  #own = new Map();
  /** @type {Set<string>} */
  #deleted = new Set();

  /** @param {Panda} panda @param {string} schema @param {object} filter @param {() => void} onChange @param {AbortSignal} signal */
  constructor(panda, schema, filter, onChange, signal) {
    this.#panda = panda;
    this.#schema = schema;
    this.#filter = filter;
    this.#onChange = onChange;
    this.#signal = signal;
  }

  async follow() {
    try {
      for await (const { changes, instances, rejected, here } of this.#panda.subscribe(this.#schema, { filter: this.#filter, signal: this.#signal })) {
        const refused = this.known?.refused ?? new Map();
        const changed = new Set(changes.map(({ id }) => id));
        for (const [key, { id }] of refused) if (changed.has(id)) refused.delete(key);
        for (const { id, instance, kind } of changes) {
          if (!instance) this.#own.delete(id);
          if (kind === "deleted") this.#deleted.add(id);
        }
        this.#take(instances, rejected, refused, here);
      }
    } catch (error) {
      if (this.#signal.aborted || /** @type {any} */ (error)?.reason !== TOO_MANY) throw error;
      while (!this.#signal.aborted) {
        await this.#readAll();
        await new Promise((resolve) => { setTimeout(resolve, AGAIN_MS); });
      }
    }
  }

  /** Reads one instance again. @param {string} id */
  async read(id) {
    const page = await this.#panda.query(this.#schema, { filter: { id }, limit: 1 });
    const instance = page.find((each) => each.id === id && each._meta.signed);
    if (instance) this.put(id, instance, page.rejected);
    else if (this.known) this.#take([...this.known.found.values()], page.rejected, this.known.refused);
  }

  /** @param {string} id @param {Instance | null} instance  null: it is deleted @param {Rejected[]} rejected */
  put(id, instance, rejected = []) {
    this.#own.set(id, instance);
    if (this.known) this.#take([...this.known.found.values()], rejected, this.known.refused);
  }

  /** @param {Instance[]} instances @param {Rejected[]} rejected @param {Map<string, Rejected>} refused  before @param {Here | null} [here] */
  #take(instances, rejected, refused, here = this.known?.here ?? null) {
    /** @type {Map<string, Instance>} */
    const found = new Map();
    for (const item of instances) {
      if (item._meta.signed) found.set(item.id, item);
      else refused.set(item.id, { id: item.id, reason: "not-signed", message: "" });
    }
    for (const one of rejected) refused.set(`${one.id} ${one.reason}`, one);
    for (const [id, own] of this.#own) {
      const told = found.get(id);
      if (!own) found.delete(id);
      else if (!told || told._meta.seqNum < own._meta.seqNum) found.set(id, own);
    }
    this.known = { found, refused, here, deleted: this.#deleted };
    this.#onChange();
  }

  /** All instances. */
  async #readAll() {
    const all = await this.#panda.query(this.#schema, { filter: this.#filter, signal: this.#signal }).toArray();
    this.#take(all, all.rejected, new Map(), this.known?.here);
  }
}
