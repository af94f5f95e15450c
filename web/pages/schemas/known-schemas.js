/** The list of schemas that there are besides the one that is shown. */

import * as texts from "texts";
import { siteLink } from "../shared/address.js";
import { byId, el, shortHash } from "../../elements/dom.js";
import { plain } from "../../elements/foreign.js";
import { STATES } from "../shared/schema-states.js";
import { number, say } from "../../elements/words.js";

/** @typedef {import("../shared/types.js").ListedSchema} ListedSchema */

/** Schemas that are shown, at most. */
export const LISTED = 200;

/** Characters of a name, as the node says it. */
const LONGEST = 100;

/**
 * @param {ListedSchema[]} known
 * @param {string | null} shown  the id of the one that is shown itself
 */
export function showKnown(known, shown) {
  const others = known.filter(({ id }) => id !== shown);
  const more = others.length - LISTED;
  byId("known", HTMLElement).hidden = others.length === 0;
  byId("known-list", HTMLElement).replaceChildren(...others.slice(0, LISTED).map(item));
  byId("known-more", HTMLElement).hidden = more <= 0;
  byId("known-more", HTMLElement).textContent = say(texts.schemas.more, { n: number(more) });
}

/** @param {ListedSchema} schema */
function item({ id, name, state }) {
  const link = el("a", { attrs: { href: siteLink("schemas.html", { id }) } }, el("bdi", {}, plain((name ?? "").slice(0, LONGEST))));
  return el("li", { data: { id } }, link, el("span", { class: "note" }, ` ${shortHash(id)}, ${STATES[state]}`));
}
