/** Long texts for reading: part by part, with their web addresses as links. */

import * as texts from "texts";
import { button, el } from "./dom.js";
import { parts } from "./foreign.js";
import { webAddress } from "./values.js";
import { number, say } from "./words.js";

/** Links in one part of a text. */
const LINKS = 200;
/** Characters of an address that are shown. */
const SHOWN = 200;

/**
 * A text as it was published, with its web addresses as links; of a long one a part, and the next one on demand.
 *
 * @param {string} name
 * @param {string} value
 * @returns {HTMLElement[]}
 */
export function prose(name, value) {
  const [first = "", ...later] = parts(value);
  const block = el("p", { class: `prose ${name}`, data: { field: name }, attrs: { dir: "auto" } }, ...linked(first));
  if (!later.length) return [block];
  const more = button(say(texts.elements.showMoreOf, { n: number(value.length) }), () => {
    // A paragraph of its own: a browser lays one out as a whole.
    more.before(el("p", { class: `prose ${name}`, attrs: { dir: "auto" } }, ...linked(later.shift() ?? "")));
    if (!later.length) more.remove();
  }, "more");
  return [block, more];
}

const ADDRESS = /https?:\/\/[^\s<>"'`\\^{}|\p{Cf}\p{Cc}]{1,500}/gu;

/**
 * @param {string} words
 * @returns {(Node | string)[]}
 */
function linked(words) {
  /** @type {(Node | string)[]} */
  const found = [];
  let at = 0;
  for (const match of words.matchAll(ADDRESS)) {
    if (found.length > LINKS) break;
    const address = match[0].replace(/[.,;:!?)\]]+$/, "");
    const link = webLink(address);
    if (!link) continue;
    found.push(words.slice(at, match.index), link);
    at = match.index + address.length;
  }
  found.push(words.slice(at));
  return found;
}

/**
 * A link, if the text is an absolute http or https address; it shows where it really leads.
 *
 * @param {string} text
 */
export function webLink(text) {
  const address = webAddress(text);
  if (!address) return null;
  const shown = address.length > SHOWN ? `${address.slice(0, SHOWN)}…` : address;
  return el("a", { attrs: { href: address, rel: "noopener noreferrer nofollow ugc", target: "_blank", dir: "ltr" } }, shown);
}
