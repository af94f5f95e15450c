/** What all elements have: a shadow with the common style, one refresh for however many changes, words for errors. */

import * as texts from "texts";
import sheetText from "./elements.css";
import { button, el } from "./dom.js";
import { faces } from "./face.js";
import { explain } from "./words.js";

const sheet = new CSSStyleSheet();
sheet.replaceSync(sheetText);

export class PandaElement extends HTMLElement {
  /** @type {ShadowRoot} */
  root = this.attachShadow({ mode: "open", delegatesFocus: false });
  #asked = false;
  #here = new AbortController();

  constructor() {
    super();
    this.root.adoptedStyleSheets = [sheet, faces];
  }

  connectedCallback() {
    this.#here = new AbortController();
    this.listen(this.#here.signal);
    this.ask();
  }

  disconnectedCallback() {
    this.#here.abort();
  }

  /** Begins to hear what an element wants to hear while it is on the page. @param {AbortSignal} signal  it is not any more */
  listen(signal) {
    void signal;
  }

  attributeChangedCallback() {
    this.ask();
  }

  /** Refreshes once, after all that is being changed now. */
  ask() {
    if (this.#asked) return;
    this.#asked = true;
    queueMicrotask(() => {
      this.#asked = false;
      if (this.isConnected) void this.refresh();
    });
  }

  /** Reads the attributes anew. @returns {void | Promise<void>} */
  refresh() {}

  /** A text attribute; empty where it is missing. @param {string} name */
  text(name) {
    return this.getAttribute(name)?.trim() ?? "";
  }

  /**
   * Tells the page something.
   *
   * @param {string} what
   * @param {object} detail
   */
  say(what, detail) {
    this.dispatchEvent(new CustomEvent(`panda-${what}`, { detail, bubbles: true, composed: true }));
  }
}

/**
 * An error in words, with a way to go on.
 *
 * @param {unknown} error
 * @param {() => void} [again]
 */
export function problem(error, again) {
  const { reason, title, text, hint } = explain(error);
  const box = el("div", { class: "problem", data: { reason }, attrs: { part: "problem", role: "alert" } },
    el("strong", {}, `${title}. `), el("bdi", {}, text), ...(hint ? [` ${hint}`] : []));
  if (again) box.append(" ", button(texts.elements.tryAgain, again, "quiet"));
  return box;
}

/** What is wrong with an attribute. @param {string} words */
export const attributeWrong = (words) => Object.assign(new Error(words), { reason: "attribute-wrong" });
