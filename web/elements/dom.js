/** Small helpers over the standard DOM. Text goes in as text, never as markup. */

import * as texts from "texts";
import { say } from "./words.js";

/**
 * The element with this id, which must be of this type.
 *
 * @template {Element} T
 * @param {string} id
 * @param {{new (): T}} type
 * @returns {T}
 */
export function byId(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`The page lacks #${id}.`);
  return found;
}

/**
 * The element within another that a selector finds first, which must be of this type.
 *
 * @template {Element} T
 * @param {ParentNode} within
 * @param {string} css
 * @param {{new (): T}} type
 * @returns {T}
 */
export function find(within, css, type) {
  const found = within.querySelector(css);
  if (!(found instanceof type)) throw new Error(`The page lacks ${css}.`);
  return found;
}

/**
 * Gives an element exactly these children. Only what moved is moved, so that what the reader works with keeps its focus.
 *
 * @param {Element} parent
 * @param {Element[]} children
 */
export function arrange(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  let next = parent.firstElementChild;
  for (const child of children) {
    if (child === next) next = next.nextElementSibling;
    else parent.insertBefore(child, next);
  }
}

/**
 * A new element.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {{class?: string, data?: Record<string, string>, attrs?: Record<string, string>, click?: () => void}} options
 * @param {(Node | string)[]} children  strings become text
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, options, ...children) {
  const node = document.createElement(tag);
  if (options.class) node.className = options.class;
  if (options.data) Object.assign(node.dataset, options.data);
  for (const [name, value] of Object.entries(options.attrs ?? {})) node.setAttribute(name, value);
  if (options.click) node.addEventListener("click", options.click);
  node.append(...children);
  return node;
}

/**
 * A push button.
 *
 * @param {string} label
 * @param {() => void} click
 * @param {string} [className]
 */
export function button(label, click, className = "") {
  return el("button", { class: className, attrs: { type: "button" }, click }, label);
}

/**
 * Puts text on the clipboard and says so on the button for a moment. Where the browser gives the page no
 * clipboard (plain http), the text is selected for the reader to copy.
 *
 * @param {string} text
 * @param {HTMLButtonElement} from
 * @param {() => HTMLElement} reveal  shows the text in full, for selecting
 */
export async function copy(text, from, reveal) {
  let said = texts.elements.copied;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    getSelection()?.selectAllChildren(reveal());
    said = texts.elements.selected;
  }
  from.dataset.label ??= from.textContent ?? "";
  from.textContent = said;
  setTimeout(() => {
    from.textContent = from.dataset.label ?? "";
  }, 2000);
}

/**
 * Offers a text as a file.
 *
 * @param {string} text
 * @param {string} name
 * @param {string} type
 */
export function save(text, name, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/**
 * A long hexadecimal value: short, in full on demand, and to copy.
 *
 * @param {string} hex
 * @param {string} name  what it is, for labels
 * @param {string} field  the hook
 */
export function hexView(hex, name, field) {
  const code = el("code", { class: "hex", data: { field, value: hex } }, shortHash(hex));
  const more = button(texts.elements.showAll, () => show(more.getAttribute("aria-expanded") !== "true"), "quiet");
  more.setAttribute("aria-label", say(texts.elements.showAllOf, { name }));
  more.setAttribute("aria-expanded", "false");
  const take = button(texts.elements.copy, () => void copy(hex, take, () => (show(true), code)), "quiet");
  take.title = say(texts.elements.copyWhat, { name });
  /** @param {boolean} all */
  function show(all) {
    code.textContent = all ? hex : shortHash(hex);
    more.textContent = all ? texts.elements.showLess : texts.elements.showAll;
    more.setAttribute("aria-expanded", String(all));
  }
  return el("span", { class: "hex-view" }, code, " ", more, " ", take);
}

/**
 * An author, short: eight digits and the last four.
 *
 * @param {string} hex
 */
export function shortAuthor(hex) {
  return hex.length > 16 ? `${hex.slice(0, 8)}…${hex.slice(-4)}` : hex;
}

/**
 * A hash, short. The first four digits say only which hash function it is, so more follow.
 *
 * @param {string} hex
 */
export function shortHash(hex) {
  return hex.length > 24 ? `${hex.slice(0, 12)}…${hex.slice(-6)}` : hex;
}
