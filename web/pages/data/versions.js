/** What the author of an instance has said of it, one signed entry after the other. It is read when it is opened. */

import * as texts from "texts";
import { button, el, hexView } from "../../elements/dom.js";
import { label, line } from "../../elements/values.js";
import { explain, say } from "../../elements/words.js";
import { lackingView } from "./removing.js";

/**
 * @typedef {import("panda.js").Instance} Instance
 * @typedef {import("panda.js").Panda} Panda
 * @typedef {import("panda.js").Version} Version
 */

const DID = { create: texts.data.didPublish, update: texts.data.didChange, delete: texts.data.didDelete };
/** Characters of a value. In full it stands in the instance, as long as it is the last one. */
const LONGEST = 200;

/**
 * @param {object} use
 * @param {Panda} use.panda
 * @param {string} use.of  the schema's id
 * @param {Instance} use.instance
 * @param {HTMLDetailsElement | null} use.before  what stands there: it stays until there is another version
 */
export function versionsView({ panda, of, instance, before }) {
  const { lastEntry } = instance._meta;
  if (before?.dataset.lastEntry === lastEntry) return before;
  const list = el("div", {});
  const fold = el("details", { class: "fold versions", data: { lastEntry } }, el("summary", {}, texts.data.allVersions), list);
  const read = async () => {
    list.replaceChildren(el("p", { class: "note" }, texts.data.readingLog));
    try {
      const { versions, complete, lacking } = await panda.versions(of, instance.id);
      const words = complete ? texts.data.noneMissing : texts.data.othersMissing;
      list.replaceChildren(el("ol", { attrs: { reversed: "" } }, ...versions.map(entry)), el("p", { class: "note" }, words), ...lackingView(lacking));
    } catch (error) {
      const { title, text } = explain(error);
      list.replaceChildren(el("p", { class: "problem" }, `${title}. ${text} `, button(texts.elements.tryAgain, () => void read(), "quiet")));
    }
  };
  fold.addEventListener("toggle", () => {
    if (fold.open && !list.hasChildNodes()) void read();
  });
  fold.open = before?.open ?? false;
  return fold;
}

/** @param {Version} version */
function entry({ seqNum, action, fields, entryHash }) {
  const values = Object.entries(fields).map(([name, value]) => el("div", { data: { name } }, el("dt", {}, label(line(name, 70))), el("dd", {}, said(value))));
  return el("li", { data: { version: action, seqNum: String(seqNum) } },
    el("p", {}, el("strong", {}, DID[action]), ` ${say(texts.data.byEntry, { n: seqNum })} `, hexView(entryHash, say(texts.data.hashOfEntry, { n: seqNum }), "versionHash")), el("dl", {}, ...values));
}

/** @param {unknown} value */
function said(value) {
  const nothing = value === "" || (Array.isArray(value) && value.length === 0);
  return nothing ? el("span", { class: "muted" }, texts.data.nothing) : el("span", {}, line(value, LONGEST));
}
