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

/**
 * @typedef {object} Asked  of one connection
 * @property {Panda} panda
 * @property {string[]} authors  who are asked for, in the order in which they came
 * @property {Map<string, Profile>} known
 * @property {AbortController} stop
 */

/** @param {() => void} onChange  there are others */
export function makeNames(onChange) {
  /** By what the authors are to the page. @type {Map<string, Asked>} */
  const all = new Map();

  /** @param {string} author @returns {Profile | undefined} */
  const of = (author) => [...all.values()].map(({ known }) => known.get(author)).find(Boolean);

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

  /** @param {Asked} asked */
  async function follow(asked) {
    const { panda, authors, stop: { signal } } = asked;
    const filter = { author: { in: authors } };
    for await (const _ of changes(panda, panda.profileSchema, () => filter, signal)) {
      try {
        const found = await read(panda, authors, signal);
        if (signal.aborted) return;
        const same = JSON.stringify([...asked.known]) === JSON.stringify([...found]);
        asked.known = found;
        if (!same) onChange();
      } catch {
        // without an answer there are the digits, which do not lie
      }
    }
  }

  /**
   * These authors are on the page.
   *
   * @param {string} what  they are to it
   * @param {Panda} panda  by which they are read
   * @param {Iterable<string>} authors
   */
  function want(what, panda, authors) {
    const before = all.get(what);
    const now = [...new Set([...(before?.authors ?? []), ...authors])].slice(0, MOST);
    if (before?.panda === panda && now.length === before.authors.length) return;
    before?.stop.abort();
    const asked = { panda, authors: now, known: before?.known ?? new Map(), stop: new AbortController() };
    all.set(what, asked);
    if (now.length) void follow(asked);
  }

  /**
   * The digits that tell an author from all others here: eight, and more where somebody has made a key that begins alike.
   *
   * @param {string} author
   */
  const digits = (author) => author.slice(0, [...all.values()].some(({ authors }) => authors.some((other) => other !== author && other.startsWith(author.slice(0, 8)))) ? 24 : 8);

  return {
    want,
    of,
    digits,

    /** Reads them again, such as after the reader's own was written. */
    again() {
      for (const [what, asked] of all) {
        asked.stop.abort();
        const anew = { ...asked, stop: new AbortController() };
        all.set(what, anew);
        void follow(anew);
      }
    },

    /**
     * An author in words: the name where there is one, and always digits.
     *
     * @param {string} author
     * @returns {(Node | string)[]}
     */
    words(author) {
      const name = of(author)?.name;
      const code = el("code", { attrs: { title: author } }, digits(author));
      return name ? [el("bdi", { class: "name" }, name), " ", code] : [code];
    },

    /** The same as a text, for labels. @param {string} author */
    label(author) {
      const name = of(author)?.name;
      return name ? `\u2068${name}\u2069 (${digits(author)})` : digits(author);
    },
  };
}
