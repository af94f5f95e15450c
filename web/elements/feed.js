/**
 * `<panda-feed schema=… authors=… filter=… order-by=… include=… limit=…>`: the instances of a schema, each in a copy of the
 * `<template>` that stands within. The copies are the page's own elements, beside the template, so the page's styles hold for them.
 */

import * as texts from "texts";
import { button, el } from "./dom.js";
import { connection, news } from "./connection.js";
import { PandaElement, attributeWrong, problem } from "./element.js";
import { changes, watchedBy } from "./live.js";
import { released } from "./press.js";
import { copyOf, fill } from "./template.js";
import { label, line, readJson } from "./values.js";
import { count, momentWords, number, say } from "./words.js";

/**
 * @typedef {import("panda.js").Instance} Instance
 * @typedef {import("panda.js").Panda} Panda
 * @typedef {import("panda.js").Rejected} Rejected
 * @typedef {{filter?: object, orderBy: string[], include: string[], others: object | null}} Asked  others: a filter; what is by nobody who is named
 */

/** Instances at first, and with each press of the button. */
const LIMIT = 50;
/** What a query gives without pages, at most. */
const PAGE = 1000;
/** Fields that are shown where there is no template. */
const PLAIN_FIELDS = 12;
/** Authors that a feed is of. */
const MOST_AUTHORS = 100;

export class PandaFeed extends PandaElement {
  static observedAttributes = ["schema", "authors", "filter", "order-by", "include", "limit", "node", "peers"];

  #status = el("div", { attrs: { part: "status", role: "status" } });
  #stands = el("p", { class: "note", attrs: { part: "here", hidden: "" } });
  #more = button(texts.elements.showMore, () => void this.#grow(), "more");
  #withheld = el("p", { class: "note", attrs: { part: "withheld", hidden: "" } });
  #others = el("p", { class: "note", attrs: { part: "others", hidden: "" } });
  /** @type {Map<string, Element[]>} what is shown, by id */
  #shown = new Map();
  /** @type {Instance[]} */
  #instances = [];
  /** @type {Rejected[]} */
  #rejected = [];
  /** Of these, the first 1,000 of which are kept. */
  #rejectedCount = 0;
  /** How much of the schema is here; null where the node is asked itself. @type {import("panda.js").Here | null} */
  #here = null;
  #wanted = LIMIT;
  /** The template that the shown copies are of. @type {HTMLTemplateElement | null} */
  #template = null;
  /** The schema that they are of. */
  #schema = "";
  #following = new AbortController();

