/**
 * A log drawn: its entries in a row, in lanes where it is forked; the line from each to the one before it; an arc for each
 * skiplink; gaps as gaps. What became of a message is a shape, and a word in the entry's name, never a colour alone.
 */

import * as texts from "texts";
import { letterOf } from "./log-branches.js";
import { entryWords } from "./log-words.js";
import { number, say } from "./words.js";

/**
 * @typedef {import("panda.js").Log} Log
 * @typedef {import("panda.js").LogEntry} LogEntry
 * @typedef {{kind: "entries" | "missing" | "between", from: number, to: number}} Column  "between": what was not asked for
 * @typedef {{x: number, y: number}} Point
 */

const SVG = "http://www.w3.org/2000/svg";
const STEP = 48;
const LANE = 78;
const RADIUS = 11;
/** Below an entry stands its number. */
const LABEL = RADIUS + 23;
/** No arc is higher, so that a picture is never higher than a screen. */
const HIGHEST = 190;
/** A band with its words. */
const LABELLED = 112;
const ARC = 0.75; // of the height of its handles a curve reaches

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attrs
 * @param {(Node | string)[]} children
 */
function shape(tag, attrs, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attrs)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/**
 * What stands beside each other, from left to right.
 *
 * @param {Log} log
 * @returns {Column[]}
 */
export function columns(log) {
  /** @type {Column[]} */
  const there = [...new Set(log.entries.map(({ seqNum }) => seqNum))].map((n) => ({ kind: "entries", from: n, to: n }));
  for (const [from = 0, to = 0] of log.missing) there.push({ kind: "missing", from, to });
  there.sort((a, b) => a.from - b.from);
  /** @type {Column[]} */
  const found = [];
  let behind = 1;
  for (const column of there) {
    if (column.from > behind) found.push({ kind: "between", from: behind, to: column.from - 1 });
    found.push(column);
    behind = column.to + 1;
  }
  if (behind <= log.end) found.push({ kind: "between", from: behind, to: log.end });
  return found;
}

/**
 * @param {Log} log  with entries
 * @param {(name: string) => string} id  an id for a part of the picture
 */
export function drawLog(log, id) {
  const shown = columns(log);
  /** @type {Map<number, number>} */
  const across = new Map();
  shown.forEach(({ from }, n) => across.set(from, STEP * (n + 0.75)));
  const width = STEP * (shown.length + 0.5) + (log.fork?.followed ? LABELLED : 0); // a band may stand at the end
  const lanes = Math.max(...log.entries.map(({ lane }) => lane)) + 1;
  /** @param {number} from @param {number} to */
  const height = (from, to) => Math.min(HIGHEST, 26 + Math.abs((across.get(from) ?? 0) - (across.get(to) ?? 0)) * 0.3);
  const byHash = new Map(log.entries.map((entry) => [entry.entryHash, entry]));
  /** @param {boolean} above */
  const highest = (above) => Math.max(0, ...log.entries.map((entry) => {
    const target = entry.skiplink && byHash.get(entry.skiplink);
    return target && (entry.lane === 0) === above ? height(entry.seqNum, target.seqNum) * ARC : 0;
  }));
  const top = highest(true) + RADIUS + (log.fork ? 26 : 10);
  const tall = top + LANE * (lanes - 1) + LABEL + 8 + highest(false);
  /** @param {LogEntry} entry @returns {Point} */
  const at = ({ seqNum, lane }) => ({ x: across.get(seqNum) ?? 0, y: top + LANE * lane });

  const svg = shape("svg", { viewBox: `0 0 ${width} ${tall}`, width, height: tall, role: "listbox", tabindex: 0, part: "picture" });
  svg.append(...bands(log, shown, across, { width, tall, top }));
  for (const { kind, from, to } of shown) if (kind !== "entries") svg.append(gap(kind, from, to, across.get(from) ?? 0, top));
  const links = shape("g", { "aria-hidden": "true" });
  const nodes = shape("g", { role: "presentation" });
  svg.append(links, nodes);
  /** @type {Map<string, SVGElement>} */
  const options = new Map();
  for (const entry of log.entries) {
    links.append(...linesOf(entry, byHash, at, height));
    const half = log.forks.some(({ entries }) => entries.includes(entry.entryHash));
    const behind = log.fork !== null && entry.seqNum >= log.fork.position;
    const after = entry.counts === false;
    const node = symbol(entry, at(entry), half, letterOf(log, entry.entryHash));
    node.id = id(entry.entryHash);
    for (const [name, value] of Object.entries({ role: "option", "aria-selected": "false", "aria-label": entryWords(entry, { half, behind }) })) node.setAttribute(name, value);
    Object.assign(node.dataset, { seqNum: entry.seqNum, lane: entry.lane, hash: entry.entryHash, state: entry.payloadState ?? "unknown", verified: entry.verified, ...(half ? { half: "" } : {}), ...(after ? { after: "" } : {}), ...(behind && entry.counts ? { followed: "" } : {}) });
    options.set(entry.entryHash, node);
    nodes.append(node);
  }
  return { svg, options };
}

/**
 * @param {LogEntry} entry
 * @param {Map<string, LogEntry>} byHash
 * @param {(entry: LogEntry) => Point} at
 * @param {(from: number, to: number) => number} height
 */
