/** What the address of the page says: which schema, which of its instances, in which order, which one is open, and which log. */

import * as texts from "texts";
import { withConnection } from "../shared/address.js";
import { names } from "../../elements/feed.js";
import { isHash, readJson, writeJson } from "../../elements/values.js";

/**
 * @typedef {Record<string, unknown>} Filter
 * @typedef {{schema: string, filter: Filter, order: string[], open: string, log: string, at: string}} Place  log: of whom, and which, as AUTHOR.NUMBER; at: its entry
 */

/** Characters of an address that browsers and the software between carry for sure. */
export const LONGEST = 8000;

const LOG = /^[0-9a-f]{64}\.\d{1,15}$/;

/** @returns {Place & {problem: string}}  problem: what is wrong with it, in words */
export function here() {
  const said = new URLSearchParams(location.search);
  const open = said.get("open") ?? "";
  const log = said.get("log") ?? "";
  const { filter, problem } = filterOf(said.get("filter") ?? "");
  return {
    schema: said.get("schema")?.trim() ?? "",
    filter,
    order: names(said.get("order") ?? ""),
    open: isHash(open) ? open : "",
    log: LOG.test(log) ? log : "",
    at: said.get("at") ?? "",
    problem: problem || (log && !LOG.test(log) ? texts.data.noLogAddress : "") || (open && !isHash(open) ? texts.data.noOpenId : ""),
  };
}

/** @param {string} text */
export function filterOf(text) {
  try {
    const filter = text ? readJson(text) : {};
    if (typeof filter === "object" && filter !== null && !Array.isArray(filter)) return { filter: /** @type {Filter} */ (filter), problem: "" };
  } catch {
    // said below
  }
  return { filter: {}, problem: texts.data.filterNoJson };
}

/** The address of a place. @param {Partial<Place>} place */
export function addressOf({ schema = "", filter = {}, order = [], open = "", log = "", at = "" }) {
  const said = new URLSearchParams();
  if (schema) said.set("schema", schema);
  if (Object.keys(filter).length) said.set("filter", writeJson(filter));
  if (order.length) said.set("order", order.join(","));
  if (open) said.set("open", open);
  if (log) said.set("log", log);
  if (log && at) said.set("at", at);
  withConnection(said);
  return said.size ? `data.html?${said}` : "data.html";
}
