/** What of a node's answer is not in the programme: what the checks did not let pass, and what the reader has hidden. */

import * as texts from "texts";
import { button, byId, el, shortAuthor } from "../../../web/elements/dom.js";
import { face } from "../../../web/elements/face.js";
import { quoted } from "../../../web/elements/foreign.js";
import { count, number, say, withheldWords } from "../../../web/elements/words.js";

/** @typedef {import("../../../web/pages/shared/types.js").Rejected} Rejected */

/** @param {Rejected[]} rejected */
export function drawWithheld(rejected) {
  const panel = byId("withheld", HTMLDetailsElement);
  panel.hidden = rejected.length === 0;
  panel.dataset.count = String(rejected.length);
  /** @type {Map<string, Rejected[]>} */
  const groups = new Map();
  for (const one of rejected) groups.set(one.reason, [...(groups.get(one.reason) ?? []), one]);
  byId("withheld-summary", HTMLElement).replaceChildren(
    el("strong", {}, count(rejected.length, texts.programme.withheld)), ` ${count(rejected.length, texts.programme.withheldWhy)}`,
  );
  const list = byId("withheld-list", HTMLElement);
  list.replaceChildren();
  for (const [reason, group] of groups) {
    const ids = el("ul", {});
    for (const one of group.slice(0, 50)) {
      ids.append(el("li", {}, el("code", { attrs: { title: one.id } }, line30(one.id)), " ", el("bdi", {}, quoted(one.message, 300))));
    }
    if (group.length > 50) ids.append(el("li", {}, say(texts.schemas.more, { n: number(group.length - 50) })));
    const words = withheldWords(reason, group[0]?.message.slice(0, 300) ?? "");
    list.append(
      el(
        "details",
        { class: "fold", data: { reason } },
        el("summary", {}, el("strong", {}, String(group.length)), " ", el("bdi", {}, words), " ", el("code", { class: "muted" }, reason.slice(0, 80))),
        ids,
      ),
    );
  }
}

/**
 * @param {[string, number][]} authors  who is hidden, with the number of their talks
 * @param {(author: string) => void} show
 */
export function drawHidden(authors, show) {
  const panel = byId("hidden", HTMLDetailsElement);
  const talks = authors.reduce((sum, [, size]) => sum + size, 0);
  panel.hidden = authors.length === 0;
  byId("hidden-summary", HTMLElement).textContent = count(authors.length, texts.programme.hiddenByYou, { talks: count(talks, texts.programme.talks) });
  byId("hidden-list", HTMLElement).replaceChildren(
    ...authors.map(([author, size]) => {
      const again = button(texts.programme.showAgain, () => show(author), "quiet");
      again.setAttribute("aria-label", say(texts.programme.showAuthor, { author: author.slice(0, 8) }));
      return el("li", { data: { author } }, face(author), " ", el("code", { attrs: { title: author } }, shortAuthor(author)), ` ${count(size, texts.programme.talks)} `, again);
    }),
  );
}

/** @param {string} id */
function line30(id) {
  return id.length > 30 ? `${id.slice(0, 12)}…${id.slice(-6)}` : id;
}
