/** `<panda-status>`: how far Python's start is, whether the node and its peers answer, and what waits to be sent. */

import * as texts from "texts";
import { button, el } from "./dom.js";
import { connection, isShared, news } from "./connection.js";
import { PandaElement, problem } from "./element.js";
import { nodesList } from "./nodes.js";
import { count, errorOf, explain, forkError, stageWords } from "./words.js";

/** @typedef {import("panda.js").Panda} Panda */

/** @type {Record<string, string>} */
const STAGES = texts.start;
/** @type {Record<string, string>} */
const STATES = texts.nodeStates;

/** What stays so, and is told in short from then on. @param {Error} error */
function told(error) {
  const { reason, title, text, hint } = explain(error);
  return el("details", { data: { reason }, attrs: { part: "fork" } }, el("summary", {}, el("strong", {}, title)), el("p", { class: "note" }, `${text} ${hint}`));
}

export class PandaStatus extends PandaElement {
  static observedAttributes = ["node", "peers"];

  #address = el("code", { attrs: { part: "node" } });
  #state = el("span", { class: "state", attrs: { part: "state" } });
  #waiting = el("span", {});
  #send = button(texts.elements.sendNow, () => void this.#flush(), "quiet");
  #wait = el("p", { attrs: { part: "waiting" } }, this.#waiting, " ", this.#send);
  #nodes = el("div", {});
  #wrong = el("div", {});
  #following = new AbortController();

  constructor() {
    super();
    this.#wait.hidden = true;
    this.root.append(el("div", { attrs: { role: "status", part: "status" } }, this.#address, " ", this.#state, this.#wait), this.#nodes, this.#wrong);
  }

  /** @override @param {AbortSignal} signal */
  listen(signal) {
    /** @param {string} what @param {(detail: any) => void} act */
    const hear = (what, act) => news.addEventListener(what, (event) => act(event instanceof CustomEvent ? event.detail : null), { signal });
    hear("start", ({ stage, done, total }) => {
      this.#state.textContent = stageWords(STAGES[stage] ?? texts.start.other, stage === "download" ? done : 0, total);
    });
    hear("open", () => this.ask());
    signal.addEventListener("abort", () => this.#following.abort());
  }

  /** @override */
  async refresh() {
    this.#following.abort();
    const { signal } = this.#following = new AbortController();
    if (!this.dataset.state) this.#show("starting");
    try {
      const panda = await connection(this);
      if (signal.aborted) return;
      this.#wrong.replaceChildren();
      this.#address.textContent = panda.node;
      for await (const { state, pending, error, nodes, forks } of panda.status({ signal })) {
        this.#show(state);
        this.#nodes.replaceChildren(...(nodes.length > 1 ? [nodesList(nodes.slice(1))] : []));
        this.#wait.hidden = pending === 0;
        this.dataset.pending = String(pending);
        this.#waiting.textContent = count(pending, texts.elements.waiting);
        this.#wrong.replaceChildren(...(error ? [problem(errorOf(error))] : []), ...forks.map((fork) => told(forkError(fork))));
      }
    } catch (error) {
      if (signal.aborted) return;
      this.#show("failed");
      if (!isShared()) this.#wrong.replaceChildren(problem(error, () => this.ask()));
    }
  }

  /** @param {string} state */
  #show(state) {
    this.dataset.state = state;
    this.#state.textContent = STATES[state] ?? "";
  }

  async #flush() {
    this.#send.disabled = true;
    this.#wrong.replaceChildren();
    try {
      await (await connection(this)).flush();
    } catch (error) {
      this.#wrong.replaceChildren(problem(error));
    }
    this.#send.disabled = false;
  }
}
