/** A relation's input: a choice of instances, by typing some of what they are called (ARIA's combobox), or by an id. */

import * as texts from "texts";
import { el, shortHash } from "./dom.js";
import { FieldWrong, isHash, titleFields, titleOf } from "./values.js";
import { explain } from "./words.js";

/**
 * @typedef {import("panda.js").Instance} Instance
 * @typedef {import("panda.js").Schema} Schema
 * @typedef {import("./fields.js").Editor} Editor
 */

/** Instances that are offered at once. */
const OFFERED = 20;
const PAUSE_MS = 200;

/**
 * @param {import("./fields.js").Use} use
 * @returns {Editor}
 */
export function makeChoice({ panda, schema, name, id }) {
  const definition = schema.fields[name];
  const target = definition?.schema === "self" ? schema.id : (definition?.schema ?? "");
  const list = el("ul", { attrs: { role: "listbox", id: `${id}-list`, part: "choices", "aria-label": texts.choice.whatCanBeChosen } });
  const said = el("p", { class: "note", attrs: { role: "status" } });
  const input = el("input", {
    attrs: {
      part: "input", id, name, role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id,
      autocomplete: "off", spellcheck: "false", dir: "auto", placeholder: texts.choice.typeToSearch,
    },
  });
  list.hidden = true;
  /** @type {string | undefined} the id that is chosen */
  let chosen;
  /** What stands in the input where that one is chosen. */
  let shown = "";
  /** @type {Promise<Schema | null> | null} */
  let described = null;
  let turn = 0;
  let pause = 0;
  let at = -1;

  const about = () => (described ??= panda.schema(target).catch(() => null));

  /** @param {string | undefined} instance @param {string} title */
  function choose(instance, title) {
    chosen = instance;
    shown = title;
    input.value = title;
    open(false);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** @param {boolean} is */
  function open(is) {
    if (!is) {
      turn += 1;
      clearTimeout(pause);
    }
    list.hidden = !is;
    input.setAttribute("aria-expanded", String(is));
    mark(-1);
  }

  /** @param {number} to  the option that Enter takes */
  function mark(to) {
    at = to;
    [...list.children].forEach((option, place) => option.setAttribute("aria-selected", String(place === at)));
    const option = list.children[at];
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  }

  async function offer() {
    const mine = (turn += 1);
    const text = input.value === shown ? "" : input.value.trim();
    try {
      const schemaOf = await about();
      const found = await search(panda, target, schemaOf, text);
      if (mine !== turn) return;
      list.replaceChildren(...found.map((instance, place) => {
        const title = titleOf(instance, schemaOf);
        const option = el("li", { attrs: { role: "option", id: `${id}-option-${place}`, part: "choice" }, data: { id: instance.id } },
          el("bdi", {}, title), el("span", { class: "note" }, ` ${shortHash(instance.id)}`));
        option.addEventListener("pointerdown", (event) => event.preventDefault()); // the input keeps the focus
        option.addEventListener("click", () => choose(instance.id, title));
        return option;
      }));
      said.textContent = found.length ? "" : text ? texts.choice.nothingCalledSo : texts.choice.nothingYet;
      open(found.length > 0);
    } catch (error) {
      if (mine === turn) said.textContent = explain(error).text;
    }
  }

  input.addEventListener("input", (event) => {
    if (!event.isTrusted && input.value === shown) return;
    if (input.value !== shown) chosen = undefined;
    clearTimeout(pause);
    pause = window.setTimeout(() => void offer(), PAUSE_MS);
  });
  input.addEventListener("click", () => void (list.hidden && offer()));
  input.addEventListener("blur", () => open(false));
  input.addEventListener("keydown", (event) => {
    const last = list.children.length - 1;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) void offer();
      else mark(event.key === "ArrowDown" ? (at < last ? at + 1 : 0) : (at > 0 ? at - 1 : last));
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      open(false);
    } else if (event.key === "Enter" && !list.hidden) {
      event.preventDefault();
      const option = list.children[at];
      if (option instanceof HTMLElement) option.click();
    }
  });

  return {
    element: el("div", { class: "choice" }, input, list, said),
    input,
    write(value) {
      chosen = typeof value === "string" ? value : undefined;
      shown = chosen ? shortHash(chosen) : "";
      input.value = shown;
      said.textContent = "";
      if (chosen) void call(chosen);
    },
    read() {
      if (chosen) return chosen;
      const text = input.value.trim();
      if (!text) return undefined;
      if (isHash(text)) return text;
      throw new FieldWrong(texts.choice.chooseOne);
    },
    state: () => chosen ?? input.value,
  };

  /** Shows what a chosen one is called. @param {string} instance */
  async function call(instance) {
    try {
      const [schemaOf, [found]] = await Promise.all([about(), panda.query(target, { filter: { id: instance }, limit: 1 })]);
      if (chosen !== instance || input.value !== shown || !found) return;
      shown = titleOf(found, schemaOf);
      input.value = shown;
    } catch {
      // its id stands there
    }
  }
}

/**
 * @param {import("panda.js").Panda} panda
 * @param {string} target
 * @param {Schema | null} schema
 * @param {string} text
 * @returns {Promise<Instance[]>}
 */
async function search(panda, target, schema, text) {
  if (isHash(text)) return panda.query(target, { filter: { id: text }, limit: 1 });
  const names = titleFields(schema).slice(0, 4);
  const orderBy = names.slice(0, 1);
  if (!text || !names.length) return panda.query(target, { orderBy, limit: OFFERED });
  const filter = { or: names.flatMap((name) => spellings(text).map((each) => ({ [name]: { contains: each } }))) };
  return panda.query(target, { filter, orderBy, limit: OFFERED });
}

/**
 * How people write the same words: a filter takes capitals as they are, and who searches does not mean them.
 *
 * @param {string} text
 * @returns {string[]}
 */
function spellings(text) {
  const small = text.toLocaleLowerCase();
  const first = small.replace(/^\p{L}/u, (letter) => letter.toLocaleUpperCase());
  const each = small.replace(/(?<!\p{L})\p{L}/gu, (letter) => letter.toLocaleUpperCase());
  return [...new Set([text, small, first, each, text.toLocaleUpperCase()])];
}
