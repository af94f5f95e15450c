/** What is said of a log, of its entries, and of the path that verifies one. */

import * as texts from "texts";
import { count, number, say } from "./words.js";

/**
 * @typedef {import("panda.js").Log} Log
 * @typedef {import("panda.js").LogEntry} LogEntry
 */

/** Entries of a path that are named; of a longer one those at both ends. */
const NAMED = 40;

/** @type {Record<string, string>} */
export const STATES = { held: texts.log.held, "never-held": texts.log.neverHeld, dropped: texts.log.dropped, deleted: texts.log.deleted, unknown: texts.log.unknown };
export const ACTIONS = { create: texts.log.publishes, update: texts.log.changes, delete: texts.log.deletes };

/**
 * An entry in one line.
 *
 * @param {LogEntry} entry
 * @param {{half: boolean, behind: boolean}} fork  what it is in one
 */
export function entryWords({ seqNum, action, payloadState, verified, endOfLog, counts }, { half, behind }) {
  return [
    say(texts.log.entry, { n: seqNum }),
    ...(action ? [ACTIONS[action]] : []),
    STATES[payloadState ?? "unknown"],
    verified ? texts.log.isVerified : texts.log.isNotVerified,
    ...(endOfLog ? [texts.log.isEnd] : []),
    ...(half ? [texts.log.isHalf] : []),
    ...(counts === false ? [texts.log.doesNotCount] : []),
    ...(behind && counts ? [texts.log.isFollowed] : []),
  ].join(", ");
}

/**
 * The entries on the shortest path from one to entry 1; itself first.
 *
 * @param {Log} log
 * @param {LogEntry} entry
 */
export function pathOf(log, entry) {
  const byHash = new Map(log.entries.map((each) => [each.entryHash, each]));
  const found = [entry];
  for (let here = entry; here.via !== null;) {
    const next = byHash.get(here.via);
    if (!next || next.seqNum >= here.seqNum) break;
    found.push(next);
    here = next;
  }
  return found;
}

/**
 * What verifies an entry, in words.
 *
 * @param {LogEntry[]} path  from the entry to entry 1
 */
export function pathWords(path) {
  const [entry] = path;
  if (!entry) return "";
  if (!entry.verified) return say(texts.log.noPath, { at: entry.seqNum });
  if (entry.seqNum === 1) return texts.log.firstEntry;
  const places = path.map(({ seqNum }) => String(seqNum));
  const named = places.length > NAMED ? [...places.slice(0, NAMED / 2), "…", ...places.slice(-NAMED / 2)] : places;
  return count(path.length - 1, texts.log.verified, { at: entry.seqNum, path: named.join(" → ") });
}

/** What happened where a log is forked. @param {import("panda.js").LogFork} fork */
export function forkWords({ position, shape, places: [one = 0, other = 0], followed }) {
  const said = {
    entries: say(texts.log.twoEntries, { n: position }),
    "entry-and-link": say(texts.log.entryAndLink, { n: position, other }),
    links: say(texts.log.twoLinks, { n: position, one, other }),
    end: say(texts.log.behindEnd, { n: position - 1, other }),
  };
  return `${said[shape]} ${followed ? texts.log.followedCounts : texts.log.beforeCounts}`;
}

/** How much there is, and who holds it. @param {Log} log */
export function summaryWords({ end, first, last, where, unsound, crowded }) {
  return [
    count(end, texts.log.entries),
    first > 1 || last < end ? say(texts.log.part, { first: number(first), last: number(last) }) : "",
    where === "here" ? texts.log.here : texts.log.atTheNode,
    unsound ? count(unsound, texts.log.unsound) : "",
    crowded ? count(crowded, texts.log.crowded) : "",
  ].filter(Boolean).join(" ");
}
