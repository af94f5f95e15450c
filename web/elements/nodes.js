/** How things stand with several nodes, and how far an own instance went, in words. */

import * as texts from "texts";
import { el } from "./dom.js";
import { count, momentWords, number, say } from "./words.js";

/** @typedef {import("panda.js").NodeStatus} NodeStatus */
/** @typedef {import("panda.js").Meta} Meta */

/** @type {Record<string, string>} */
const STATES = texts.nodeStates;

/**
 * How far what was last said of an instance went; empty for what is everywhere, or was not written here.
 *
 * @param {Pick<Meta, "waiting" | "reach">} meta
 */
export function reachWords({ waiting, reach }) {
  if (!reach || reach.at >= reach.of) return waiting ? texts.elements.waits : "";
  return reach.at === 0 ? texts.elements.waits : say(texts.elements.reach, { at: number(reach.at), of: number(reach.of) });
}

/** The same at length. @param {Pick<Meta, "waiting" | "reach">} meta */
export function reachWhy({ waiting, reach }) {
  return waiting || !reach ? texts.elements.waitsWhy : say(texts.elements.reachWhy, { at: number(reach.at), of: number(reach.of) });
}

/**
 * Each node: whether it is there, when it was last alike, what is not there yet, what is wrong.
 *
 * @param {NodeStatus[]} nodes
 */
export function nodesList(nodes) {
  return el("ul", { attrs: { part: "nodes" } }, ...nodes.map((node) => el(
    "li", { data: { state: node.state } },
    el("code", {}, node.url), " ", el("span", { class: "state" }, STATES[node.state] ?? ""),
    el("span", { class: "note" }, [
      node.asOf === null ? "" : say(texts.elements.alike, { when: momentWords(node.asOf) }),
      node.brought ? count(node.brought, texts.elements.brought) : "",
      node.pending ? count(node.pending, texts.elements.notThere) : "",
      node.error && node.state !== "connecting" ? node.error.message : "",
    ].filter(Boolean).join(" ")),
  )));
}
