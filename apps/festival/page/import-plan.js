/** What an import would change, shown before it is begun: numbers, titles, and what one may choose. */

import { el } from "../../../web/elements/dom.js";
import { quoted } from "../../../web/elements/foreign.js";
import { count } from "../../../web/elements/words.js";

const MOST_SHOWN = 50;
const LONGEST = 300;

/** @typedef {import("./festival.d.ts").ImportPlan} ImportPlan */

/**
 * Draws a plan.
 *
 * @param {HTMLElement} place
 * @param {ImportPlan} plan
 * @param {() => void} onChoice  another choice was made
 * @returns {{withdraw: () => boolean, restore: () => boolean, size: () => number}}  what is chosen, and how many talks it is about
 */
export function drawPlan(place, plan, onChoice) {
  const withdraw = choice("import-withdraw", `Delete ${count(plan.withdrawn.length, "talk")} that the file has no more`, onChoice);
  const restore = choice("import-restore", `Publish ${count(plan.deleted.length, "talk")} again that you deleted`, onChoice);
  /** @type {HTMLElement[]} */
  const parts = [el("p", { class: "figures", data: { plan: "numbers" } }, numbers(plan))];
  for (const [what, titles] of [
    ["new", plan.new],
    ["changed", plan.changed.map(({ talk, fields }) => `${talk}: ${fields.join(", ")}`)],
  ]) {
    if (titles?.length) parts.push(list(String(what), `${titles.length.toLocaleString("en")} ${what}`, /** @type {string[]} */ (titles)));
  }
  if (plan.withdrawn.length) {
    parts.push(withdraw.label, list("withdrawn", "Published, and not in the file", plan.withdrawn));
  }
  if (plan.deleted.length) {
    parts.push(restore.label, list("deleted", "In the file, and deleted by you", plan.deleted));
  }
  if (!plan.knowsDeleted) {
    parts.push(el("p", { class: "note" }, "This key was used elsewhere too. A talk that was deleted there may count as new here."));
  }
  place.replaceChildren(...parts);
  place.hidden = false;
  return {
    withdraw: () => withdraw.input.checked,
    restore: () => restore.input.checked,
    size: () =>
      plan.new.length +
      plan.changed.length +
      (withdraw.input.checked ? plan.withdrawn.length : 0) +
      (restore.input.checked ? plan.deleted.length : 0),
  };
}

/** @param {ImportPlan} plan */
function numbers(plan) {
  const kinds = /** @type {[number, string][]} */ ([
    [plan.new.length, "new"],
    [plan.changed.length, "changed"],
    [plan.unchanged, "unchanged"],
    [plan.deleted.length, "deleted by you before"],
  ]);
  const said = kinds.flatMap(([n, words]) => (n ? [`${n.toLocaleString("en")} ${words}`] : []));
  return `${count(plan.total, "talk")} in the file: ${said.join(", ")}.`;
}

/**
 * @param {string} id
 * @param {string} words
 * @param {() => void} onChoice
 */
function choice(id, words, onChoice) {
  const input = el("input", { attrs: { type: "checkbox", id } });
  input.addEventListener("change", onChoice);
  return { input, label: el("label", { class: "choice" }, input, " ", words) };
}

/**
 * Titles to unfold, not endless.
 *
 * @param {string} what
 * @param {string} summary
 * @param {string[]} lines
 */
function list(what, summary, lines) {
  return el("details", { class: "fold", data: { plan: what } }, el("summary", {}, summary), el("ul", { class: "note" }, ...items(lines)));
}

/**
 * Lines as items of a list, the first of them where there are many.
 *
 * @param {string[]} lines
 */
export function items(lines) {
  const shown = lines.slice(0, MOST_SHOWN).map((line) => el("li", { attrs: { dir: "auto" } }, quoted(line, LONGEST)));
  return lines.length > MOST_SHOWN ? [...shown, el("li", {}, `and ${(lines.length - MOST_SHOWN).toLocaleString("en")} more`)] : shown;
}
