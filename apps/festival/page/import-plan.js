/** What an import would change, shown before it is begun: numbers, titles, and what one may choose. */

import * as texts from "texts";
import { el } from "../../../web/elements/dom.js";
import { quoted } from "../../../web/elements/foreign.js";
import { count, number, say } from "../../../web/elements/words.js";

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
  const withdraw = choice("import-withdraw", count(plan.withdrawn.length, texts.importing.withdraw), onChoice);
  const restore = choice("import-restore", count(plan.deleted.length, texts.importing.restore), onChoice);
  /** @type {HTMLElement[]} */
  const parts = [el("p", { class: "figures", data: { plan: "numbers" } }, numbers(plan))];
  const changed = plan.changed.map(({ talk, fields }) => `${talk}: ${fields.join(", ")}`);
  if (plan.new.length) parts.push(list("new", count(plan.new.length, texts.importing.newTalks), plan.new));
  if (changed.length) parts.push(list("changed", count(changed.length, texts.importing.changedTalks), changed));
  if (plan.withdrawn.length) {
    parts.push(withdraw.label, list("withdrawn", texts.importing.notInFile, plan.withdrawn));
  }
  if (plan.deleted.length) {
    parts.push(restore.label, list("deleted", texts.importing.inFile, plan.deleted));
  }
  if (!plan.knowsDeleted) {
    parts.push(el("p", { class: "note" }, texts.importing.usedElsewhere));
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
  const kinds = /** @type {const} */ ([
    [plan.new.length, texts.importing.newTalks],
    [plan.changed.length, texts.importing.changedTalks],
    [plan.unchanged, texts.importing.unchanged],
    [plan.deleted.length, texts.importing.deletedBefore],
  ]);
  const said = kinds.flatMap(([n, forms]) => (n ? [count(n, forms)] : []));
  return count(plan.total, texts.importing.inTheFile, { said: said.join(", ") });
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
  return lines.length > MOST_SHOWN ? [...shown, el("li", {}, say(texts.schemas.more, { n: number(lines.length - MOST_SHOWN) }))] : shown;
}
