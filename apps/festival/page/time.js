/**
 * Times of a programme: read as written, shown in the event's own offset, never in the viewer's zone; ordered by the
 * moments that they mean.
 *
 * @typedef {object} When
 * @property {number} moment  milliseconds since 1970
 * @property {string} day  the programme's day, YYYY-MM-DD, by the time's own clock: a day starts at 05:00
 * @property {string} clock  HH:MM
 * @property {string} local  YYYY-MM-DDTHH:MM, with seconds if there are any
 * @property {string} offset  "Z" or +HH:MM; empty if none is given
 *
 * @typedef {(moment: number) => number | null} Zone  minutes from UTC at a moment
 */

import * as texts from "texts";
import { say } from "../../../web/elements/words.js";

const DAY_STARTS = 5 * 60;
// As in the schema: RFC 3339, also with an offset that has no colon. Seconds and offset may be missing, as in texts
// that no schema was asked about.
const START = /^(\d{4}-\d\d-\d\d)[Tt](\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(?:([Zz])|([+-]\d\d):?(\d\d))?$/;
const LONGEST = 255;
const MINUTE = 60_000;
// Days that four digits name.
const FIRST = Date.parse("0000-01-01T00:00:00Z");
const LAST = Date.parse("9999-12-31T00:00:00Z");

/**
 * @param {unknown} value
 * @returns {When | null}  null: not a date and time
 */
export function parseStart(value) {
  const found = typeof value === "string" && value.length <= LONGEST ? START.exec(value) : null;
  if (!found) return null;
  const [, date = "", hours, minutes, seconds = "00", fraction = "", utc, offsetHours, offsetMinutes] = found;
  const midnight = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime()) || isoDay(midnight) !== date) return null;
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 60) return null;
  const offset = utc ? "Z" : offsetHours ? `${offsetHours}:${offsetMinutes}` : "";
  const local = midnight.getTime() + (Number(hours) * 60 + Number(minutes)) * MINUTE;
  return {
    moment: local + Number(`${seconds}${fraction}`) * 1000 - offsetOf(offset) * MINUTE,
    day: dayOf(local),
    clock: `${hours}:${minutes}`,
    local: `${date}T${hours}:${minutes}${seconds === "00" ? "" : `:${seconds}`}`,
    offset,
  };
}

/**
 * The programme's day of a clock's time.
 *
 * @param {number} local  milliseconds, as if the clock showed UTC
 */
function dayOf(local) {
  return isoDay(new Date(Math.min(Math.max(local - DAY_STARTS * MINUTE, FIRST), LAST)));
}

/**
 * The day of a programme that a time is in: by the time's own clock, unless that is of another part of the world. A
 * clock change moves the programme's own clock by no more than an hour.
 *
 * @param {When} when
 * @param {string} offset  the programme's
 */
export function dayIn(when, offset) {
  return isOwn(when, offset) ? when.day : dayOf(when.moment + offsetOf(offset) * MINUTE);
}

/**
 * @param {When} when
 * @param {string} offset  the programme's
 */
function isOwn(when, offset) {
  return Math.abs(offsetOf(when.offset) - offsetOf(offset)) <= 60;
}

/** @param {string} offset  "Z", +HH:MM or nothing */
function offsetOf(offset) {
  const [, sign, hours, minutes] = /^([+-])(\d\d):(\d\d)$/.exec(offset) ?? [];
  return sign ? (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) : 0;
}

/** @param {Date} date */
function isoDay(date) {
  return date.toISOString().slice(0, 10);
}

/**
 * @param {unknown} value  "00:45"
 * @returns {number | null}  minutes
 */
export function parseDuration(value) {
  const found = typeof value === "string" ? /^(\d{1,3}):([0-5]\d)$/.exec(value) : null;
  return found ? Number(found[1]) * 60 + Number(found[2]) : null;
}

/** @param {number} minutes */
export function durationWords(minutes) {
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  return [hours ? say(texts.programme.hours, { n: hours }) : "", rest || !hours ? say(texts.programme.minutes, { n: rest }) : ""].filter(Boolean).join(" ");
}

/**
 * What the clock shows at a talk's end, also where it was changed meanwhile.
 *
 * @param {When} when
 * @param {number} minutes
 * @param {Zone} zone  the programme's
 */
export function endClock(when, minutes, zone) {
  const own = offsetOf(when.offset);
  const end = when.moment + minutes * MINUTE;
  const then = zone(when.moment) === own ? (zone(end) ?? own) : own;
  const shown = new Date(end + then * MINUTE);
  return `${two(shown.getUTCHours())}:${two(shown.getUTCMinutes())}`;
}

/**
 * The zone of a programme, which its times do not name: the viewer's if it has the same offsets; else, where the
 * offsets say that the clock was changed, any that has them.
 *
 * @param {When[]} whens
 * @param {string} offset  the programme's
 * @returns {Zone}
 */
export function zoneOf(whens, offset) {
  /** @type {Map<string, number[]>} */
  const seen = new Map();
  for (const when of whens.filter((each) => each.offset && isOwn(each, offset))) {
    const [first = when.moment, last = when.moment] = seen.get(when.offset) ?? [];
    seen.set(when.offset, [Math.min(first, when.moment), Math.max(last, when.moment)]);
  }
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const name of seen.size > 1 ? [own, ...Intl.supportedValuesOf("timeZone")] : [own]) {
    const zone = zoneNamed(name);
    if ([...seen].every(([each, moments]) => moments.every((moment) => zone(moment) === offsetOf(each)))) return zone;
  }
  return () => null;
}

/**
 * @param {string} name
 * @returns {Zone}
 */
function zoneNamed(name) {
  const format = new Intl.DateTimeFormat("en", { timeZone: name, timeZoneName: "longOffset" });
  return (moment) => {
    const words = format.formatToParts(moment).find(({ type }) => type === "timeZoneName")?.value ?? "";
    return words.startsWith("GMT") ? offsetOf(words.slice(3)) : null;
  };
}

const WEEKDAY = new Intl.DateTimeFormat(texts.language === "en" ? "en-GB" : texts.language, { weekday: "long", timeZone: "UTC" });
const DATE = new Intl.DateTimeFormat(texts.language === "en" ? "en-GB" : texts.language, { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });

/**
 * @param {string} day  YYYY-MM-DD
 * @returns {{weekday: string, date: string}}
 */
export function dayWords(day) {
  const date = new Date(`${day}T00:00:00Z`);
  return { weekday: WEEKDAY.format(date), date: DATE.format(date) };
}

/** The viewer's own offset, as a first guess for a new talk where the programme gives none. */
export function ownOffset() {
  const minutes = -new Date().getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** @param {number} n */
function two(n) {
  return String(n).padStart(2, "0");
}
