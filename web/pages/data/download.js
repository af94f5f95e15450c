/** All instances as a file, with progress, and to be cancelled. */

import * as texts from "texts";
import { byId, save } from "../../elements/dom.js";
import { words, writeJson } from "../../elements/values.js";
import { count } from "../../elements/words.js";

/**
 * @typedef {import("panda.js").Panda} Panda
 * @typedef {import("panda.js").Instance} Instance
 * @typedef {{schema: string, filter: object, order: string[]}} Asked
 */

/** How many are read between two words of how far it is. */
const SOME = 200;

/**
 * Every instance that a query has.
 *
 * @param {Panda} panda
 * @param {Asked} asked
 * @param {(done: number) => void} onProgress
 * @param {AbortSignal} signal
 */
export async function everything(panda, { schema, filter, order }, onProgress, signal) {
  const answer = panda.query(schema, { filter, orderBy: order, signal });
  /** @type {Instance[]} */
  const instances = [];
  for await (const instance of answer) {
    instances.push(instance);
    if (instances.length % SOME === 0) onProgress(instances.length);
  }
  return { instances, withheld: answer.rejectedCount };
}

/**
 * A table for spreadsheets (RFC 4180, with the mark that tells them that it is UTF-8).
 *
 * @param {Instance[]} instances
 * @param {string[]} names  fields
 */
export function toCsv(instances, names) {
  const rows = instances.map((instance) => [instance.id, instance._meta.author, ...names.map((name) => instance[name])]);
  return `\uFEFF${[["id", "author", ...names], ...rows].map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}

/** @param {unknown} value */
function cell(value) {
  const text = Array.isArray(value) ? value.map(words).join("; ") : typeof value === "boolean" ? String(value) : words(value);
  // Spreadsheets carry out what begins so, wherever it came from; behind an apostrophe they show it.
  const inert = typeof value === "number" || typeof value === "bigint" ? text : text.replace(/^(?=[\s]*[=+\-@])|^(?=[\t\r\n])/, "'");
  return /[",\r\n;']|^\s|\s$/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}

/**
 * JSON: a list of objects, with what there is to know about each.
 *
 * @param {Instance[]} instances
 */
export const toJson = (instances) => `[\n${instances.map(writeJson).join(",\n")}\n]\n`;

/**
 * The menu that takes along what is shown.
 *
 * @param {object} use
 * @param {import("../shared/session.js").Session} use.session
 * @param {import("../shared/notices.js").Notices} use.notices
 * @param {() => {id: string, name: string, names: string[], filter: object, order: string[]} | null} use.what  is shown
 */
export function makeDownload({ session, notices, what }) {
  /** @type {AbortController | null} */
  let downloading = null;
  byId("download-csv", HTMLButtonElement).addEventListener("click", () => void download("csv"));
  byId("download-json", HTMLButtonElement).addEventListener("click", () => void download("json"));
  byId("download-cancel", HTMLButtonElement).addEventListener("click", () => downloading?.abort());

  /** @param {"csv" | "json"} format */
  async function download(format) {
    const shown = what();
    if (!shown || downloading) return;
    const { id, filter, order } = shown;
    const state = byId("download-state", HTMLElement);
    const said = byId("download-words", HTMLElement);
    byId("download", HTMLDetailsElement).open = false;
    const { signal } = downloading = new AbortController();
    said.textContent = texts.data.reading;
    state.hidden = false;
    try {
      const panda = await session.panda();
      const { instances, withheld } = await everything(panda, { schema: id, filter, order }, (done) => {
        said.textContent = count(done, texts.data.read);
      }, signal);
      const name = shown.name.replace(/[^\p{L}\p{N}_-]+/gu, "-").slice(0, 60) || "data";
      if (format === "csv") save(toCsv(instances, shown.names), `${name}.csv`, "text/csv");
      else save(toJson(instances), `${name}.json`, "application/json");
      notices.say(`${count(instances.length, texts.data.saved)}${withheld ? ` ${count(withheld, texts.data.leftOut)}` : ""}`);
    } catch (error) {
      if (!signal.aborted) notices.error(error, { label: texts.elements.tryAgain, run: () => void download(format) });
    }
    state.hidden = true;
    downloading = null;
  }
}
