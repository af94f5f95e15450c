/** Whose programme the page shows: of the authors that a link names, or the site, and of those that the reader follows. */

import { siteLink } from "../../../web/pages/shared/address.js";
import { authorsIn, makeChoices } from "./choices.js";

/** @typedef {"link" | "site" | "you" | "nobody"} By  who says whose programme it is */

const PART = "programme-of";
/** Authors that a site or a link can name. */
const MOST = 100;
/** Authors whose votes can count. */
const MOST_TRUSTED = 50;
/** Authors in a link that this page gives: an address is no list. */
const MOST_IN_LINK = 30;

const asked = new URLSearchParams(location.search).get(PART);
const linked = authorsIn(asked ?? "").slice(0, MOST);
const site = authorsIn(document.querySelector(`meta[name="${PART}"]`)?.getAttribute("content") ?? "").slice(0, MOST);

/** A link names authors, and none of it is one. */
export const linkNamesNobody = asked !== null && linked.length === 0;

/** This page with the programme of some authors; none: with the site's own. @param {string[]} authors */
export function linkTo(authors) {
  const address = new URL(siteLink("./"), location.href);
  const rest = address.searchParams.size ? `&${address.searchParams}` : "";
  if (authors.length) address.search = `${PART}=${authors.join(",")}${rest}`; // commas stay: it is to be read
  return address.href;
}

/** Whose talks are read when the page is opened; everybody's where there are none. */
export function firstAuthors() {
  const { authors, muted } = makeWhose(() => {});
  return authors().filter((author) => !muted().includes(author));
}

/** Whose votes about forked logs count when the page is opened. */
export const firstTrusted = () => makeWhose(() => {}).trusted();

/** @param {() => void} onChange  it is others' now: here or in another tab */
export function makeWhose(onChange) {
  const choices = makeChoices(onChange);

  /** Whose talks are the programme, whose word counts most first; none: everybody's. Some of them may be muted. */
  const authors = () => (linked.length ? linked : [...new Set([...site, ...choices.followed()])]);

  return {
    authors,
    muted: choices.muted,
    /** Whose votes about forked logs count: of those whom the site names, and the reader follows. A link is anybody's word. */
    trusted: () => [...new Set([...site, ...choices.followed()])].filter((author) => !choices.muted().includes(author)).slice(0, MOST_TRUSTED),
    follow: choices.follow,
    mute: choices.mute,
    /** @param {string} author */
    follows: (author) => choices.followed().includes(author),
    /** Whether the site names them, so that there is nothing to follow. @param {string} author */
    named: (author) => site.includes(author),
    /** @returns {By} */
    by: () => (linked.length ? "link" : site.length ? "site" : choices.followed().length ? "you" : "nobody"),
    /** The address to send to somebody; null where nobody is named, or too many are. */
    link() {
      const all = authors();
      return all.length > 0 && all.length <= MOST_IN_LINK ? linkTo(all) : null;
    },

    /**
     * What is asked of the node. The reader's own talks are in the programme's part, wherever they stand.
     *
     * @param {string | null} me
     * @returns {{filter: object, others: object | null, wished: string[]}}  others: what stands apart; null where all is the programme
     */
    asked(me) {
      const own = me ? [me] : [];
      const muted = choices.muted().filter((author) => author !== me);
      if (this.by() === "nobody") return { filter: muted.length ? { author: { notIn: muted } } : {}, others: null, wished: [] };
      const wished = authors().filter((author) => !muted.includes(author));
      const shown = [...new Set([...wished, ...own])];
      return { wished, filter: { author: { in: shown } }, others: { author: { notIn: [...new Set([...shown, ...muted])] } } };
    },
  };
}
