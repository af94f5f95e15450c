/** The form in which a schema is written, field by field; the same form shows one that is published. */

import * as texts from "texts";
import { byId } from "../../elements/dom.js";
import { makeFieldRow } from "./field-row.js";
import { keeping, mark } from "./inputs.js";
import { count, explain, say } from "../../elements/words.js";

/**
 * @typedef {import("../shared/types.js").SchemaDraft} SchemaDraft
 * @typedef {import("../shared/types.js").SchemaDefinition} SchemaDefinition
 * @typedef {import("../shared/types.js").DraftProblem} DraftProblem
 * @typedef {import("../shared/types.js").ListedSchema} ListedSchema
 * @typedef {import("./field-row.js").FieldRow} FieldRow
 */

/**
 * A definition as a draft: what the worker has a look at.
 *
 * @param {SchemaDefinition} definition
 * @returns {SchemaDraft}
 */
export function draftOf({ name, description, fields }) {
  return { name, description, fields: Object.entries(fields).map(([called, options]) => ({ name: called, ...options })) };
}

/**
 * @param {object} use
 * @param {() => void} use.onChange  something was typed, chosen or moved, or an input was left
 * @param {(id: string) => Promise<string>} use.about  what a schema is, in words
 */
export function makeSchemaForm({ onChange, about }) {
  const form = byId("form", HTMLFormElement);
  const list = byId("fields", HTMLOListElement);
  const add = byId("add", HTMLButtonElement);
  const moved = byId("moved", HTMLElement);
  const problem = byId("form-problem", HTMLElement);
  const inputs = {
    name: keeping(byId("name", HTMLInputElement)),
    description: keeping(byId("description", HTMLTextAreaElement)),
  };

  /** @type {FieldRow[]} */
  let rows = [];
  /** @type {ListedSchema[]} */
  let known = [];

  for (const { input } of Object.values(inputs)) {
    input.addEventListener("input", onChange);
    input.addEventListener("focusout", () => {
      input.dataset.left = "";
      onChange();
    });
  }
  form.addEventListener("submit", (event) => event.preventDefault());
  add.addEventListener("click", () => {
    const row = append();
    number();
    row.focus();
    onChange();
  });
  append();
  number();

  function append() {
    const row = makeFieldRow({
      about,
      onChange() {
        number();
        onChange();
      },
      onMove: (by) => move(row, by),
      onRemove: () => remove(row),
    });
    row.offer(known);
    rows.push(row);
    list.append(row.node);
    return row;
  }

  function number() {
    rows.forEach((row, at) => row.place(at, rows.length));
    byId("fields-count", HTMLElement).textContent = rows.length > 1 ? String(rows.length) : "";
  }

  /** @param {FieldRow} row @param {-1 | 1} by */
  function move(row, by) {
    const from = rows.indexOf(row);
    const to = from + by;
    if (to < 0 || to >= rows.length) return;
    rows.splice(from, 1);
    rows.splice(to, 0, row);
    list.insertBefore(row.node, list.children[by > 0 ? to + 1 : to] ?? null);
    number();
    const [here, back] = by > 0 ? (["down", "up"]) : (["up", "down"]);
    row.tool(row.tool(here).disabled ? back : here).focus();
    moved.textContent = say(texts.schemas.moved, { n: to + 1, total: rows.length });
    onChange();
  }

  /** @param {FieldRow} row */
  function remove(row) {
    const at = rows.indexOf(row);
    rows = rows.filter((other) => other !== row);
    row.node.remove();
    number();
    const heir = rows[Math.min(at, rows.length - 1)];
    (heir ? heir.tool("remove") : add).focus();
    moved.textContent = count(rows.length, texts.schemas.removed);
    onChange();
  }

  return {
    /** @returns {SchemaDraft} */
    read() {
      return {
        name: inputs.name.read()?.trim() ?? "", // phones like to put a space behind a word
        description: inputs.description.read() ?? "",
        fields: rows.map((row) => row.read()),
      };
    },
    /** @param {SchemaDraft} draft */
    write(draft) {
      inputs.name.write(draft.name);
      inputs.description.write(draft.description);
      for (const { input } of Object.values(inputs)) delete input.dataset.left;
      for (const row of rows) row.node.remove();
      rows = [];
      for (const field of draft.fields) append().write(field);
      number();
      this.show([], true);
    },
    /** @param {ListedSchema[]} schemas  that a relation can lead to */
    offer(schemas) {
      known = schemas;
      for (const row of rows) row.offer(known);
    },
    /**
     * Shows what is wrong, at what it is about.
     *
     * @param {DraftProblem[]} found
     * @param {boolean} all  also at what was not left yet
     */
    show(found, all) {
      const problems = found.map((one) => ({ ...one, message: explain(Object.assign(new Error(), one)).text }));
      rows.forEach((row, at) => row.show(problems.filter(({ field }) => field === at), all));
      const whole = problems.filter(({ field }) => field === null);
      for (const [part, { input }] of Object.entries(inputs)) {
        const words = whole.find((one) => one.part === part)?.message ?? "";
        mark(input, byId(`${part}-problem`, HTMLElement), all || input.dataset.left !== undefined ? words : "");
      }
      const rest = whole.filter((one) => one.part === null);
      const lead = all && problems.length > rest.length ? count(problems.length, texts.schemas.problems) : "";
      problem.textContent = [lead, ...(all ? rest.map(({ message }) => message.slice(0, 500)) : [])].filter(Boolean).join(" ");
    },
    /** Goes to the first input with something wrong. */
    focusProblem() {
      const [first] = form.querySelectorAll("[aria-invalid=true]");
      if (first instanceof HTMLElement) first.focus();
    },
    /** @param {boolean} locked  it is to be read only */
    lock(locked) {
      form.dataset.locked = String(locked);
      for (const { input } of Object.values(inputs)) input.readOnly = locked;
      for (const row of rows) row.lock(locked);
      add.hidden = locked;
    },
  };
}
