/** What authors call themselves: their profiles, as far as they are of authors on the page. Anybody can take any name. */

import { el } from "../../../web/elements/dom.js";
import { plain } from "../../../web/elements/foreign.js";
import { changes } from "../../../web/elements/live.js";
import { text } from "./talk.js";

/**
 * @typedef {import("./festival.d.ts").FestivalPanda} Panda
 * @typedef {{name: string, about: string}} Profile
 */

/** Authors whose names are asked for. */
const MOST = 300;
/** Of whom one question is. */
const AT_ONCE = 50;
/** Characters of a name, and of what is said about somebody, that are shown. */
const LONGEST = 60;
const LONGEST_LINE = 200;

/** @param {unknown} value @param {number} longest */
const one = (value, longest) => plain([...text(value).slice(0, longest * 4).replace(/\s+/gu, " ").trim()].slice(0, longest).join(""));

/** @param {() => void} onChange  there are others */
export function makeNames(onChange) {
  /** @type {Map<string, Profile>} */
  let known = new Map();
  /** Of whom something is known or asked for, in the order in which they came. @type {string[]} */
  let wanted = [];
  let following = new AbortController();
  /** @type {Panda | null} */
  let asking = null;

  /**
   * The profiles of some authors. Of several of one author that with the least id counts: it comes first.
   *
   * @param {Panda} panda @param {string[]} authors @param {AbortSignal} signal
   */
  async function read(panda, authors, signal) {
    /** @type {Map<string, Profile>} */
    const found = new Map();
    /** @param {string[]} of @param {number} limit */
    async function ask(of, limit) {
      const page = await panda.query(panda.profileSchema, { filter: { author: { in: of } }, limit, signal });
      for (const { name, about, _meta } of page) {
        if (_meta.signed && !found.has(_meta.author)) found.set(_meta.author, { name: one(name, LONGEST), about: one(about, LONGEST_LINE) });
      }
      return page.length + page.rejected.length >= limit;
    }
    for (let at = 0; at < authors.length; at += AT_ONCE) {
      const some = authors.slice(at, at + AT_ONCE);
      if (!(await ask(some, 2 * AT_ONCE))) continue;
      for (const author of some) if (!found.has(author)) await ask([author], 1); // somebody has more than fit beside the others'
    }
    return found;
  }

  /** @param {Panda} panda @param {string[]} authors @param {AbortSignal} signal */
  async function follow(panda, authors, signal) {
    const filter = { author: { in: authors } };
    for await (const _ of changes(panda, panda.profileSchema, () => filter, signal)) {
      try {
        const found = await read(panda, authors, signal);
        if (signal.aborted) return;
        const same = found.size === known.size && [...found].every(([author, { name, about }]) => known.get(author)?.name === name && known.get(author)?.about === about);
        known = found;
        if (!same) onChange();
      } catch {
        // without an answer there are the digits, which do not lie
      }
    }
  }

  /** These authors are on the page. @param {Panda} panda @param {Iterable<string>} authors */
  function want(panda, authors) {
    const now = [...new Set([...wanted, ...authors])].slice(0, MOST);
    if (now.length === wanted.length && asking === panda) return;
    [wanted, asking] = [now, panda];
    following.abort();
    following = new AbortController();
    void follow(panda, now, following.signal);
  }

  /**
   * The digits that tell an author from all others here: eight, and more where somebody has made a key that begins alike.
   *
   * @param {string} author
   */
  const digits = (author) => author.slice(0, wanted.some((other) => other !== author && other.startsWith(author.slice(0, 8))) ? 24 : 8);

  return {
    want,
    digits,

    /** @param {string} author @returns {Profile | undefined} */
    of: (author) => known.get(author),

    /** Reads them again, such as after the reader's own was written. */
    again() {
      const panda = asking;
      asking = null;
      if (panda) want(panda, []);
    },

    /**
     * An author in words: the name where there is one, and always digits.
     *
     * @param {string} author
     * @returns {(Node | string)[]}
     */
    words(author) {
      const name = known.get(author)?.name;
      const code = el("code", { attrs: { title: author } }, digits(author));
      return name ? [el("bdi", { class: "name" }, name), " ", code] : [code];
    },

    /** The same as a text, for labels. @param {string} author */
    label(author) {
      const name = known.get(author)?.name;
      return name ? `\u2068${name}\u2069 (${digits(author)})` : digits(author);
    },
  };
}
