/** Says whose programme this is, and lets the reader choose whose they want to read. */

import * as texts from "texts";
import { button, byId, copy, el } from "../../../web/elements/dom.js";
import { face } from "../../../web/elements/face.js";
import { count, say } from "../../../web/elements/words.js";
import { linkNamesNobody, linkTo } from "./whose.js";

/**
 * @typedef {ReturnType<typeof import("./whose.js").makeWhose>} Whose
 * @typedef {ReturnType<typeof import("./names.js").makeNames>} Names
 */

/** Authors that are listed, and those that the first line names. */
const MOST = 50;
const FEW = 2;
/** @type {Record<import("./whose.js").By, string>} */
const WORDS = { nobody: texts.whose.nobody, you: texts.whose.you, site: texts.whose.site, link: texts.whose.link };

/**
 * @param {object} use
 * @param {Whose} use.whose
 * @param {Names} use.names
 * @param {(author: string) => void} use.follow
 * @param {(author: string) => void} use.mute
 */
export function makeWhosePanel({ whose, names, follow, mute }) {
  const panel = byId("whose", HTMLDetailsElement);
  const link = byId("whose-link", HTMLButtonElement);
  link.addEventListener("click", () => {
    const address = whose.link();
    if (address) void copy(address, link, () => shown(address));
  });

  byId("whose-proposed", HTMLAnchorElement).addEventListener("click", () => {
    byId("proposed", HTMLDetailsElement).open = true;
  });

  /** The address to select, where there is no clipboard. @param {string} address */
  function shown(address) {
    const place = byId("whose-address", HTMLElement);
    place.textContent = address;
    return place;
  }

  /**
   * @param {Map<string, number>} authors  whose talks are in the programme, and how many
   * @param {string | null} me
   */
  function draw(authors, me) {
    const by = whose.by();
    const named = whose.authors();
    panel.dataset.by = by;
    document.documentElement.toggleAttribute("data-apart", by !== "nobody" && !named.includes(me ?? ""));
    byId("whose-summary", HTMLElement).replaceChildren(...first(by, named, me));
    byId("whose-words", HTMLElement).textContent = WORDS[by];
    byId("whose-back", HTMLElement).hidden = by !== "link" && !linkNamesNobody;
    byId("whose-back-words", HTMLElement).textContent = linkNamesNobody ? texts.whose.linkWrong : texts.whose.linkSays;
    byId("whose-own", HTMLAnchorElement).href = linkTo([]);
    link.hidden = whose.link() === null;
    const listed = by === "nobody" ? [...authors.keys()].sort((a, b) => (authors.get(b) ?? 0) - (authors.get(a) ?? 0) || (a < b ? -1 : 1)) : named;
    byId("whose-list", HTMLElement).replaceChildren(...listed.slice(0, MOST).map((author) => row(author, authors.get(author) ?? 0, by, me)));
  }

  /** The line that is always seen. @param {import("./whose.js").By} by @param {string[]} named @param {string | null} me */
  function first(by, named, me) {
    if (by === "nobody") return [texts.whose.anybody];
    const few = named.slice(0, FEW).flatMap((author, at) => [...(at ? [", "] : []), ...(author === me ? [texts.origin.you] : names.words(author))]);
    const rest = named.length > FEW ? count(named.length - FEW, texts.whose.andMore) : "";
    const [before = "", after = ""] = texts.whose.programmeOf.split("{authors}");
    return [before, ...few, rest, after];
  }

  /** @param {string} author @param {number} talks @param {import("./whose.js").By} by @param {string | null} me */
  function row(author, talks, by, me) {
    const who = { author: names.label(author) };
    const line = el("li", { data: { author } }, face(author));
    const said = el("span", {}, ...(author === me ? [el("span", { class: "mine" }, texts.origin.you), " "] : []), ...names.words(author));
    said.append(` ${count(talks, texts.programme.talks)} `, el("bdi", { class: "muted" }, names.of(author)?.about ?? ""));
    line.append(said);
    const tools = el("span", { class: "whose-tools" });
    if (!whose.named(author)) {
      const does = whose.follows(author) ? texts.whose.unfollow : by === "nobody" ? texts.whose.makeMine : texts.whose.follow;
      const choose = button(does, () => follow(author), "quiet follow");
      choose.setAttribute("aria-label", say(whose.follows(author) ? texts.whose.unfollowAuthor : texts.whose.followAuthor, who));
      tools.append(choose);
    }
    if (author !== me) {
      const hush = button(texts.whose.mute, () => mute(author), "quiet mute");
      hush.setAttribute("aria-label", say(texts.whose.muteAuthor, who));
      tools.append(hush);
    }
    if (by !== "link" || whose.authors().length > 1) {
      const only = el("a", { class: "only", attrs: { href: linkTo([author]) } }, texts.whose.only);
      only.setAttribute("aria-label", say(texts.whose.onlyAuthor, who));
      tools.append(only);
    }
    line.append(tools);
    return line;
  }

  /**
   * What stands beside the programme.
   *
   * @param {{own: number, others: number, listed: number, behind: number, more: boolean}} there  behind: other versions of what is shown
   */
  function apart({ own, others, listed, behind, more }) {
    byId("own", HTMLElement).hidden = own === 0;
    byId("own-title", HTMLElement).textContent = count(own, texts.whose.ownProposals);
    byId("proposed", HTMLDetailsElement).hidden = others === 0 && listed === 0;
    byId("proposed-summary", HTMLElement).textContent = count(Math.max(others, listed), texts.whose.proposed);
    byId("proposed-behind", HTMLElement).textContent = behind ? count(behind, texts.whose.behind) : "";
    byId("proposed-more", HTMLElement).hidden = !more;
    const jump = byId("whose-proposed", HTMLAnchorElement);
    jump.hidden = others === 0;
    jump.textContent = count(others, texts.whose.proposedBelow);
  }

  return { draw, apart };
}
