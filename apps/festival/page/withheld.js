/** What of a node's answer is not on the page: what the checks did not let pass, and whom the reader has muted. */

import * as texts from "texts";
import { button, byId, el } from "../../../web/elements/dom.js";
import { face } from "../../../web/elements/face.js";
import { quoted } from "../../../web/elements/foreign.js";
import { count, number, say, withheldWords } from "../../../web/elements/words.js";

/** @typedef {import("../../../web/pages/shared/types.js").Rejected} Rejected */

/** Muted authors that are listed. */
const MOST_MUTED = 100;

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
 * @param {string[]} authors  who is muted
 * @param {number} talks  that they have published
 * @param {ReturnType<typeof import("./names.js").makeNames>} names
 * @param {(author: string) => void} hear
 */
export function drawMuted(authors, talks, names, hear) {
  byId("muted", HTMLDetailsElement).hidden = authors.length === 0;
  byId("muted-summary", HTMLElement).textContent = count(authors.length, texts.whose.muted, { talks: count(talks, texts.programme.talks) });
  byId("muted-list", HTMLElement).replaceChildren(
    ...authors.slice(0, MOST_MUTED).map((author) => {
      const again = button(texts.whose.hear, () => hear(author), "quiet");
      again.setAttribute("aria-label", say(texts.whose.hearAuthor, { author: names.label(author) }));
      return el("li", { data: { author } }, face(author), " ", ...names.words(author), " ", again);
    }),
  );
}

/** @param {string} id */
function line30(id) {
  return id.length > 30 ? `${id.slice(0, 12)}…${id.slice(-6)}` : id;
}
