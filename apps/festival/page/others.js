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

/** @param {() => void} onChange  there is more to see, or less */
export function makeOthers(onChange) {
  let total = 0;
  let wanted = 0;
  /** @type {Map<string, Instance>} */
  let items = new Map();
  /** Found by their ids, however many there are. @type {Map<string, Instance>} */
  let sought = new Map();
  /** @type {{panda: Panda, filter: object, signal: AbortSignal} | null} */
  let asked = null;

  async function read() {
    if (!asked) return;
    const { panda, filter, signal } = asked;
    /** @param {object} more @returns {Promise<Map<string, Instance>>} */
    const find = async (more) => {
      const page = await panda.query(panda.talkSchema, { filter, include: ["room"], signal, ...more });
      return new Map(page.flatMap((item) => (item._meta.signed ? [[item.id, item]] : [])));
    };
    try {
      const count = await panda.count(panda.talkSchema, { filter });
      const found = wanted && count ? await find({ orderBy: ["start"], limit: wanted }) : new Map();
      const again = sought.size ? await find({ filter: { and: [filter, { id: { in: [...sought.keys()] } }] } }) : new Map();
      if (signal.aborted) return;
      [total, items, sought] = [count, found, again];
      onChange();
    } catch {
      // what the node does not answer is no part of the programme: that says what is wrong
    }
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
    /** Those that were read. @returns {Map<string, Instance>} */
    items: () => new Map([...items, ...sought]),
    /** Whether there are more than were read. */
    more: () => wanted > 0 && total > wanted,

    /** @param {Panda} panda @param {object | null} filter  null: nothing stands apart @param {AbortSignal} signal */
    async follow(panda, filter, signal) {
      asked = filter && { panda, filter, signal };
      if (!filter) {
        total = 0;
        items = sought = new Map();
        return;
      }
      for await (const _ of changes(panda, panda.talkSchema, () => (total <= FEW ? filter : null), signal)) await read();
    },

    /** Reads one, such as that which an address names; whether it is there. @param {string} id */
    async seek(id) {
      if (!asked) return false;
      const { panda, filter, signal } = asked;
      const page = await panda.query(panda.talkSchema, { filter: { and: [filter, { id }] }, limit: 1, include: ["room"], signal }).catch(() => []);
      const found = page.find(({ _meta }) => _meta.signed);
      if (found) sought.set(id, found);
      return found !== undefined;
    },
  };
}
