/** What others propose: counted, and read only when somebody wants to see it, so that however much it is delays nothing. */

import { byId } from "../../../web/elements/dom.js";
import { changes } from "../../../web/elements/live.js";

/**
 * @typedef {import("../../../web/pages/shared/types.js").Instance} Instance
 * @typedef {import("./festival.d.ts").FestivalPanda} Panda
 */

/** Talks at first, and with each press of the button. */
const PAGE = 100;
/** Of so many each change is told; of more the number is asked for now and then. */
const FEW = 500;

/**
 * @param {ReturnType<typeof import("./readers.js").makeReaders>} readers
 * @param {() => void} onChange  there is more to see, or less
 */
export function makeOthers(readers, onChange) {
  let total = 0;
  let wanted = 0;
  /** @type {Map<string, Instance>} */
  let items = new Map();
  /** Found by their ids, however many there are. @type {Map<string, Instance>} */
  let sought = new Map();
  /** Muted authors' talks. */
  let hushed = 0;
  /** @type {{panda: Panda, filter: object | null, muted: string[], signal: AbortSignal} | null} */
  let asked = null;

  async function read() {
    if (!asked) return;
    const { panda, filter, muted, signal } = asked;
    try {
      const found = filter ? await readers.aside(panda, (node) => ask(node, filter, muted, signal))
        : { count: 0, page: new Map(), again: new Map(), hidden: await hiddenOf(panda, muted) };
      if (signal.aborted) return;
      [total, items, sought, hushed] = [found.count, found.page, found.again, found.hidden];
      onChange();
    } catch {
      // what the node does not answer is no part of the programme: that says what is wrong
    }
  }

  /** @param {Panda} node @param {string[]} muted */
  const hiddenOf = async (node, muted) => (muted.length ? node.count(node.talkSchema, { filter: { author: { in: muted } } }) : 0);

  /** @param {Panda} node @param {object} filter @param {string[]} muted @param {AbortSignal} signal */
  async function ask(node, filter, muted, signal) {
    /** @param {object} more @returns {Promise<Map<string, Instance>>} */
    const find = async (more) => {
      const page = await node.query(node.talkSchema, { filter, include: ["room"], signal, ...more });
      return new Map(page.flatMap((item) => (item._meta.signed ? [[item.id, item]] : [])));
    };
    const count = await node.count(node.talkSchema, { filter });
    const page = wanted && count ? await find({ orderBy: ["start"], limit: wanted }) : new Map();
    const again = sought.size ? await find({ filter: { and: [filter, { id: { in: [...sought.keys()] } }] } }) : new Map();
    return { count, page, again, hidden: await hiddenOf(node, muted) };
  }

  const panel = byId("proposed", HTMLDetailsElement);
  panel.addEventListener("toggle", () => {
    wanted = 0;
    if (panel.open) void grow();
  });
  byId("proposed-more", HTMLButtonElement).addEventListener("click", () => void grow());

  /** Reads them, or more of them. */
  async function grow() {
    wanted += PAGE;
    await read();
  }

  return {
    total: () => total,
    /** Talks of muted authors. */
    hidden: () => hushed,
    /** Those that were read. @returns {Map<string, Instance>} */
    items: () => new Map([...items, ...sought]),
    /** Whether there are more than were read. */
    more: () => wanted > 0 && total > wanted,

    /**
     * @param {Panda} panda  where all is the programme that which it is read by
     * @param {object | null} filter  null: nothing stands apart
     * @param {string[]} muted
     * @param {AbortSignal} signal
     */
    async follow(panda, filter, muted, signal) {
      asked = { panda, filter, muted, signal };
      if (!filter) return read();
      const node = await readers.node(panda);
      for await (const _ of changes(node, node.talkSchema, () => (total <= FEW ? filter : null), signal)) await read();
    },

    /** Reads one, such as that which an address names; whether it is there. @param {string} id */
    async seek(id) {
      if (!asked?.filter) return false;
      const { panda, filter, signal } = asked;
      const page = await readers.aside(panda, (node) => (
        node.query(node.talkSchema, { filter: { and: [filter, { id }] }, limit: 1, include: ["room"], signal })
      )).catch(() => []);
      const found = page.find(({ _meta }) => _meta.signed);
      if (found) sought.set(id, found);
      return found !== undefined;
    },
  };
}
