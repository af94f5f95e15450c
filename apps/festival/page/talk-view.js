/** One talk on the page: the closed row, and what opens under it. */

import * as texts from "texts";
import { button, el, hexView } from "../../../web/elements/dom.js";
import { reachWhy, reachWords } from "../../../web/elements/nodes.js";
import { face } from "../../../web/elements/face.js";
import { prose, webLink } from "../../../web/elements/prose.js";
import { line, persons, text } from "./talk.js";
import { durationWords, endClock } from "./time.js";
import { count, number, say } from "../../../web/elements/words.js";

/**
 * @typedef {import("./talk.js").Talk} Talk
 *
 * @typedef {object} Authors  what is known of them
 * @property {ReturnType<typeof import("./names.js").makeNames>} names
 * @property {ReturnType<typeof import("./whose.js").makeWhose>} whose
 *
 * @typedef {object} Actions
 * @property {() => void} edit
 * @property {() => void} remove
 * @property {() => void} follow  or no more
 * @property {() => void} mute
 * @property {() => void} take  the talk into a calendar
 * @property {() => Promise<Talk[]>} versions  what others say of the same event
 */


/** Persons that the closed row names. */
const FEW = 12;

/**
 * The row of a talk. It opens to more; what opens is built when it is first needed.
 *
 * @param {Talk} talk
 * @param {string} offset  the programme's usual offset: other ones are written out
 * @param {import("./time.js").Zone} zone  the programme's
 * @param {Authors} authors
 */
export function talkRow(talk, offset, zone, { names }) {
  const { item, when, minutes } = talk;
  const { author, signed, verified, complete } = item._meta;
  const article = el("article", {
    class: "talk",
    data: { id: talk.id, mine: String(talk.mine), author, place: talk.place, signed: String(signed), verified: String(verified), complete: String(complete) },
  });
  const language = text(item.language);
  if (/^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/.test(language)) article.lang = language;

  const title = el("span", { data: { field: "title" }, attrs: { dir: "auto" } }, talk.title || texts.programme.untitled);
  title.toggleAttribute("data-missing", !talk.title);
  const open = el("button", { class: "open", attrs: { type: "button", "aria-expanded": "false" } }, title);

  const top = el("p", { class: "kicker", attrs: { lang: texts.language } });
  top.append(field("span", "track", talk.track));
  if (talk.place === "proposed") top.append(el("span", { class: "badge proposal", attrs: { title: texts.talkWords.proposalWhy } }, texts.talkWords.proposal));
  top.append(byline(talk, names));

  const facts = el("p", { class: "facts", attrs: { lang: texts.language } });
  if (talk.room) facts.append(field("span", "room", talk.room));
  if (when) {
    const time = el("time", { data: { field: "start", value: text(item.start) }, attrs: { datetime: text(item.start) } }, when.clock);
    const clock = el("span", { class: "clock" }, time);
    if (minutes !== null) clock.append(`–${endClock(when, minutes, zone)}`);
    if (when.offset !== offset) clock.append(` (${when.offset === "Z" ? "UTC" : when.offset || texts.talkWords.noOffset})`);
    facts.append(clock);
  } else if (text(item.start)) {
    facts.append(field("span", "start", line(item.start, 60)));
  }
  const duration = line(item.duration, 40);
  if (duration) {
    const long = field("span", "duration", minutes === null ? duration : durationWords(minutes));
    long.dataset.value = duration;
    facts.append(long);
  }
  if (language) facts.append(field("span", "language", line(language, 40)));
  if (talk.behind.length) {
    const differ = talk.behind.some(({ differs }) => differs);
    facts.append(el("span", { class: "also-by" }, count(talk.behind.length, differ ? texts.talkWords.alsoOtherwise : texts.talkWords.also)));
  }

  const head = el("div", { class: "head" }, top, el("h5", {}, open));
  const subtitle = line(item.subtitle);
  if (subtitle) head.append(field("p", "subtitle", subtitle));
  if (talk.persons.length) head.append(people(talk.persons));
  head.append(facts);
  article.append(head);
  return article;
}

/**
 * All that a row and what it opens to are made of: while it is the same, so are they.
 *
 * @param {Talk} talk
 * @param {string} offset
 * @param {import("./time.js").Zone} zone
 * @param {Authors} authors
 */
