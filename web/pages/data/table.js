/** The instances of a schema as a table: a `<panda-feed>` with a row for its template. */

import * as texts from "texts";
import { el } from "../../elements/dom.js";
import { label, line, writeJson } from "../../elements/values.js";
import { addressOf, here } from "./place.js";
import { links } from "./related.js";
import { number, say } from "../../elements/words.js";

/**
 * @typedef {import("panda.js").Instance} Instance
 * @typedef {import("panda.js").Schema} Schema
 */

/** Fields that have a column; all of them stand where an instance is open. */
const COLUMNS = 8;
/** Characters of a value in a cell. */
const LONGEST = 160;
/** Links in a cell. */
const LINKS = 5;
/** Rows at first, and with each press of the button. */
const ROWS = 50;

/**
 * @param {object} use
 * @param {import("./place.js").Place} use.place
 * @param {Schema | null} use.schema
 * @param {string[]} use.names
 * @param {import("./related.js").Targets} use.targets
 * @param {(order: string[]) => void} use.onSort
 * @param {(shown: {instances: Instance[], more: boolean}) => void} use.onShown
 * @param {() => void} use.onFailed
 */
export function makeTable({ place, schema, names, targets, onSort, onShown, onFailed }) {
  const columns = names.slice(0, COLUMNS);
  const template = el("template", {});
  template.content.append(row(columns, schema));
  const head = el("tr", {}, ...[...columns, ...(names.includes("author") ? [] : ["author"])].map((name) => heading(name, place.order, schema, onSort)));
  const records = el("table", { class: "records" }, el("thead", {}, head), el("tbody", {}, template));
  const feed = el("panda-feed", {
    attrs: {
      schema: place.schema, limit: String(ROWS), "order-by": place.order.join(" "),
      include: columns.filter((name) => targets.has(name)).join(" "),
      ...(Object.keys(place.filter).length ? { filter: writeJson(place.filter) } : {}),
    },
  }, el("div", { class: "scroller", attrs: { tabindex: "0", role: "region", "aria-label": texts.data.asATable } }, records));
  const filtered = Object.keys(place.filter).length > 0;
  feed.append(el("p", { class: "note", attrs: { slot: "empty" } }, filtered ? texts.data.nothingFits : texts.data.nothingYet));
  feed.addEventListener("panda-shown", (event) => {
    const { detail } = /** @type {CustomEvent<{instances: Instance[], more: boolean}>} */ (event);
    const byId = new Map(detail.instances.map((instance) => [instance.id, instance]));
    for (const link of records.querySelectorAll("a.open-one")) {
      const id = link.closest("tr")?.dataset.id ?? "";
      link.setAttribute("href", addressOf({ ...here(), open: id }));
      const instance = byId.get(id);
      if (instance && link.hasAttribute("data-led")) name(link, instance, targets);
    }
    for (const cell of records.querySelectorAll("[data-relation]")) {
      const instance = byId.get(cell.closest("tr")?.dataset.id ?? "");
      if (instance) lead(cell, instance, targets);
    }
    onShown(detail);
  });
  feed.addEventListener("panda-failed", onFailed);
  return feed;
}

/** Puts links into a cell; those that are there already stay. @param {Element} cell @param {Instance} instance @param {import("./related.js").Targets} targets */
function lead(cell, instance, targets) {
  const name = cell.getAttribute("data-relation") ?? "";
  const value = instance[name];
  const fresh = /** @type {Element} */ (cell.cloneNode(false));
  fresh.append(...links(instance, name, targets, LINKS).flatMap((link, place) => (place ? [", ", link] : [link])));
  if (Array.isArray(value) && value.length > LINKS) fresh.append(say(texts.elements.andMore, { n: number(value.length - LINKS) }));
  if (!cell.isEqualNode(fresh)) cell.replaceChildren(...fresh.childNodes);
}

/** Calls a row as what its first field leads to. @param {Element} link @param {Instance} instance @param {import("./related.js").Targets} targets */
function name(link, instance, targets) {
  const words = links(instance, link.getAttribute("data-led") ?? "", targets, LINKS).map((led) => led.textContent).join(", ");
  if (link.textContent !== words) link.textContent = words;
  link.toggleAttribute("data-missing", !words);
}

/** @param {string} type */
const isRelation = (type) => type.startsWith("relation");

/** @param {string[]} columns @param {Schema | null} schema */
function row(columns, schema) {
  const [first = "id", ...others] = columns;
  const attrs = { "data-longest": String(LONGEST) };
  const leads = isRelation(schema?.fields[first]?.type ?? ""); // a link within a link is none, so it only has their words
  const open = el("a", { class: "open-one cell", data: { [leads ? "led" : "field"]: first, without: say(texts.data.without, { called: label(line(first, 70)) }) }, attrs });
  const cells = others.map((name) => {
    const type = schema?.fields[name]?.type ?? "";
    const place = isRelation(type)
      ? el("span", { class: "cell", data: { relation: name } })
      : el(type === "timestamp" ? "time" : "span", { class: "cell", data: { field: name }, attrs });
    return el("td", { class: ["integer", "float"].includes(type) ? "is-number" : "", data: { called: label(line(name, 70)) } }, place);
  });
  const author = el("td", { data: { called: texts.origin.author.toLowerCase() } }, el("span", { class: "author", data: { field: "_meta.author" }, attrs: { "data-longest": "8" } }));
  return el("tr", {}, el("th", { attrs: { scope: "row" } }, open, el("span", { class: "badge late", attrs: { "data-waits": "", hidden: "" } })), ...cells, author);
}

/** @param {string} name @param {string[]} order @param {Schema | null} schema @param {(order: string[]) => void} onSort */
function heading(name, order, schema, onSort) {
  const words = label(line(name, 70));
  const type = Object.hasOwn(schema?.fields ?? {}, name) ? schema?.fields[name]?.type ?? "" : "";
  if (!schema || type.endsWith("[]")) return el("th", { attrs: { scope: "col" } }, words);
  const [first] = order;
  const now = first === name ? "ascending" : first === `-${name}` ? "descending" : "none";
  const next = { none: [name], ascending: [`-${name}`], descending: [] }[now];
  const sort = el("button", { attrs: { type: "button" }, data: { sort: name }, click: () => onSort(next) }, words);
  return el("th", { attrs: { scope: "col", "aria-sort": now } }, sort);
}
