/**
 * Times of a programme: read as written, shown in the event's own offset, never in the viewer's zone.
 *
 * @typedef {object} When
 * @property {string} day  the programme's day, YYYY-MM-DD: a day starts at 05:00
 * @property {number} order  minutes since that day's midnight, up to 29:00
 * @property {string} clock  HH:MM
 * @property {string} local  YYYY-MM-DDTHH:MM, with seconds if there are any
 * @property {string} offset  as written; empty if none
 */

const DAY_STARTS = 5 * 60;
const START = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?$/;
const SECONDS_A_DAY = 86_400_000;

/**
 * @param {unknown} value
 * @returns {When | null}  null: not a date and time
 */
export function parseStart(value) {
  const found = typeof value === "string" && value.length < 48 ? START.exec(value) : null;
  if (!found) return null;
  const [, year, month, date, hours, minutes, seconds, offset] = found;
  const midnight = new Date(`${year}-${month}-${date}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime()) || isoDay(midnight) !== `${year}-${month}-${date}`) return null;
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds ?? 0) > 59) return null;
  const minute = Number(hours) * 60 + Number(minutes);
  const night = minute < DAY_STARTS;
  const day = night ? isoDay(new Date(midnight.getTime() - SECONDS_A_DAY)) : isoDay(midnight);
  const clock = `${hours}:${minutes}`;
  const rest = seconds && seconds !== "00" ? `:${seconds}` : "";
  return {
    day,
    order: night ? minute + 24 * 60 : minute,
    clock,
    local: `${year}-${month}-${date}T${clock}${rest}`,
    offset: offset ?? "",
  };
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
  return [hours ? `${hours} h` : "", rest || !hours ? `${rest} min` : ""].filter(Boolean).join(" ");
}

/**
 * @param {When} when
 * @param {number} minutes
 */
export function endClock(when, minutes) {
  const end = (when.order + minutes) % (24 * 60);
  return `${String(Math.floor(end / 60)).padStart(2, "0")}:${String(end % 60).padStart(2, "0")}`;
}

const WEEKDAY = new Intl.DateTimeFormat("en-GB", { weekday: "long", timeZone: "UTC" });
const DATE = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });

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
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}
