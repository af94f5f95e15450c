/** One instance: what it says, what it leads to, and who signed it where. */

import * as texts from "texts";
import { el, hexView } from "../../elements/dom.js";
import { face } from "../../elements/face.js";
import { reachWhy, reachWords } from "../../elements/nodes.js";
import { prose } from "../../elements/prose.js";
import { clock, label, line, moment, words } from "../../elements/values.js";
import { addressOf, here } from "./place.js";
import { links } from "./related.js";
import { number, say } from "../../elements/words.js";

/**
 * @typedef {import("panda.js").Instance} Instance
 * @typedef {import("panda.js").Panda} Panda
 * @typedef {import("panda.js").Schema} Schema
 */

/** Relations of one list that are shown as links. */
const LINKS = 100;

/**
 * @param {object} use
 * @param {Panda} use.panda
 * @param {Instance} use.instance
 * @param {Schema | null} use.schema  null where it is not known
 * @param {import("./related.js").Targets} use.targets
 * @param {HTMLElement} use.versions  what its author has said of it
 * @returns {HTMLElement[]}
 */
export function instanceView({ panda, instance, schema, targets, versions }) {
  const fields = el("dl", { class: "values" });
  const names = schema ? Object.keys(schema.fields) : Object.keys(instance).filter((name) => name !== "id" && !name.startsWith("_"));
  for (const name of names) {
    const value = instance[name];
    const definition = schema?.fields[name];
    const shown = value === undefined ? [el("span", { class: "muted" }, texts.data.nothing)]
      : definition?.type.startsWith("relation") ? relations(instance, name, targets) : content(name, value, definition?.type ?? "");
    fields.append(el("div", { data: { name } }, el("dt", {}, label(line(name, 70))), el("dd", {}, ...shown)));
  }
  const signed = provenance(panda, instance);
  if (instance._meta.edited) signed.append(versions);
  return [fields, signed];
}

/** @param {string} name @param {unknown} value @param {string} type @returns {(Node | string)[]} */
function content(name, value, type) {
  if (Array.isArray(value)) {
    return [el("ul", {}, ...value.slice(0, LINKS).map((item) => el("li", {}, ...content(name, item, type.replace("[]", ""))))),
      ...(value.length > LINKS ? [say(texts.schemas.more, { n: number(value.length - LINKS) })] : [])];
  }
  const date = type === "timestamp" ? moment(value) : null;
  if (date) return [el("time", { data: { field: name }, attrs: { datetime: String(value) } }, clock(date)), " ", el("span", { class: "note" }, String(value))];
  if (typeof value === "string") return prose(name, value);
  return [el("span", { data: { field: name } }, words(value))];
}

/** @param {Instance} instance @param {string} name @param {import("./related.js").Targets} targets */
function relations(instance, name, targets) {
  const led = links(instance, name, targets, LINKS);
  for (const link of led) link.dataset.field = name;
  return [el("ul", { class: "relations" }, ...led.map((link) => el("li", {}, link)))];
}

/** @param {Panda} panda @param {Instance} instance */
function provenance(panda, instance) {
  const { author, logId, seqNum, lastEntry, edited, verified, complete } = instance._meta;
  const mine = author === panda.author;
  const list = el("dl", {});
  /** @param {string} name @param {(Node | string)[]} value */
  const add = (name, ...value) => list.append(el("div", {}, el("dt", {}, name), el("dd", {}, ...value)));
  add(texts.data.checked, el("span", { data: { badge: "verified", holds: String(verified) } },
    verified ? texts.data.inPlace : texts.data.notInPlace));
  const goes = reachWords(instance._meta);
  if (goes) list.append(el("div", { data: { badge: "waiting" } }, el("dt", {}, goes), el("dd", {}, reachWhy(instance._meta))));
  add(texts.origin.author, face(author), " ", ...(mine ? [el("strong", { class: "mine" }, texts.origin.you), " "] : []), hexView(author, texts.origin.author, "author"));
  add(texts.origin.logId, el("span", { data: { field: "logId" } }, String(logId)), " ",
    el("a", { class: "see-log", attrs: { href: addressOf({ ...here(), log: `${author}.${logId}`, at: String(seqNum) }) } }, texts.data.seeLog));
  add(texts.origin.seqNum, el("span", { data: { field: "seqNum" } }, String(seqNum)));
  add(texts.origin.entryHash, hexView(lastEntry, texts.origin.entryHash, "entryHash"));
  if (lastEntry !== instance.id) add(texts.origin.id, hexView(instance.id, texts.origin.idIsHash, "id"));
  add(texts.data.versions, edited ? (complete ? texts.data.editedWhole : texts.data.edited) : texts.data.one);
  return el("aside", { class: "provenance", attrs: { "aria-label": texts.origin.who } }, list);
}
