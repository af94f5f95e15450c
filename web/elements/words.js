/** The page's language: its texts with numbers and names in them, and errors in words. */

import * as texts from "texts";
import { quoted } from "./foreign.js";

/** @typedef {{one: string, other: string}} Forms  a text for one, and for another number */

const plural = new Intl.PluralRules(texts.language);

/**
 * A text with what belongs into its places, such as {name}.
 *
 * @param {string} text
 * @param {Record<string, string | number>} values
 */
export function say(text, values) {
  return text.replace(/\{(\w+)\}/g, (place, name) => String(values[name] ?? place));
}

/** A number as the page's language writes it. @param {number} n */
export const number = (n) => n.toLocaleString(texts.language);

const moments = new Intl.DateTimeFormat(texts.language, { dateStyle: "medium", timeStyle: "short" });

/** A moment on the reader's own clock. @param {number} ms  since 1970 */
export const momentWords = (ms) => moments.format(ms);

/**
 * The text for a number; its place is {n}.
 *
 * @param {number} n
 * @param {Forms} forms
 * @param {Record<string, string | number>} [values]  of other places
 */
export function count(n, forms, values = {}) {
  return say(plural.select(n) === "one" ? forms.one : forms.other, { ...values, n: number(n) });
}

/** Characters of an error's words, which may quote what a stranger wrote. */
const LONGEST = 1000;

/** Characters of the words of whoever runs a node: it may send no more. */
const WORDS = 200;

/** Bytes in megabytes, without the unit. @param {number} bytes */
export function megabytes(bytes) {
  return (bytes / 1e6).toLocaleString(texts.language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

/**
 * How far a stage of Python's start is.
 *
 * @param {string} what
 * @param {number} done  bytes of a download; else 0
 * @param {number} total
 */
export function stageWords(what, done, total) {
  const values = { what, done: megabytes(done), total: megabytes(total) };
  return done > 0 ? say(total > 0 ? texts.start.someOf : texts.start.some, values) : `${what}${texts.elements.goesOn}`;
}

/** The reasons which say that there was no answer. */
export const AWAY = ["node-unreachable", "node-silent", "node-slow", "node-down", "node-overloaded", "offline"];

/** What each reason means to a reader. @type {Record<string, {title: string, hint: string, text?: string}>} */
const REASONS = texts.reasons;

/**
 * An error's stable reason, heading, sentence and advice. Takes anything that was thrown.
 *
 * @param {unknown} error
 */
export function explain(error) {
  const known = error instanceof Error ? error : new Error(String(error));
  const given = "reason" in known ? known.reason : undefined;
  const reason = typeof given === "string" && given ? given : known.name === "AbortError" ? "cancelled" : "error";
  const words = Object.hasOwn(REASONS, reason) ? REASONS[reason] : undefined;
  const refused = reason.startsWith("node-");
  const said = "data" in known && known.data && typeof known.data === "object" ? known.data : {};
  const data = { ...("node" in said && said.node && typeof said.node === "object" ? said.node : {}), ...said };
  return {
    reason,
    title: words?.title ?? (refused ? texts.errors.nodeRefused : texts.errors.other),
    text: filled(words?.text, data) ?? (quoted(known.message, LONGEST) || texts.errors.noWords),
    hint: words?.hint ?? "",
  };
}

/**
 * The sentence with what the error names; undefined where that is not known.
 *
 * @param {string | undefined} text
 * @param {object} data
 */
function filled(text, data) {
  const places = [...(text ?? "").matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
  if (!places.every((name) => Object.hasOwn(data, name))) return undefined;
  const named = Object.entries(data).filter(([name]) => places.includes(name));
  return text && say(text, Object.fromEntries(named.map(([name, value]) => [name, typeof value === "number" ? number(value) : quoted(String(value), name === "words" ? WORDS : 70)])));
}

/**
 * What was said of an error beside an answer, as the error.
 *
 * @param {{reason: string, message: string, words: string | null}} said
 */
export const errorOf = ({ reason, message, words }) => Object.assign(new Error(message), { reason, data: words === null ? {} : { words } });

/**
 * What happened to a log of the visitor's own, as an error.
 *
 * @param {{logId: number, seqNum: number}} fork
 */
export const forkError = ({ logId, seqNum }) => Object.assign(new Error(`log ${logId} is forked at entry ${seqNum}`), { reason: "log-forked", data: { logId, seqNum } });

/** Why an item was withheld, in words a newcomer understands. @type {Record<string, string>} */
const WITHHELD = texts.withheld;

/**
 * @param {string} reason
 * @param {string} message  the first sentence given with it
 */
export function withheldWords(reason, message) {
  return (Object.hasOwn(WITHHELD, reason) ? WITHHELD[reason] : "") || quoted(message, LONGEST) || reason;
}
