/** An input for each type of field. What nobody touched is given back as it came: inputs change line ends and the like. */

import * as texts from "texts";
import { button, el } from "./dom.js";
import { makeChoice } from "./choice.js";
import { FieldWrong, fromLocal, localInput, label, line, moment, words, zoneWords } from "./values.js";
import { say } from "./words.js";

/**
 * @typedef {import("panda.js").FieldDefinition} FieldDefinition
 * @typedef {import("panda.js").Panda} Panda
 * @typedef {import("panda.js").Schema} Schema
 *
 * @typedef {object} Editor  one value's input
 * @property {HTMLElement} element  what stands in the form
 * @property {HTMLElement} input  what takes the focus, and is marked where it is wrong
 * @property {string} [note]  said below it
 * @property {(value: unknown) => void} write
 * @property {() => unknown} read  undefined: there is none. Throws FieldWrong
 * @property {() => string} state  what stands in it, to see whether somebody touched it
 *
 * @typedef {{panda: Panda, schema: Schema, name: string, id: string, optional: boolean}} Use
 */

const INT = { least: -(2n ** 63n), most: 2n ** 63n - 1n };
let made = 0;

/**
 * One field of the form: its label, its inputs, what is wrong with it.
 *
 * @param {Panda} panda
 * @param {Schema} schema
 * @param {string} name
 */
export function makeField(panda, schema, name) {
  const { type, optional = false } = /** @type {FieldDefinition} */ (schema.fields[name]);
  const base = type.replace("[]", "");
  const editor = makeEditor(panda, schema, name, { type, optional });
  const { id } = editor.input;
  const wrong = el("p", { class: "problem", attrs: { part: "problem", id: `${id}-problem`, role: "alert" } });
  const title = el("label", { attrs: { part: "label", for: editor.input.id } }, el("bdi", {}, label(line(name, 70))));
  if (optional) title.append(el("span", { class: "note" }, texts.fields.mayBeLeftOut));
  const node = el("div", { class: `field is-${base}`, data: { field: name }, attrs: { part: "field" } }, title, editor.element, wrong);
  const described = [`${id}-problem`];
  if (editor.note) {
    wrong.before(el("p", { class: "note", attrs: { id: `${id}-note` } }, editor.note));
    described.push(`${id}-note`);
  }
  editor.input.setAttribute("aria-describedby", described.join(" "));
  if (!optional) editor.input.setAttribute("aria-required", "true");

  /** @type {unknown} */
  let given;
  let before = editor.state();
  return {
    node,
    name,
    focus: () => editor.input.focus(),
    /** @param {unknown} value */
    write(value) {
      given = value;
      editor.write(value);
      before = editor.state();
      this.show("");
    },
    isTouched: () => editor.state() !== before,
    /** What the field holds; undefined: nothing. Throws FieldWrong. @returns {unknown} */
    read() {
      const value = this.isTouched() ? editor.read() : given ?? editor.read();
      if (value === undefined && !optional) throw new FieldWrong(texts.fields.needed);
      return value;
    },
    /** @param {string} problem  empty: nothing is wrong */
    show(problem) {
      wrong.textContent = problem.slice(0, 500);
      if (problem) editor.input.setAttribute("aria-invalid", "true");
      else editor.input.removeAttribute("aria-invalid");
    },
  };
}

/**
 * An input for values of a type, without the field's label around it.
 *
 * @param {Panda} panda
 * @param {Schema} schema
 * @param {string} name
 * @param {{type: string, optional: boolean}} what
 * @returns {Editor}
 */
export function makeEditor(panda, schema, name, { type, optional }) {
  const base = type.replace("[]", "");
  const use = { panda, schema, name, id: `field-${(made += 1)}`, optional };
  const make = () => EDITORS[base]?.({ ...use, id: `field-${(made += 1)}` }) ?? textEditor(use, "text");
  return type.endsWith("[]") ? listEditor(use, make, base) : make();
}

