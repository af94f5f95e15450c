/** The schemas of this node, to choose from: by name, searched as one types. */

import * as texts from "texts";
import { byId, el, shortHash } from "../../elements/dom.js";
import { plain } from "../../elements/foreign.js";
import { STATES } from "../shared/schema-states.js";
import { number, say } from "../../elements/words.js";
import { addressOf } from "./place.js";

/**
 * @typedef {import("panda.js").ListedSchema} ListedSchema
 * @typedef {import("panda.js").Panda} Panda
 */

/** Schemas that are shown at once; searching finds the others. */
const SHOWN = 100;
/** Pages of the node's list that are read. */
const PAGES = 20;
/** Characters of a name, as the node says it. */
const LONGEST = 100;

export function makeSchemaList() {
  const search = byId("schema-search", HTMLInputElement);
  const list = byId("schema-list", HTMLElement);
  const more = byId("schema-more", HTMLElement);
  /** @type {ListedSchema[]} */
  let known = [];
  let chosen = "";
  let read = false;

  search.addEventListener("input", draw);

  function draw() {
    const wanted = search.value.trim().toLowerCase();
    const fits = known.filter(({ id, name }) => !wanted || (name ?? "").toLowerCase().includes(wanted) || id.startsWith(wanted));
    list.replaceChildren(...fits.slice(0, SHOWN).map(item));
    const rest = fits.length - SHOWN;
    more.hidden = !read || (fits.length > 0 && rest <= 0);
    more.textContent = !known.length ? texts.data.noSchemas : !fits.length ? texts.data.noneCalledSo : say(texts.data.moreSchemas, { n: number(rest) });
  }

  /** @param {ListedSchema} schema */
  function item({ id, name, state }) {
    const words = name ? el("bdi", {}, plain(name.slice(0, LONGEST))) : el("span", { class: "muted" }, texts.data.noName);
    const link = el("a", { attrs: { href: addressOf({ schema: id }) }, data: { schema: id } }, words);
    if (id === chosen) link.setAttribute("aria-current", "page");
    return el("li", { data: { id, state } }, link, el("span", { class: "note" }, ` ${shortHash(id)}, ${STATES[state] ?? state}`));
  }

  return {
    /** @param {Panda} panda */
    async read(panda) {
      /** @type {Map<string, ListedSchema>} */
      const found = new Map();
      /** @type {string | null} */
      let after = null;
      for (let pages = 0; pages < PAGES; pages++) {
        const page = await panda.schemas({ after });
        const before = found.size;
        for (const schema of page) found.set(schema.id, schema);
        after = page.at(-1)?.id ?? null;
        if (found.size === before || !after) break;
      }
      read = true;
      const rank = ["registered", "pending", "not-registered", "unlisted", "not-defined"];
      known = [...found.values()].sort((a, b) => rank.indexOf(a.state) - rank.indexOf(b.state) || (a.name ?? "~").localeCompare(b.name ?? "~", texts.language));
      draw();
    },
    /** @param {string} schema  the one that is shown */
    choose(schema) {
      chosen = schema;
      draw();
    },
    /** What the node says of one. @param {string} schema @returns {ListedSchema | undefined} */
    about: (schema) => known.find(({ id }) => id === schema),
  };
}
