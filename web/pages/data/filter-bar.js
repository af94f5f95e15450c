/** The filter as rows: a field, what is asked of it, and the value, in an input of the field's type. */

import * as texts from "texts";
import { button, el } from "../../elements/dom.js";
import { makeEditor } from "../../elements/fields.js";
import { FieldWrong, label, writeJson } from "../../elements/values.js";
import { conditionsOf, filterFrom, operatorsOf } from "./operators.js";

/**
 * @typedef {import("./operators.js").Condition} Condition
 * @typedef {import("./place.js").Filter} Filter
 * @typedef {import("panda.js").Panda} Panda
 * @typedef {import("panda.js").Schema} Schema
 * @typedef {{node: HTMLElement, read: () => Condition | null, focus: () => void}} Row
 */

/**
 * @param {object} use
 * @param {HTMLElement} use.bar
 * @param {Panda} use.panda
 * @param {Schema} use.schema
 * @param {Filter} use.filter
 * @param {(filter: Filter) => void} use.onChange  by what the rows hold now
 * @param {() => void} use.onClear
 */
export function makeFilterBar({ bar, panda, schema, filter, onChange, onClear }) {
  const conditions = conditionsOf(filter);
  const known = conditions?.every(({ name, op }) => operatorsOf(typeOf(schema, name)).some(([each]) => each === op) && has(schema, name));
  if (!conditions || !known) {
    const all = button(texts.elements.showAll, onClear, "quiet");
    bar.replaceChildren(el("p", { class: "note" }, texts.data.onlyThose, el("code", {}, writeJson(filter).slice(0, 500)), " "), all);
    return;
  }
  /** @type {Row[]} */
  let rows = [];
  const list = el("div", { class: "conditions" });
  const add = button(texts.data.addAFilter, () => append(null).focus(), "quiet add-filter");
  const clear = button(texts.elements.showAll, onClear, "quiet clear-filter");
  clear.hidden = conditions.length === 0;

  const change = () => {
    const read = rows.map((row) => row.read()).filter((each) => each !== null);
    clear.hidden = read.length === 0;
    onChange(filterFrom(read));
  };

  /** @param {Condition | null} condition */
  function append(condition) {
    const row = makeRow({
      panda, schema, condition, onChange: change,
      onRemove() {
        rows = rows.filter((each) => each !== row);
        row.node.remove();
        add.focus();
        change();
      },
    });
    rows.push(row);
    list.append(row.node);
    return row;
  }
  for (const condition of conditions) append(condition);
  bar.replaceChildren(list, el("div", { class: "row" }, add, clear));
}

/** @param {Schema} schema @param {string} name */
const has = (schema, name) => name === "author" || Object.hasOwn(schema.fields, name);

/** @param {Schema} schema @param {string} name */
const typeOf = (schema, name) => (Object.hasOwn(schema.fields, name) ? (schema.fields[name]?.type ?? "varchar") : "author");

/**
 * @param {object} use
 * @param {Panda} use.panda
 * @param {Schema} use.schema
 * @param {Condition | null} use.condition
 * @param {() => void} use.onChange
 * @param {() => void} use.onRemove
 * @returns {Row}
 */
function makeRow({ panda, schema, condition, onChange, onRemove }) {
  const fields = [...Object.keys(schema.fields), ...(Object.hasOwn(schema.fields, "author") ? [] : ["author"])];
  const field = el("select", { attrs: { "aria-label": texts.data.field }, data: { part: "name" } },
    ...fields.map((name) => el("option", { attrs: { value: name } }, label(name).slice(0, 70))));
  const operator = el("select", { attrs: { "aria-label": texts.data.whatIsAsked }, data: { part: "op" } });
  const place = el("div", { class: "value", data: { part: "value" } });
  const wrong = el("p", { class: "problem", attrs: { role: "alert" } });
  const remove = button(texts.fields.remove, onRemove, "quiet");
  const node = el("div", { class: "condition", attrs: { role: "group", "aria-label": texts.data.filter } }, field, operator, place, remove, wrong);
  let editor = makeEditor(panda, schema, "", { type: "varchar", optional: true });

  field.value = condition && fields.includes(condition.name) ? condition.name : (fields[0] ?? "author");
  offer();
  if (condition) {
    operator.value = condition.op;
    build();
    editor.write(condition.value);
  }

  /** Fills the menu of operators for the field's type. */
  function offer() {
    const before = operator.value;
    const known = operatorsOf(typeOf(schema, field.value));
    operator.replaceChildren(...known.map(([op, words]) => el("option", { attrs: { value: op } }, words)));
    if (known.some(([op]) => op === before)) operator.value = before;
    build();
  }

  /** Puts an input there that holds what the operator takes. */
  function build() {
    const op = operator.value;
    const type = typeOf(schema, field.value);
    const base = type === "author" ? "varchar" : type.replace("[]", "");
    const kind = op === "exists" ? "boolean" : ["in", "notIn"].includes(op) ? `${base}[]` : base === "text" ? "varchar" : base;
    editor = makeEditor(panda, schema, field.value, { type: kind, optional: true });
    if (op === "exists") editor.write(true);
    editor.input.setAttribute("aria-label", texts.data.value);
    place.replaceChildren(editor.element);
    wrong.textContent = "";
  }

  field.addEventListener("change", () => {
    offer();
    settle();
  });
  operator.addEventListener("change", () => {
    build();
    settle();
  });
  place.addEventListener("change", settle);
  place.addEventListener("input", (event) => event.isTrusted || settle()); // something was chosen from a list

  function settle() {
    const read = tryRead();
    if (read !== undefined) onChange();
  }

  /** @returns {Condition | null | undefined}  null: no value yet; undefined: a wrong one */
  function tryRead() {
    wrong.textContent = "";
    try {
      const value = editor.read();
      return value === undefined ? null : { name: field.value, op: operator.value, value };
    } catch (error) {
      if (!(error instanceof FieldWrong)) throw error;
      wrong.textContent = error.message;
      return undefined;
    }
  }

  return { node, focus: () => field.focus(), read: () => tryRead() ?? null };
}
