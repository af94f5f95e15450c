/**
 * `<panda-log author=… log=… at=…>`: a log as a picture. Whoever chooses an entry sees the path of hashes that verifies it,
 * and where a log is forked, both branches and the two entries that prove it.
 */

import * as texts from "texts";
import sheetText from "./log.css";
import { button, el, hexView } from "./dom.js";
import { connection } from "./connection.js";
import { PandaElement, attributeWrong, problem } from "./element.js";
import { drawLog, symbol } from "./log-picture.js";
import { forkView } from "./log-branches.js";
import { ACTIONS, STATES, pathOf, pathWords, summaryWords } from "./log-words.js";
import { errorOf, number, say } from "./words.js";

/**
 * @typedef {import("panda.js").Log} Log
 * @typedef {import("panda.js").LogEntry} LogEntry
 * @typedef {{author: string, log: number, at: number | null}} Asked
 */

/** Entries at first, and with each press of the button. */
const SOME = 40;
/** More are not drawn at once: then older ones come in place of later ones. */
const MOST = 400;

const sheet = new CSSStyleSheet();
sheet.replaceSync(sheetText);

export class PandaLog extends PandaElement {
  static observedAttributes = ["author", "log", "at", "node", "peers"];

  #summary = el("p", { class: "note", attrs: { part: "summary", role: "status" } });
  #fork = el("div", { attrs: { part: "fork" } });
  /** What came of a vote. */
  #voted = el("div", { attrs: { part: "voted", role: "status" } });
  /** The reader's key. @type {string | null} */
  #me = null;
  #scroller = el("div", { class: "scroller", attrs: { part: "scroller" } });
  #older = button("", () => this.#goOn(), "quiet");
  #newest = button(texts.log.newest, () => {
    this.#chosen = ""; // else it is asked for what is around that
    void this.#show({ last: null, limit: SOME });
  }, "quiet");
  #buttons = el("div", { class: "row", attrs: { part: "tools" } }, this.#older, this.#newest);
  #said = el("div", { attrs: { part: "chosen", "aria-live": "polite" } });
  #legend = legend();
  #wrong = el("div", {});
  /** @type {Log | null} */
  #log = null;
  /** Which entry is chosen, by its hash. */
  #chosen = "";
  /** @type {Map<string, SVGElement>} */
  #options = new Map();
  /** The window that is asked for. @type {{last: number | null, limit: number, at?: number}} */
  #window = { last: null, limit: SOME };
  /** What is shown, as a text. */
  #of = "";
  #turn = 0;

  constructor() {
    super();
    this.root.adoptedStyleSheets.push(sheet);
    this.root.append(this.#summary, this.#fork, this.#voted, this.#buttons, this.#scroller, this.#said, this.#legend, this.#wrong);
    this.#clear();
  }

  /** The log as it was read; null before. */
  get log() {
    return this.#log;
  }

  /** @override */
  async refresh() {
    const of = ["author", "log", "node", "peers"].map((name) => this.text(name)).join(" ");
    if (of !== this.#of) {
      this.#of = of;
      this.#clear();
    }
    try {
      const { at } = this.#asked();
      const there = at !== null && this.#log?.entries.find(({ seqNum }) => seqNum === at);
      if (there) this.#choose(there.entryHash);
      else await this.#show({ last: null, limit: SOME, ...(at === null ? {} : { at }) });
    } catch (error) {
      this.#fail(error);
    }
  }

  /** What the attributes say; what is wrong with them is said before Python starts. @returns {Asked} */
  #asked() {
    const [author, log, at] = [this.text("author").toLowerCase(), this.text("log"), this.text("at")];
    if (!/^[0-9a-f]{64}$/.test(author)) throw attributeWrong(say(texts.log.noAuthor, { author: this.text("author").slice(0, 100) }));
    if (!/^\d{1,15}$/.test(log)) throw attributeWrong(say(texts.log.noLog, { log: log.slice(0, 100) }));
    if (at && !/^[1-9]\d{0,14}$/.test(at)) throw attributeWrong(say(texts.log.noPlace, { at: at.slice(0, 100) }));
    return { author, log: Number(log), at: at ? Number(at) : null };
  }

  /** Older entries too; where there are many, in place of later ones. */
  #goOn() {
    const { first = 1, last = 0 } = this.#log ?? {};
    const { limit } = this.#window;
    void this.#show(limit < MOST ? { last, limit: Math.min(last - first + 1 + SOME, MOST) } : { last: last - SOME, limit });
  }

  /** @param {{last: number | null, limit: number, at?: number}} window */
  async #show(window) {
    const mine = ++this.#turn;
    this.dataset.state = "loading";
    this.#scroller.setAttribute("aria-busy", "true");
    if (!this.#log) this.#summary.textContent = texts.log.reading;
    this.#wrong.replaceChildren();
    try {
      const { author, log } = this.#asked();
      const panda = await connection(this);
      this.#me = panda.author;
      const at = window.at ?? this.#log?.entries.find(({ entryHash }) => entryHash === this.#chosen)?.seqNum ?? null;
      const found = await panda.log(author, log, { at, last: window.last, limit: window.limit });
      if (mine !== this.#turn) return;
      this.#window = window;
      this.#draw(found, window.at ?? null);
      this.say("shown", { log: found });
    } catch (error) {
      if (mine === this.#turn) this.#fail(error);
    }
  }

  /** @param {Log} log @param {number | null} at */
  #draw(log, at) {
    const before = this.#chosen;
    this.#log = log;
    this.dataset.state = log.end ? "shown" : "empty";
    this.#scroller.removeAttribute("aria-busy");
    this.#summary.textContent = log.end ? summaryWords(log) : texts.log.empty;
    this.#fork.replaceChildren(...log.forks.map((fork) => this.#forked(log, fork)));
    this.#fork.hidden = !log.fork;
    this.#older.hidden = log.first <= 1;
    this.#older.textContent = say(texts.log.older, { n: number(Math.min(SOME, log.first - 1)) });
    this.#newest.hidden = log.last >= log.end;
    this.#buttons.hidden = this.#older.hidden && this.#newest.hidden;
    this.#legend.hidden = !log.end;
    this.#options.clear();
    if (!log.entries.length) {
      this.#scroller.replaceChildren();
      this.#said.replaceChildren();
      return;
    }
    const { svg, options } = drawLog(log, (hash) => `entry-${hash}`);
    svg.setAttribute("aria-label", say(texts.log.picture, { log: String(log.logId) }));
    svg.addEventListener("click", (event) => {
      const node = event.target instanceof Element ? event.target.closest("[role=option]") : null;
      if (node instanceof SVGElement && node.dataset.hash) this.#choose(node.dataset.hash);
    });
    svg.addEventListener("keydown", (event) => {
      if (event instanceof KeyboardEvent) this.#press(event);
    });
    this.#options = options;
    this.#scroller.replaceChildren(svg);
    const found = at === null ? log.entries.find(({ entryHash }) => entryHash === before) : log.entries.find(({ seqNum }) => seqNum === at);
    if (at !== null && !found) this.#said.replaceChildren(el("p", { attrs: { part: "path" } }, say(texts.log.notThere, { n: at })));
    else this.#choose((found ?? log.entries.findLast(({ seqNum }) => seqNum <= log.last) ?? log.entries[0])?.entryHash ?? "");
  }

  /** @param {Log} log @param {import("panda.js").LogFork} fork */
  #forked(log, fork) {
    const shown = log.entries.some(({ seqNum }) => seqNum === fork.position);
    const onShow = shown ? null : () => void this.#show({ last: null, limit: SOME, at: fork.position });
    return forkView(log, fork, { me: this.#me, onShow, onFollow: (entry) => void this.#vote(log, fork.position, entry) });
  }

  /** @param {Log} log @param {number} position @param {string} entry */
  async #vote(log, position, entry) {
    const of = this.#of;
    /** @param {(Node | string)[]} what */
    const show = (...what) => {
      if (of === this.#of) this.#voted.replaceChildren(...what);
    };
    for (const each of this.#fork.querySelectorAll("button")) each.disabled = each.classList.contains("follow");
    show(texts.log.signing);
    try {
      const panda = await connection(this);
      const written = await panda.vote(log.author, log.logId, position, entry);
      show(written.acknowledged ? (panda.mode === "remote" ? texts.log.votedThere : texts.log.votedHere) : texts.log.voteWaits, ...(written.error ? [problem(errorOf(written.error))] : []));
      this.say("voted", { author: log.author, log: log.logId, position, entry, written });
    } catch (error) {
      show(problem(error));
      this.say("failed", { error });
    }
    if (of === this.#of) await this.#show(this.#window);
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const log = this.#log;
    const here = log?.entries.find(({ entryHash }) => entryHash === this.#chosen);
    if (!log || event.ctrlKey || event.altKey || event.metaKey) return;
    const { lane = 0, seqNum = 0 } = here ?? {};
    /** @param {LogEntry[]} some  the one in this lane, or whichever comes first */
    const nearest = (some) => some.find((each) => each.lane === lane && each.seqNum === some[0]?.seqNum) ?? some[0];
    const slot = log.entries.filter((each) => each.seqNum === seqNum).sort((a, b) => a.lane - b.lane);
    /** @type {Record<string, () => LogEntry | undefined>} */
    const ways = {
      ArrowRight: () => nearest(log.entries.filter((each) => each.seqNum > seqNum)),
      ArrowLeft: () => nearest(log.entries.filter((each) => each.seqNum < seqNum).reverse()),
      ArrowUp: () => slot.findLast((each) => each.lane < lane),
      ArrowDown: () => slot.find((each) => each.lane > lane),
      Home: () => log.entries[0],
      End: () => log.entries.at(-1),
      Enter: () => here && pathOf(log, here)[1],
    };
    const way = Object.hasOwn(ways, event.key) ? ways[event.key] : undefined;
    if (!way) return;
    event.preventDefault();
    const next = way();
    if (next) this.#choose(next.entryHash);
  }

  /** @param {string} hash */
  #choose(hash) {
    const log = this.#log;
    const entry = log?.entries.find(({ entryHash }) => entryHash === hash);
    if (!log || !entry) return;
    this.#chosen = hash;
    const path = pathOf(log, entry);
    const on = new Set(path.map(({ entryHash }) => entryHash));
    for (const [each, node] of this.#options) {
      node.setAttribute("aria-selected", String(each === hash));
      node.classList.toggle("on", on.has(each));
    }
    const steps = new Set(path.slice(1).map((next, n) => `${path[n]?.entryHash} ${next.entryHash}`));
    const svg = this.#scroller.querySelector("svg");
    for (const link of svg?.querySelectorAll(".link") ?? []) link.classList.toggle("on", steps.has(`${link.getAttribute("data-from")} ${link.getAttribute("data-to")}`));
    const node = this.#options.get(hash);
    svg?.setAttribute("aria-activedescendant", node?.id ?? "");
    if (node) this.#reveal(node);
    this.#said.replaceChildren(...this.#words(log, entry, path));
    this.dataset.chosen = String(entry.seqNum);
    this.say("chosen", { entry, path: path.map(({ seqNum }) => seqNum) });
  }

  /** Scrolls the picture, and nothing around it. @param {SVGElement} node */
  #reveal(node) {
    const [mine, all] = [node.getBoundingClientRect(), this.#scroller.getBoundingClientRect()];
    if (mine.left >= all.left && mine.right <= all.right) return;
    this.#scroller.scrollLeft += mine.left - all.left - all.width / 2;
  }

  /** @param {Log} log @param {LogEntry} entry @param {LogEntry[]} path */
  #words(log, entry, path) {
    const { fork } = log;
    const list = el("dl", {});
    /** @param {string} name @param {(Node | string)[]} value */
    const add = (name, ...value) => list.append(el("div", {}, el("dt", {}, name), el("dd", {}, ...value)));
    add(texts.log.hash, hexView(entry.entryHash, texts.log.hash, "entryHash"));
    add(texts.log.does, entry.action ? ACTIONS[entry.action] : texts.log.unreadable);
    add(texts.log.message, say(texts.log.ofBytes, { state: STATES[entry.payloadState ?? "unknown"] ?? "", n: number(entry.payloadSize) }));
    const notes = [
      ...(entry.verified && entry.seqNum > 1 ? [texts.log.why] : []),
      ...(entry.endOfLog ? [texts.log.endsHere] : []),
      ...(log.forks.some(({ entries }) => entries.includes(entry.entryHash)) ? [texts.log.thisHalf] : []),
      ...(fork && entry.seqNum >= fork.position ? [entry.counts === null ? texts.log.branchUnknown : entry.counts ? texts.log.onFollowed : texts.log.behindFork] : []),
    ];
    return [el("p", { attrs: { part: "path" } }, pathWords(path)), ...notes.map((note) => el("p", { class: "note" }, note)), list];
  }

  #clear() {
    this.#log = null;
    this.#chosen = "";
    this.#window = { last: null, limit: SOME };
    this.#options.clear();
    for (const each of [this.#fork, this.#buttons, this.#legend]) each.hidden = true;
    for (const each of [this.#fork, this.#scroller, this.#said, this.#wrong, this.#summary, this.#voted]) each.replaceChildren();
    delete this.dataset.chosen;
  }

  /** @param {unknown} error */
  #fail(error) {
    this.dataset.state = "failed";
    this.#scroller.removeAttribute("aria-busy");
    if (!this.#log) this.#summary.textContent = "";
    this.#wrong.replaceChildren(problem(error, () => void this.#show(this.#window)));
    this.say("failed", { error });
  }
}

/** What the shapes mean. */
function legend() {
  /** @param {string} words @param {Parameters<typeof symbol>[0]} entry */
  const row = (words, entry, half = false) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    for (const [name, value] of Object.entries({ viewBox: "-20 -20 40 40", width: "30", height: "30", "aria-hidden": "true" })) svg.setAttribute(name, value);
    svg.append(symbol(entry, { x: 0, y: 0 }, half));
    return el("li", {}, svg, words);
  };
  const plain = { seqNum: 0, verified: true, endOfLog: false };
  return el("details", { attrs: { part: "legend" } }, el("summary", {}, texts.log.legend), el("p", { class: "note" }, texts.log.lines), el("ul", { class: "legend" },
    row(texts.log.held, { ...plain, payloadState: "held" }), row(texts.log.neverHeld, { ...plain, payloadState: "never-held" }),
    row(texts.log.dropped, { ...plain, payloadState: "dropped" }), row(texts.log.deleted, { ...plain, payloadState: "deleted" }),
    row(texts.log.isNotVerified, { ...plain, verified: false, payloadState: "held" }), row(texts.log.isEnd, { ...plain, endOfLog: true, payloadState: "held" }),
    row(texts.log.isHalf, { ...plain, payloadState: "held" }, true)));
}