  constructor() {
    super();
    this.#more.setAttribute("part", "more");
    this.root.append(el("slot", {}), this.#status, this.#stands, this.#withheld, this.#others, this.#more);
    this.#more.hidden = true;
  }

  /** What is shown, in its order. @returns {readonly Instance[]} */
  get instances() {
    return this.#instances;
  }

  /** What failed the checks, and is not shown. @returns {readonly Rejected[]} */
  get rejected() {
    return this.#rejected;
  }

  /** @override @param {AbortSignal} signal */
  listen(signal) {
    news.addEventListener("author", () => (this.hasAttribute("authors") ? this.ask() : this.#draw()), { signal });
    signal.addEventListener("abort", () => this.#following.abort());
  }

  /** @override */
  async refresh() {
    this.#following.abort();
    const { signal } = this.#following = new AbortController();
    this.#wanted = this.#limit();
    if (this.text("schema") !== this.#schema) {
      this.#schema = this.text("schema");
      this.#clear();
      this.querySelector("template[data-made]")?.remove();
      delete this.dataset.state;
    }
    this.#state("loading");
    try {
      this.#asked(null); // what is wrong with the attributes is said before Python starts
      const panda = await connection(this);
      if (signal.aborted) return;
      const asked = this.#asked(panda.author);
      const watched = () => watchedBy(asked, this.#more.hidden ? undefined : this.#instances.at(-1));
      for await (const _ of changes(panda, this.text("schema"), watched, signal)) {
        await this.#read(panda, asked, signal);
      }
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  #limit() {
    const given = Number(this.text("limit") || LIMIT);
    return Number.isInteger(given) && given > 0 ? Math.min(given, PAGE) : LIMIT;
  }

  /**
   * Whom the feed is of; empty: everybody. A list that is wrong shows nothing, and not everybody.
   *
   * @returns {string[]}
   */
  #authors() {
    const named = names(this.text("authors").toLowerCase());
    const wrong = named.find((author) => !/^[0-9a-f]{64}$/.test(author));
    if (this.hasAttribute("authors") && (!named.length || named.length > MOST_AUTHORS || wrong !== undefined)) {
      throw attributeWrong(say(texts.feed.noAuthors, { authors: (wrong ?? this.text("authors")).slice(0, 100) }));
    }
    return named;
  }

  /** @param {string | null} me  whose own instances are never hidden from them @returns {Asked} */
  #asked(me) {
    if (!this.text("schema")) throw attributeWrong(texts.feed.noSchema);
    const given = this.text("filter");
    let parsed;
    try {
      parsed = given ? readJson(given) : undefined;
    } catch {
      throw attributeWrong(say(texts.feed.notJson, { filter: given.slice(0, 100) }));
    }
    if (parsed !== undefined && (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))) {
      throw attributeWrong(say(texts.feed.noObject, { filter: given.slice(0, 100) }));
    }
    const named = this.#authors();
    const shown = [...new Set([...named, ...(me ? [me] : [])])];
    /** @param {object} of */
    const within = (of) => (parsed ? { and: [parsed, { author: of }] } : { author: of });
    const filter = named.length ? within({ in: shown }) : parsed;
    return {
      ...(filter ? { filter } : {}),
      orderBy: names(this.text("order-by")),
      include: names(this.text("include")),
      others: named.length ? within({ notIn: shown }) : null,
    };
  }

  /** @param {Panda} panda @param {Asked} asked @param {AbortSignal} signal */
  async #read(panda, { others, ...asked }, signal) {
    // One more than is shown tells whether there are more. Larger ones are read in pages.
    const limit = this.#wanted < PAGE ? { limit: this.#wanted + 1 } : {};
    const answer = panda.query(this.text("schema"), { ...asked, ...limit, signal });
    /** @type {Instance[]} */
    const found = [];
    for await (const instance of answer) {
      found.push(instance);
      if (found.length > this.#wanted) break;
    }
    await released();
    if (signal.aborted) return;
    this.#more.hidden = found.length <= this.#wanted;
    this.#instances = found.slice(0, this.#wanted);
    this.#rejected = answer.rejected;
    this.#rejectedCount = answer.rejectedCount;
    this.#here = answer.here;
    this.#draw(panda);
    this.say("shown", { instances: this.#instances, more: !this.#more.hidden });
    const apart = others ? await panda.count(this.text("schema"), { filter: others }).catch(() => 0) : 0;
    if (signal.aborted) return;
    this.#others.hidden = apart === 0;
    this.#others.textContent = count(apart, texts.feed.others);
  }

  /** @type {Panda | null} */
  #panda = null;

  #draw(panda = this.#panda) {
    this.#panda = panda;
    if (!panda) return;
    const template = this.#findTemplate();
    if (template !== this.#template) {
      const instances = this.#instances;
      this.#clear();
      this.#instances = instances;
      this.#template = template;
    }
    const before = this.#shown;
    const named = this.#authors();
    this.#shown = new Map();
    /** @type {Element} */
    let last = template;
    for (const instance of this.#instances) {
      const copy = before.get(instance.id) ?? copyOf(template);
      before.delete(instance.id);
      fill(copy, instance, panda.author, named.length > 0 && !named.includes(instance._meta.author));
      // Only what moved is moved, so that what the reader works with keeps its focus.
      for (const part of copy) {
        if (last.nextElementSibling !== part) last.after(part);
        last = part;
      }
      this.#shown.set(instance.id, copy);
    }
    for (const copy of before.values()) for (const part of copy) part.remove();
    const seen = !this.#here || this.#here.state === "whole";
    this.#state(this.#instances.length ? "shown" : seen ? "empty" : "absent");
    this.#drawHere();
    this.#withheld.hidden = this.#rejectedCount === 0;
    this.#withheld.textContent = count(this.#rejectedCount, texts.feed.withheld);
  }

  /** The page's template; where there is none, a plain one, of all fields. @returns {HTMLTemplateElement} */
  #findTemplate() {
    const own = this.querySelector("template");
    if (own) return own;
    const fields = [...new Set(this.#instances.flatMap((instance) => Object.keys(instance)))].filter((name) => name !== "id" && !name.startsWith("_"));
    const list = el("dl", {}, ...fields.slice(0, PLAIN_FIELDS).flatMap((name) => [
      el("dt", {}, label(line(name, 70))), el("dd", { attrs: { "data-field": name } }),
    ]));
    const template = el("template", { data: { made: "" } });
    template.content.append(el("div", {}, el("strong", { attrs: { "data-waits": "" } }), el("strong", { attrs: { "data-proposal": "" } }), list));
    if (fields.length) this.append(template);
    return template;
  }

  /** Takes everything away that is shown. */
  #clear() {
    for (const copy of this.#shown.values()) for (const part of copy) part.remove();
    this.#shown.clear();
    this.#instances = [];
  }

  /** Says where what is shown may be old, or may not be all. */
  #drawHere() {
    const { state = "whole", error = null, asOf = null, done = 0 } = this.#here ?? {};
    this.dataset.here = this.#here?.state ?? "";
    const words = error ? (asOf ? say(texts.feed.asOf, { time: momentWords(asOf) }) : this.#instances.length ? texts.feed.away : "")
      : state === "whole" ? "" : say(texts.feed.coming, { done: number(done) });
    this.#stands.hidden = !words;
    if (this.#stands.textContent !== words) this.#stands.textContent = words;
  }

  /** @param {"loading" | "shown" | "empty" | "absent" | "failed"} state */
  #state(state) {
    if (state === "loading" && this.dataset.state === "shown") return; // what is shown stays until there is an answer
    this.dataset.state = state;
    const said = { loading: texts.feed.loading, empty: texts.feed.empty, absent: texts.feed.absent, shown: "", failed: "" }[state];
    this.#status.replaceChildren(...(said ? [el("slot", { attrs: { name: state } }, said)] : []));
  }

  /** @param {unknown} error */
  #fail(error) {
    if (this.dataset.state !== "shown") this.#state("failed");
    this.#status.replaceChildren(problem(error, () => this.ask()));
    this.say("failed", { error });
  }

  async #grow() {
    this.#wanted += this.#limit();
    this.#more.disabled = true;
    try {
      const panda = await connection(this);
      await this.#read(panda, this.#asked(panda.author), this.#following.signal);
    } catch (error) {
      this.#fail(error);
    }
    this.#more.disabled = false;
  }
}

/** A list of names: between them, blanks or commas. @param {string} text */
export const names = (text) => text.split(/[\s,]+/).filter(Boolean);
