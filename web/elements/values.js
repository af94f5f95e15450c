/** Values of fields as words, and what can be read of them. */

import * as texts from "texts";
import { plain } from "./foreign.js";
import { shortHash } from "./dom.js";
import { number, say } from "./words.js";

/**
 * @typedef {import("panda.js").Instance} Instance
 * @typedef {import("panda.js").FieldDefinition} FieldDefinition
 * @typedef {import("panda.js").Schema} Schema
 */

/** What somebody typed is no value of the field's type. */
export class FieldWrong extends Error {}

/** Items of a list that are shown. */
const ITEMS = 200;

/** An id of an instance or a schema. @param {unknown} value */
export const isHash = (value) => typeof value === "string" && /^0040[0-9a-f]{128}$/.test(value);

/**
 * A value as one text.
 *
 * @param {unknown} value
 * @returns {string}
 */
export function words(value) {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? texts.elements.yes : texts.elements.no;
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (Array.isArray(value)) {
    const more = value.length - ITEMS;
    return value.slice(0, ITEMS).map(words).join(", ") + (more > 0 ? say(texts.elements.andMore, { n: number(more) }) : "");
  }
  return "";
}

/**
 * A value on one line of bounded length, with nothing in it unseen.
 *
 * @param {unknown} value
 * @param {number} longest
 */
export function line(value, longest) {
  const some = Array.isArray(value) ? value.slice(0, ITEMS) : value;
  const whole = words(typeof some === "string" ? some.slice(0, longest * 4) : some).slice(0, longest * 4);
  const even = plain(whole.replace(/\s+/gu, " ").trim());
  return even.length > longest ? `${even.slice(0, longest).replace(/[\uD800-\uDBFF]$/, "")}…` : even;
}

/**
 * What an instance is called: its first text, else its id.
 *
 * @param {Instance} instance
 * @param {Schema | null} schema
 */
export function titleOf(instance, schema) {
  const [first] = titleFields(schema).map((name) => line(instance[name], 120)).filter(Boolean);
  if (first) return first;
  const text = schema ? undefined : Object.entries(instance).find(([name, value]) => name !== "id" && typeof value === "string" && !isHash(value));
  return (text && line(text[1], 120)) || shortHash(instance.id);
}

/** The fields by which people know instances of a schema, the first one first. @param {Schema | null} schema */
export function titleFields(schema) {
  return Object.entries(schema?.fields ?? {}).filter(([, { type }]) => type === "varchar" || type === "text").map(([name]) => name);
}

/** A field's name for people. @param {string} name */
export const label = (name) => plain(name).replace(/_/g, " ");

/**
 * A web address, or null: nothing else may become a link.
 *
 * @param {unknown} value
 */
export function webAddress(value) {
  const text = typeof value === "string" ? value.trim() : "";
  if (!text || text.length > 10_000 || !URL.canParse(text)) return null;
  const url = new URL(text);
  return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
}

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i;

/** The moment of a timestamp; null where it is none that this browser knows. @param {unknown} value */
export function moment(value) {
  if (typeof value !== "string" || value.length > 60 || !MOMENT.test(value)) return null;
  const date = new Date(value.toUpperCase());
  return Number.isNaN(date.getTime()) ? null : date;
}

/**
 * A moment as the reader's clock shows it.
 *
 * @param {Date} date
 * @param {string} [lang]  the page's, where it is not said
 */
export function clock(date, lang) {
  return new Intl.DateTimeFormat(lang || texts.language, { dateStyle: "medium", timeStyle: "short" }).format(date);
}

/** A moment as an input for dates holds it, on the reader's clock. @param {Date} date */
export function localInput(date) {
  const shifted = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 19);
}

/** What an input for dates holds, as a timestamp with the reader's offset; null where it is none. @param {string} local */
export function fromLocal(local) {
  const whole = local.length === 16 ? `${local}:00` : local.slice(0, 19);
  const date = new Date(whole);
  if (Number.isNaN(date.getTime())) return null;
  const minutes = -date.getTimezoneOffset();
  /** @param {number} part */
  const two = (part) => String(Math.floor(part)).padStart(2, "0");
  const offset = `${minutes < 0 ? "-" : "+"}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`;
  return `${whole}${offset}`;
}

/** The reader's time zone, in words. @param {Date} [at] */
export function zoneWords(at = new Date()) {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  const offset = fromLocal(localInput(at))?.slice(19) ?? "";
  return timeZone === "UTC" ? "UTC" : `${timeZone || texts.elements.localTime}, UTC${offset}`;
}

/**
 * JSON in which integers stay what they are, however large.
 *
 * @param {string} text
 * @returns {unknown}
 */
export function readJson(text) {
  /** @type {(key: string, value: unknown, context?: {source?: string}) => unknown} */
  const reviver = (_, value, context) => {
    const exact = context?.source;
    return typeof value === "number" && exact && /^-?[0-9]{16,19}$/.test(exact) && !Number.isSafeInteger(value) ? BigInt(exact) : value;
  };
  return JSON.parse(text, /** @type {any} */ (reviver));
}

/**
 * The other way.
 *
 * @param {unknown} value
 * @returns {string}
 */
export function writeJson(value) {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return `[${value.map(writeJson).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null);
  return `{${Object.entries(value).map(([name, part]) => `${JSON.stringify(name)}:${writeJson(part)}`).join()}}`;
}
