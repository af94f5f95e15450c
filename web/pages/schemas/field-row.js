/** One field of the schema that is being written: a row of the form. What is allowed in it, Python decides. */

import * as texts from "texts";
import { byId, el, find, shortHash } from "../../elements/dom.js";
import { siteLink } from "../shared/address.js";
import { plain } from "../../elements/foreign.js";
import { keeping, mark } from "./inputs.js";
import { say } from "../../elements/words.js";

/**
 * @typedef {import("../shared/types.js").SchemaDraft["fields"][number]} FieldDraft
 * @typedef {import("../shared/types.js").ListedSchema} ListedSchema
 * @typedef {ReturnType<typeof makeFieldRow>} FieldRow
 */

let made = 0;

/**
 * @param {object} use
 * @param {() => void} use.onChange
 * @param {(by: -1 | 1) => void} use.onMove
 * @param {() => void} use.onRemove
 * @param {(id: string) => Promise<string>} use.about  what a schema is, in words
 */
export function makeFieldRow({ onChange, onMove, onRemove, about }) {
  const blank = find(byId("field", HTMLTemplateElement).content, ".schema-field", HTMLLIElement);
  const node = document.importNode(blank, true);
  const id = `field-${(made += 1)}`;
  const title = find(node, "h4", HTMLElement);
  const problem = find(node, ".problem", HTMLElement);
  const name = keeping(find(node, "[data-part=name]", HTMLInputElement));
  const type = find(node, "[data-part=type]", HTMLSelectElement);
  const validation = keeping(find(node, "[data-part=validation]", HTMLTextAreaElement));
  const schema = find(node, "[data-part=schema]", HTMLSelectElement);
  const known = find(schema, "optgroup", HTMLOptGroupElement);
  const other = find(node, "[data-part=other]", HTMLInputElement);
  const target = find(node, ".target", HTMLElement);
  const [array, optional, cascade] = ["array", "optional", "cascade"].map((part) =>
    find(node, `[data-part=${part}]`, HTMLInputElement),
  );
  if (!array || !optional || !cascade) throw new Error("A row lacks a box.");
  /** @type {Record<string, HTMLElement>} where errors are shown, by the part that they are about */
  const parts = { name: name.input, type, validation: validation.input, schema };

  title.id = `${id}-title`;
  problem.id = `${id}-problem`;
  node.setAttribute("aria-labelledby", title.id);
  for (const input of [...Object.values(parts), other]) input.setAttribute("aria-describedby", problem.id);

  /** @param {string} part */
  const takes = (part) => type.selectedOptions[0]?.dataset.takes === part;
  const leadsTo = () => (schema.value === "other" ? other.value.trim() : schema.value);

  /** Shows what belongs to the type that is chosen. */
  function arrange() {
    const shown = {
      validation: takes("validation"),
      schema: takes("schema"),
      other: takes("schema") && schema.value === "other",
      target: takes("schema") && !["", "self"].includes(leadsTo()),
    };
    for (const [what, is] of Object.entries(shown)) {
      for (const part of node.querySelectorAll(`[data-for=${what}]`)) part.toggleAttribute("hidden", !is);
    }
    if (shown.target) void look();
  }

  /** Says what the schema is that the relation leads to. */
  async function look() {
    const wanted = leadsTo();
    if (target.dataset.schema === wanted) return;
    target.dataset.schema = wanted;
    target.textContent = "";
    const words = await about(wanted);
    if (leadsTo() !== wanted || !words) return;
    const link = el("a", { attrs: { href: siteLink("schemas.html", { id: wanted }), target: "_blank" } }, texts.schemas.lookAtIt);
    target.append(el("bdi", {}, words.slice(0, 300)), " ", link);
  }

  node.addEventListener("input", () => {
    arrange();
    onChange();
  });
  node.addEventListener("focusout", ({ target: left }) => {
    if (left instanceof HTMLElement && left.dataset.part) {
      left.dataset.left = "";
      onChange();
    }
  });
  const acts = { up: () => onMove(-1), down: () => onMove(1), remove: onRemove };
  for (const [act, run] of Object.entries(acts)) tool(act).addEventListener("click", run);
  arrange();

  /** @param {string} act  up, down or remove */
  function tool(act) {
    return find(node, `[data-act=${act}]`, HTMLButtonElement);
  }

  return {
    node,
    tool,
    focus: () => name.input.focus(),
    /** @param {number} at @param {number} of */
    place(at, of) {
      const typed = name.input.value.slice(0, 70);
      const called = say(typed ? texts.schemas.fieldNamed : texts.schemas.field, { n: at + 1, name: typed });
      title.textContent = say(texts.schemas.field, { n: at + 1 });
      tool("up").disabled = at === 0;
      tool("down").disabled = at === of - 1;
      tool("up").setAttribute("aria-label", say(texts.schemas.up, { called }));
      tool("down").setAttribute("aria-label", say(texts.schemas.down, { called }));
      tool("remove").setAttribute("aria-label", say(texts.fields.removeWhat, { called }));
    },
    /** @returns {FieldDraft} */
    read() {
      const relation = takes("schema");
      const pattern = takes("validation") ? validation.read() : undefined;
      const to = relation ? leadsTo() : "";
      const kind = /** @type {FieldDraft["type"]} */ (type.value + (array.checked ? "[]" : ""));
      return {
        name: name.read()?.trim() ?? "",
        type: kind,
        ...(optional.checked ? { optional: true } : {}),
        ...(pattern === undefined ? {} : { validation: pattern }),
        ...(to ? { schema: to } : {}),
        ...(relation && cascade.checked ? { cascade: true } : {}),
      };
    },
    /** @param {FieldDraft} field */
    write(field) {
      const kind = field.type ?? "varchar";
      name.write(field.name);
      type.value = kind.replace("[]", "");
      array.checked = kind.endsWith("[]");
      optional.checked = field.optional ?? false;
      cascade.checked = field.cascade ?? false;
      validation.write(field.validation);
      const to = field.schema ?? "";
      schema.value = to;
      if (schema.value !== to) {
        schema.value = "other";
        other.value = to;
      }
      arrange();
    },
    /** @param {ListedSchema[]} schemas  to choose from */
    offer(schemas) {
      const chosen = schema.value;
      const options = schemas.map(({ id: hash, name: called }) => el("option", { attrs: { value: hash } }, `\u2068${plain(called ?? "")}\u2069 (${shortHash(hash)})`));
      known.replaceChildren(...options);
      known.hidden = options.length === 0;
      schema.value = chosen;
      if (schema.value !== chosen) { // it is not known any more
        schema.value = "other";
        other.value = chosen;
        arrange();
      }
      delete target.dataset.schema; // one that could not be asked for may be there now
      arrange();
    },
    /**
     * Shows the first thing that is wrong, at the part that it is about.
     *
     * @param {{part: string | null, message: string}[]} problems
     * @param {boolean} all  also at what was not left yet
     */
    show(problems, all) {
      for (const input of [...Object.values(parts), other]) input.removeAttribute("aria-invalid");
      problem.textContent = "";
      for (const { part, message } of problems) {
        const about = parts[part ?? ""];
        const input = about === schema && schema.value === "other" ? other : (about ?? name.input);
        if (all || input.dataset.left !== undefined) mark(input, problem, message);
      }
    },
    /** @param {boolean} locked  it is to be read only */
    lock(locked) {
      for (const input of [name.input, validation.input, other]) input.readOnly = locked;
      for (const input of [type, schema, array, optional, cascade]) input.disabled = locked;
      find(node, ".field-tools", HTMLElement).hidden = locked;
    },
  };
}