/** @type {Record<string, (use: Use) => Editor>} */
const EDITORS = {
  varchar: (use) => textEditor(use, "text"),
  text: (use) => areaEditor(use),
  integer: (use) => textEditor(use, "numeric", (text) => {
    const digits = text.replace(/[\s_'’]/gu, "").replace("−", "-");
    if (!/^[+-]?[0-9]{1,30}$/.test(digits)) throw new FieldWrong(texts.fields.wholeNumber);
    const value = BigInt(digits.replace("+", ""));
    if (value < INT.least || value > INT.most) throw new FieldWrong(texts.fields.tooLarge);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }),
  float: (use) => textEditor(use, "decimal", (text) => {
    const digits = text.replace(/[\s_'’]/gu, "").replace("−", "-").replace(",", ".");
    const value = Number(digits);
    if (!/^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$/i.test(digits) || !Number.isFinite(value)) {
      throw new FieldWrong(texts.fields.number);
    }
    return value;
  }),
  boolean: (use) => (use.optional ? maybeEditor(use) : checkEditor(use)),
  timestamp: timestampEditor,
  relation: (use) => makeChoice(use),
};

/**
 * @param {Use} use
 * @param {string} mode  of a phone's keyboard
 * @param {(text: string) => unknown} [read]
 * @returns {Editor}
 */
function textEditor({ id, name }, mode, read = (text) => text) {
  const input = el("input", { attrs: { part: "input", id, name, inputmode: mode, dir: "auto", autocomplete: "off" } });
  return {
    element: input,
    input,
    write: (value) => { input.value = value === undefined ? "" : words(value); },
    read: () => (input.value.trim() ? read(input.value.trim()) : undefined),
    state: () => input.value,
  };
}

/** @param {Use} use @returns {Editor} */
function areaEditor({ id, name }) {
  const input = el("textarea", { attrs: { part: "input", id, name, rows: "4", dir: "auto" } });
  return {
    element: input,
    input,
    write: (value) => { input.value = value === undefined ? "" : words(value); },
    read: () => (input.value.trim() ? input.value : undefined),
    state: () => input.value,
  };
}

/** @param {Use} use @returns {Editor} */
function checkEditor({ id, name }) {
  const input = el("input", { attrs: { part: "input", id, name, type: "checkbox" } });
  return {
    element: input,
    input,
    write: (value) => { input.checked = value === true; },
    read: () => input.checked,
    state: () => String(input.checked),
  };
}

/** One that may also say nothing. @param {Use} use @returns {Editor} */
function maybeEditor({ id, name }) {
  const choices = [["", texts.fields.notSaid], ["true", texts.elements.yes], ["false", texts.elements.no]];
  const options = choices.map(([value = "", said = ""]) => el("option", { attrs: { value } }, said));
  const input = el("select", { attrs: { part: "input", id, name } }, ...options);
  return {
    element: input,
    input,
    write: (value) => { input.value = typeof value === "boolean" ? String(value) : ""; },
    read: () => (input.value ? input.value === "true" : undefined),
    state: () => input.value,
  };
}

/** @param {Use} use @returns {Editor} */
function timestampEditor({ id, name }) {
  const input = el("input", { attrs: { part: "input", id, name, type: "datetime-local", step: "1" } });
  const odd = el("p", { class: "note" });
  return {
    element: el("div", {}, input, odd),
    input,
    note: say(texts.fields.ownClock, { zone: zoneWords() }),
    write(value) {
      const date = moment(value);
      input.value = date ? localInput(date) : "";
      odd.textContent = value === undefined || date ? "" : say(texts.fields.odd, { value: line(value, 60) });
    },
    read() {
      if (input.validity.badInput) throw new FieldWrong(texts.fields.notWhole);
      if (!input.value) return undefined;
      const found = fromLocal(input.value);
      if (!found) throw new FieldWrong(texts.fields.noDate);
      return found;
    },
    state: () => `${input.value}${input.validity.badInput ? "…" : ""}`,
  };
}

/**
 * Several values, each with an input of its own.
 *
 * @param {Use} use
 * @param {() => Editor} make
 * @param {string} base
 * @returns {Editor}
 */
function listEditor({ id, name }, make, base) {
  /** @type {{editor: Editor, row: HTMLElement}[]} */
  let rows = [];
  const list = el("ul", { attrs: { role: "list" } });
  const add = button(texts.fields.addOne, () => void append().editor.input.focus(), "quiet");
  add.id = id;
  add.setAttribute("aria-label", say(texts.fields.addOneTo, { name: label(line(name, 70)) }));
  const element = el("div", { class: "list" }, list, add);

  function append() {
    const editor = make();
    const row = el("li", {}, editor.element);
    const remove = button(texts.fields.remove, () => {
      rows = rows.filter((each) => each.row !== row);
      row.remove();
      number();
      (rows.at(-1)?.editor.input ?? add).focus();
      element.dispatchEvent(new Event("input", { bubbles: true }));
    }, "quiet");
    row.append(remove);
    rows.push({ editor, row });
    list.append(row);
    number();
    return { editor, row };
  }

  function number() {
    rows.forEach(({ editor, row }, at) => {
      const called = say(texts.fields.place, { name: label(line(name, 70)), n: at + 1, total: rows.length });
      editor.input.setAttribute("aria-label", called);
      row.querySelector(":scope > button")?.setAttribute("aria-label", say(texts.fields.removeWhat, { called }));
    });
  }

  return {
    element,
    input: add,
    ...(base === "timestamp" ? { note: say(texts.fields.ownClock, { zone: zoneWords() }) } : {}),
    write(value) {
      for (const { row } of rows) row.remove();
      rows = [];
      for (const item of Array.isArray(value) ? value : []) append().editor.write(item);
    },
    read() {
      const values = rows.map(({ editor }) => editor.read()).filter((value) => value !== undefined);
      return values.length ? values : undefined;
    },
    state: () => JSON.stringify(rows.map(({ editor }) => editor.state())),
  };
}