export function looks({ item, mine, room, when, minutes, place, behind }, offset, zone, { names, whose }) {
  const { lastEntry, signed, verified, complete } = item._meta;
  const clock = when && minutes !== null ? endClock(when, minutes, zone) : "";
  const { author } = item._meta;
  const others = behind.map(({ talk, differs }) => `${talk.id}${differs}`).sort();
  const said = [names.digits(author), names.of(author)?.name, names.of(author)?.about, whose.follows(author), whose.named(author), whose.by()];
  return JSON.stringify([lastEntry, signed, verified, complete, mine, when?.offset === offset, clock, room, place, others, said]);
}

/**
 * How far it went, until it is everywhere. That passes by itself, so the row stays, and with it where the reader is in it.
 *
 * @param {HTMLElement} article
 * @param {import("panda.js").Meta} meta
 */
export function wait(article, meta) {
  const words = reachWords(meta);
  article.dataset.waiting = String(meta.waiting === true);
  const shown = article.querySelector(".late");
  if (!words) return shown?.remove();
  const badge = shown ?? el("span", { class: "badge late" });
  badge.textContent = words;
  badge.setAttribute("title", reachWhy(meta));
  if (!shown) article.querySelector(".who")?.before(badge);
}

/**
 * The colour of its track.
 *
 * @param {HTMLElement} article
 * @param {number | undefined} hue
 */
export function paint(article, hue) {
  if (hue === undefined) article.style.removeProperty("--hue");
  else article.style.setProperty("--hue", String(hue));
  article.toggleAttribute("data-trackless", hue === undefined);
}

/**
 * @param {"p" | "span"} tag
 * @param {string} name
 * @param {string} value
 */
function field(tag, name, value) {
  return el(tag, { class: name, data: { field: name }, attrs: { dir: "auto" } }, value);
}

/**
 * Whose talk it is: the author's face, and "you", or what they call themselves with the first digits of the key. That the
 * author signed it says nothing about who that is.
 *
 * @param {Talk} talk
 * @param {Authors["names"]} names
 */
function byline({ item, mine }, names) {
  const { author } = item._meta;
  const name = mine ? [el("span", { class: "mine" }, texts.origin.you)] : names.words(author);
  return el("span", { class: "who", data: { whose: mine ? "you" : author.slice(0, 8) }, attrs: { title: mine ? texts.talkWords.youPublished : say(texts.talkWords.publishedByAuthor, { author: names.label(author) }) } },
    el("span", { class: "visually-hidden" }, texts.talkWords.by), ...name, face(author));
}

/** @param {string[]} names */
function people(names) {
  const shown = names.slice(0, FEW);
  const list = el("p", { class: "persons", data: { field: "persons" } });
  shown.forEach((name, at) => list.append(...(at ? [", "] : []), el("bdi", {}, name)));
  if (names.length > shown.length) list.append(` ${say(texts.schemas.more, { n: number(names.length - shown.length) })}`);
  return list;
}

/**
 * What a talk opens to.
 *
 * @param {Talk} talk
 * @param {Authors} authors
 * @param {Actions} actions
 */
export function talkBody(talk, authors, actions) {
  const { item } = talk;
  const body = el("div", { class: "body" });
  const words = el("div", { class: "words" });
  const names = persons(item.persons);
  if (text(item.abstract).trim()) words.append(...prose("abstract", text(item.abstract)));
  if (text(item.description).trim()) words.append(...prose("description", text(item.description)));
  if (names.length > FEW) words.append(...prose("all-persons", names.join(", ")));
  const url = text(item.url);
  const link = webLink(url);
  if (link) {
    link.dataset.field = "url";
    words.append(el("p", { class: "link" }, link));
  } else if (url.trim()) {
    words.append(el("p", { class: "note" }, texts.talkWords.linkNotWeb, field("span", "url", line(url))));
  }
  if (line(item.kind)) words.append(el("p", { class: "note" }, texts.talkWords.kind, field("span", "kind", line(item.kind, 80))));
  if (!words.hasChildNodes()) words.append(el("p", { class: "note" }, texts.talkWords.noText));
  if (talk.when) words.append(el("p", { attrs: { lang: texts.language } }, button(texts.take.talk, actions.take, "quiet take")));
  body.append(words, provenance(talk, authors, actions));
  if (talk.mine) {
    const name = talk.title || texts.talkWords.thisTalk;
    const edit = button(texts.talkWords.edit, actions.edit, "edit");
    edit.setAttribute("aria-label", say(texts.talkWords.editWhat, { name }));
    const remove = button(texts.form.delete, actions.remove, "delete");
    remove.setAttribute("aria-label", say(texts.talkWords.deleteWhat, { name }));
    body.append(el("div", { class: "row actions", attrs: { lang: texts.language } }, edit, remove));
  }
  void actions.versions().then((others) => {
    if (others.length) body.append(versions(others, authors));
  }, () => {}); // what is not answered is not known of
  return body;
}

