/**
 * The connections that talks are read by. Where authors are named, only what they write is brought into this browser. What
 * others write is asked of the node and stays there: however much it is, it neither fills the browser nor delays anything.
 */

import { connect } from "panda.js";
import { news } from "../../../web/elements/connection.js";
import { connection as address } from "../../../web/pages/shared/address.js";

/**
 * @typedef {import("./festival.d.ts").FestivalPanda} Panda
 * @typedef {import("panda.js").ConnectOptions} Options
 */

/** Of more authors nothing can be wished by name: then all comes. */
const MOST_WISHED = 50;

/** How a page connects that reads these authors; everybody's where there are none. @param {string[]} authors @returns {Options} */
export function wishing(authors) {
  const can = authors.length > 0 && authors.length <= MOST_WISHED && (address.mode ?? "first") === "first";
  return can ? { ...address, wish: { authors: [...authors].sort() } } : address;
}

/** @param {Options} opened  how the page itself is connected */
export function makeReaders(opened) {
  /** @type {Map<string, Promise<Panda>>} */
  const open = new Map();

  /** @param {Options} options @returns {Promise<Panda>} */
  function get(options) {
    const key = JSON.stringify(options);
    const found = open.get(key) ?? /** @type {Promise<any>} */ (connect(options));
    open.set(key, found);
    found.catch(() => open.delete(key));
    return found;
  }

  /** @param {(key: string) => boolean} which */
  function close(which) {
    for (const [key, panda] of open) {
      if (!which(key)) continue;
      open.delete(key);
      void panda.then((one) => one.close(), () => {});
    }
  }
  news.addEventListener("author", () => close(() => true)); // they read as the author that was

  /** @param {Panda} panda  the page's */
  const node = (panda) => (panda.mode === "first" ? get({ ...(address.node === undefined ? {} : { node: address.node }), mode: "remote" }) : Promise.resolve(panda));

  return {
    node,

    /** Counts the votes of others about forked logs in this browser; where it keeps nothing, the node decides. @param {Panda | null} panda @param {string[]} authors */
    async trust(panda, authors) {
      if (panda && panda.mode !== "remote") await panda.trust(authors);
    },

    /** By which the programme of these authors is read. @param {Panda} panda  the page's @param {string[]} authors */
    async programme(panda, authors) {
      const options = wishing(authors);
      const [key, own] = [JSON.stringify(options), JSON.stringify(opened)];
      close((other) => other !== key && !other.includes('"mode":"remote"') && !other.includes('"mode":"local"'));
      return key === own ? panda : get(options);
    },

    /**
     * Asks the node; where it does not answer, what is here.
     *
     * @template T
     * @param {Panda} panda  the page's
     * @param {(panda: Panda) => Promise<T>} ask
     */
    async aside(panda, ask) {
      try {
        return await ask(await node(panda));
      } catch (error) {
        if (panda.mode !== "first") throw error;
        return ask(await get({ mode: "local" }));
      }
    },
  };
}
