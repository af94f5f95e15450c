/**
 * A talk as the page sees it. Not every node holds talks to their schema: any field may be missing, of another
 * type, or enormous.
 */

import * as texts from "texts";
import { plain } from "../../../web/elements/foreign.js";
import { parseDuration, parseStart } from "./time.js";

/**
 * @typedef {import("../../../web/pages/shared/types.js").Instance} Instance
 *
 * @typedef {object} Talk
 * @property {Instance} item
 * @property {string} id
 * @property {boolean} mine
 * @property {string} title
 * @property {string} room
 * @property {string} roomName  as its author wrote it
 * @property {string} track
 * @property {string[]} persons
 * @property {import("./time.js").When | null} when
 * @property {number | null} minutes
 * @property {string} day  the programme's day, or NONE
 * @property {string} words  what the search looks into; filled in when first searched
 * @property {"programme" | "proposed" | "muted"} place  where it stands
 * @property {{talk: Talk, differs: boolean}[]} behind  others' versions, which this one is shown in place of
 */

/** Stands for "has none" among days, rooms and tracks; no trimmed text can be equal to it. */
export const NONE = "\n";

/**
 * A field's value as one text.
 *
 * @param {unknown} value
 * @returns {string}
 */
export function text(value) {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return value.slice(0, 200).map(text).filter(Boolean).join(", ");
  return "";
}

/**
 * A field's value as one line, for lists and menus: trimmed and not endless, and nothing in it unseen.
 *
 * @param {unknown} value
 * @param {number} [longest]
 */
export function line(value, longest = 300) {
  const whole = plain(text(value).slice(0, longest * 4).replace(/\s+/gu, " ").trim());
  return whole.length > longest ? `${whole.slice(0, longest)}…` : whole;
}

/**
 * The name of a room or a track: two spellings of one text in Unicode are one name.
 *
 * @param {unknown} value
 */
function name(value) {
  return line(value, 80).normalize();
}

/**
 * @param {unknown} value
 * @returns {string[]}
 */
export function persons(value) {
  const names = Array.isArray(value) ? value : [value];
  return names.map((name) => line(name, 120)).filter(Boolean);
}

/**
 * @param {Instance} item
 * @param {string | null} me
 * @param {Map<string, unknown>} rooms  names by id
 * @returns {Talk}
 */
export function toTalk(item, me, rooms) {
  const when = parseStart(item.start);
  return {
    item,
    id: item.id,
    mine: me !== null && item._meta.author === me,
    title: line(item.title),
    room: name(rooms.get(text(item.room))),
    roomName: text(rooms.get(text(item.room))),
    track: name(item.track),
    persons: persons(item.persons),
    when,
    minutes: parseDuration(item.duration),
    day: when?.day ?? NONE,
    words: "",
    place: "programme",
    behind: [],
  };
}

/**
 * The order of a programme: day, moment, room, title; what has no time comes last.
 *
 * @param {Talk} a
 * @param {Talk} b
 */
export function inOrder(a, b) {
  if (a.when && b.when) {
    if (a.day !== b.day) return a.day < b.day ? -1 : 1;
    if (a.when.moment !== b.when.moment) return a.when.moment - b.when.moment;
  } else if (a.when || b.when) {
    return a.when ? -1 : 1;
  }
  return compare(a.room, b.room) || compare(a.title, b.title) || (a.id < b.id ? -1 : 1);
}

const compare = new Intl.Collator(texts.language, { numeric: true }).compare;

/**
 * Text folded for searching: no case, no accents.
 *
 * @param {string} words
 */
export function fold(words) {
  return words.normalize("NFKD").replace(/\p{M}+/gu, "").toLowerCase();
}

/** @param {Talk} talk */
export function searchWords(talk) {
  const { item } = talk;
  talk.words ||= fold(
    [talk.title, line(item.subtitle), ...talk.persons.slice(0, 50), talk.room, talk.track, text(item.abstract).slice(0, 5000), text(item.description).slice(0, 10000)].join("\n"),
  );
  return talk.words;
}

/**
 * How often each value occurs, in the order of a menu; NONE comes last.
 *
 * @param {string[]} values
 * @returns {[string, number][]}
 */
export function tally(values) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => (a === NONE ? 1 : b === NONE ? -1 : compare(a, b)));
}

const HUES = 14;

/**
 * A hue for every track, derived from its name. Tracks that would fall on one hue move on to the next free one,
 * the most frequent first, so that a programme's main tracks stay apart.
 *
 * @param {[string, number][]} tracks
 * @returns {Map<string, number>}
 */
export function hues(tracks) {
  /** @type {Map<string, number>} */
  const found = new Map();
  /** @type {Set<number>} */
  const taken = new Set();
  const byWeight = [...tracks].filter(([track]) => track !== NONE).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  for (const [track] of byWeight) {
    let slot = hash(track) % HUES;
    if (taken.size < HUES) while (taken.has(slot)) slot = (slot + 5) % HUES;
    taken.add(slot);
    found.set(track, Math.round((slot * 360) / HUES) + 12);
  }
  return found;
}

/** @param {string} value  FNV-1a */
function hash(value) {
  let state = 0x811c9dc5;
  for (let at = 0; at < value.length; at++) state = Math.imul(state ^ value.charCodeAt(at), 0x01000193) >>> 0;
  return (state ^ (state >>> 15)) >>> 0;
}