function linesOf(entry, byHash, at, height) {
  const { x, y } = at(entry);
  const found = [];
  const before = entry.backlink && byHash.get(entry.backlink);
  if (before) {
    const to = at(before);
    const line = to.y === y ? `M${x - RADIUS} ${y}H${to.x + RADIUS}` : `M${x - RADIUS} ${y}C${x - STEP / 2} ${y} ${to.x + STEP / 2} ${to.y} ${to.x + RADIUS} ${to.y}`;
    found.push(shape("path", { d: line, class: "link back", "data-from": entry.entryHash, "data-to": before.entryHash }));
  } else if (entry.backlink) {
    found.push(shape("path", { d: `M${x - RADIUS} ${y}h-12`, class: "link back loose" })); // to what was not given, or is another entry
  }
  const earlier = entry.skiplink && byHash.get(entry.skiplink);
  if (earlier) {
    const to = at(earlier);
    const high = height(entry.seqNum, earlier.seqNum);
    const line = entry.lane === 0 && earlier.lane === 0 ? `M${x} ${y - RADIUS}C${x} ${y - high} ${to.x} ${to.y - high} ${to.x} ${to.y - RADIUS}`
      : `M${x} ${y + LABEL}C${x} ${y + LABEL + high} ${to.x} ${y + LABEL + high} ${to.x} ${to.y + LABEL}`;
    found.push(shape("path", { d: line, class: "link skip", "data-from": entry.entryHash, "data-to": earlier.entryHash }));
  }
  return found;
}

/**
 * An entry: a disc that is full where its message is there.
 *
 * @param {Pick<LogEntry, "seqNum" | "verified" | "payloadState" | "endOfLog">} entry
 * @param {Point} at
 * @param {boolean} half  of the proof of a fork
 * @param {string} letter  of the branch that begins with it
 */
export function symbol({ seqNum, verified, payloadState, endOfLog }, { x, y }, half = false, letter = "") {
  const r = RADIUS;
  const node = /** @type {SVGGElement} */ (shape("g", { class: "entry", transform: `translate(${x} ${y})` }));
  node.append(shape("rect", { class: "area", x: -STEP / 2, y: -r - 8, width: STEP, height: 2 * r + 37, rx: 4 }));
  if (half) node.append(shape("path", { class: "half", d: `M0 ${-r - 7}L${r + 7} 0L0 ${r + 7}L${-r - 7} 0Z` }));
  node.append(verified ? shape("circle", { class: `body ${payloadState ?? "unknown"}`, r }) : shape("rect", { class: `body ${payloadState ?? "unknown"}`, x: -r, y: -r, width: 2 * r, height: 2 * r }));
  if (payloadState === "dropped") node.append(shape("path", { class: "mark", d: "M-5 5L5 -5" }));
  if (payloadState === "deleted") node.append(shape("path", { class: "mark", d: "M-4.5 4.5L4.5 -4.5M-4.5 -4.5L4.5 4.5" }));
  if (!verified) node.append(shape("text", { class: "mark-text", y: 4 }, "?"));
  if (endOfLog) node.append(shape("path", { class: "end", d: `M${r + 5} ${-r - 2}V${r + 2}` }));
  if (seqNum) node.append(shape("text", { class: "number", y: LABEL - 4 }, letter ? `${seqNum} ${letter}` : String(seqNum)));
  return node;
}

/** @param {"missing" | "between"} kind @param {number} from @param {number} to @param {number} x @param {number} y */
function gap(kind, from, to, x, y) {
  const n = to - from + 1;
  const name = kind === "missing" ? say(texts.log.missingFrom, { from, to }) : say(texts.log.notShown, { from, to });
  const label = kind === "missing" ? (n === 1 ? String(from) : `${from}–${to}`) : `+${number(n)}`;
  return shape("g", { class: `gap ${kind}`, transform: `translate(${x} ${y})` },
    shape("title", {}, name),
    ...(kind === "missing" ? [shape("rect", { class: "hole", x: -18, y: -RADIUS, width: 36, height: 2 * RADIUS, rx: 3 })] : []),
    shape("text", { class: "dots", y: 4 }, kind === "missing" ? "∅" : "···"), shape("text", { class: "number", y: LABEL - 4 }, label));
}

/**
 * What does not count: from the place of the fork on; where a branch is followed, what is in each other lane.
 *
 * @param {Log} log
 * @param {Column[]} shown
 * @param {Map<number, number>} across
 * @param {{width: number, tall: number, top: number}} size
 */
function bands(log, shown, across, { width, tall, top }) {
  const position = log.fork?.position ?? 0;
  const first = position && shown.find(({ to }) => to >= position);
  if (!first) return [];
  /** @param {number} from @param {number} to @param {number} y @param {number} height */
  const band = (from, to, y, height) => [shape("rect", { class: "after", x: from, y, width: Math.max(to - from, 0), height, rx: 4 }), shape("text", { class: "after-text", x: from + 8, y: y + 16 }, texts.log.doesNotCount)];
  if (!log.entries.some(({ seqNum, counts }) => seqNum >= position && counts)) return band((across.get(first.from) ?? 0) - STEP / 2, width - 1, 1, tall - 2);
  const found = [];
  for (const lane of new Set(log.entries.map((entry) => entry.lane))) {
    const xs = log.entries.filter((entry) => entry.lane === lane && entry.counts === false).map(({ seqNum }) => across.get(seqNum) ?? 0);
    if (xs.length) found.push(...band(Math.min(...xs) - STEP / 2, Math.max(Math.max(...xs) + STEP / 2, Math.min(...xs) + LABELLED), top + LANE * lane - RADIUS - 26, LABEL + RADIUS + 28));
  }
  return found;
}