/**
 * What others say of the same event, to unfold.
 *
 * @param {Talk[]} others
 * @param {Authors} authors
 */
function versions(others, authors) {
  const list = el("details", { class: "fold also", attrs: { lang: texts.language } }, el("summary", {}, count(others.length, texts.talkWords.also)));
  for (const talk of others) {
    const { author } = talk.item._meta;
    const when = talk.when ? `${talk.when.day} ${talk.when.clock}` : line(talk.item.start, 60);
    const one = el("details", { class: "fold version", data: { author } },
      el("summary", {}, face(author), " ", ...(talk.mine ? [texts.origin.you] : authors.names.words(author)), ": ", el("bdi", {}, talk.title || texts.programme.untitled), when ? `, ${when}` : "", talk.room ? ", " : "", el("bdi", {}, talk.room)));
    const { abstract, description } = talk.item;
    if (text(abstract).trim()) one.append(...prose("abstract", text(abstract)));
    if (text(description).trim()) one.append(...prose("description", text(description)));
    if (one.children.length === 1) one.append(el("p", { class: "note" }, texts.talkWords.noText));
    list.append(one);
  }
  return list;
}

/**
 * @param {Talk} talk
 * @param {Authors} authors
 * @param {Actions} actions
 */
function provenance(talk, { names, whose }, actions) {
  const { item, mine } = talk;
  const { author, logId, seqNum, lastEntry, edited, signed, verified, complete } = item._meta;
  const list = el("dl", {});
  /**
   * @param {string} name
   * @param {(Node | string)[]} value
   */
  const add = (name, ...value) => list.append(el("div", {}, el("dt", {}, name), el("dd", {}, ...value)));
  add(texts.origin.author, hexView(author, texts.origin.author, "author"));
  add(texts.origin.logId, el("span", { data: { field: "logId" } }, String(logId)));
  add(texts.origin.seqNum, el("span", { data: { field: "seqNum" } }, String(seqNum)));
  add(texts.origin.entryHash, hexView(String(lastEntry), texts.origin.entryHash, "entryHash"));
  if (lastEntry !== item.id) add(texts.talkWords.talksId, hexView(item.id, texts.origin.idIsHash, "id"));
  if (edited) add(texts.talkWords.edited, texts.talkWords.editedByAuthor);

  const marks = el("ul", { class: "badges" });
  marks.append(
    badge(
      "signed",
      signed,
      signed
        ? texts.talkWords.signed
        : texts.talkWords.notSigned,
    ),
    badge(
      "verified",
      verified,
      verified
        ? texts.talkWords.verified
        : texts.talkWords.notVerified,
    ),
  );
  if (edited) marks.append(complete ? badge("complete", true, texts.talkWords.noneMissing) : badge("complete", false, texts.talkWords.someUnshown));
  const by = el("p", { class: "by" }, face(author), " ");
  if (mine) {
    by.append(el("strong", { class: "mine" }, texts.talkWords.you), texts.talkWords.youDid, talk.place === "proposed" ? texts.talkWords.youPropose : "");
  } else {
    const open = whose.by() === "nobody";
    const standing = open ? texts.talkWords.anybody : talk.place === "proposed" ? texts.talkWords.proposes : texts.talkWords.ofProgramme;
    by.append(texts.talkWords.publishedBy, el("strong", {}, ...names.words(author)), standing, names.of(author) ? texts.talkWords.nameIs : texts.talkWords.nameless);
    if (!whose.named(author)) {
      by.append(button(whose.follows(author) ? texts.whose.unfollow : open ? texts.whose.makeMine : texts.whose.follow, actions.follow, "quiet follow"), " ");
    }
    by.append(button(texts.whose.mute, actions.mute, "quiet mute"));
    const about = names.of(author)?.about;
    if (about) by.append(el("bdi", { class: "about" }, about));
  }
  const details = el("details", { class: "fold" }, el("summary", {}, texts.talkWords.details), marks, list);
  return el("aside", { class: "provenance", attrs: { "aria-label": texts.origin.who, lang: texts.language } }, by, details);
}

/**
 * @param {"signed" | "verified" | "complete"} name
 * @param {boolean} holds
 * @param {string} why
 */
function badge(name, holds, why) {
  return el(
    "li",
    { data: { badge: name, holds: String(holds) } },
    el("strong", { class: "badge" }, (holds ? texts.badges : texts.badgesNot)[name]),
    " ",
    el("span", {}, why),
  );
}
