/** The programme: it follows the node, redraws what changed, and is filtered by hiding. */

import * as texts from "texts";
import { byId } from "../../../web/elements/dom.js";
import { makeDays } from "./days.js";
import { makeFilters } from "./filters.js";
import { makeHidden } from "./hidden.js";
import { go, place } from "./place.js";
import { followProgramme } from "./reading.js";
import { NONE, hues, inOrder, tally, toTalk } from "./talk.js";
import { looks, paint, talkBody, talkRow, wait } from "./talk-view.js";
import { dayIn, ownOffset, zoneOf } from "./time.js";
import { drawHidden, drawWithheld } from "./withheld.js";
import { count, explain, momentWords, number, say } from "../../../web/elements/words.js";

/**
 * @typedef {import("../../../web/pages/shared/types.js").Instance} Instance
 * @typedef {import("./festival.d.ts").FestivalPanda} Panda
 * @typedef {import("../../../web/pages/shared/types.js").Rejected} Rejected
 * @typedef {import("./talk.js").Talk} Talk
 * @typedef {import("./days.js").Row} Row
 */

/**
 * @param {object} use
 * @param {import("./festival.d.ts").FestivalSession} use.session
 * @param {import("../../../web/pages/shared/notices.js").Notices} use.notices
 * @param {ReturnType<typeof import("./identity.js").makeIdentity>} use.identity
 * @param {() => void} use.onOwn  the reader has published some of what is shown
 * @param {(talk: Talk) => void} use.onEdit
 * @param {(talk: Talk) => void} use.onDelete
 */
export function makeProgramme({ session, notices, identity, onOwn, onEdit, onDelete }) {
  const main = byId("programme", HTMLElement);
  const list = byId("days", HTMLElement);
  const days = makeDays(list);
  const counter = byId("count", HTMLElement);
  const filters = makeFilters({ onFilter: filter });

  /** @type {Map<string, Instance>} */
  let items = new Map();
  /** @type {Map<string, Rejected>} */
  let rejected = new Map();
  /** @type {Map<string, unknown>} */
  let rooms = new Map();
  /** How much of it is here; null where the node is asked itself. @type {import("panda.js").Here | null} */
  let here = null;
  /** Talks that their authors ended while somebody looked. @type {Set<string>} */
  let deleted = new Set();
  /** @type {Map<string, Row>} */
  let rows = new Map();
  /** @type {Set<string>} */
  const opened = new Set();
  let offset = "";
  let total = 0;
  let loaded = false;
  let following = new AbortController();
  /** @type {ReturnType<typeof followProgramme> | null} */
  let source = null;
  let sought = place().talk;
  /** Of which was said that it is not here yet. */
  let missed = "";
  const hidden = makeHidden(() => loaded && draw());

  // ---- reading

  /** Reads all of it anew, and follows it from then on. Over when it is shown, or could not be read. */
  async function load() {
    following.abort();
    const { signal } = following = new AbortController();
    main.setAttribute("aria-busy", "true");
    await new Promise((resolve) => {
      signal.addEventListener("abort", resolve);
      void follow(signal, () => resolve(undefined)).catch((error) => {
        if (signal.aborted) return;
        identity.saw(error);
        const lead = texts.programme.lastAnswered;
        if (loaded) notices.error(error, { label: texts.elements.tryAgain, run: () => void load() }, lead);
        else fail(error);
        resolve(undefined);
      });
    });
    if (!signal.aborted) main.setAttribute("aria-busy", "false");
  }

  /** @param {AbortSignal} signal @param {() => void} onShown */
  async function follow(signal, onShown) {
    const panda = await session.panda();
    if (signal.aborted) return;
    source = followProgramme(panda, (programme) => {
      ({ talks: items, rooms, refused: rejected, here, deleted } = programme);
      loaded = true;
      identity.answered();
      draw();
      if (!here || here.state === "whole" || here.error) onShown(); // else more of it is on its way
    }, signal);
    await source.ended;
  }

  /** @param {unknown} error  why there is nothing to show */
  function fail(error) {
    const { title, text, hint } = explain(error);
    byId("no-answer-title", HTMLElement).textContent = texts.programmePage.theProgrammeCouldNotBe;
    byId("no-answer-words", HTMLElement).textContent = `${title}. ${text} ${hint}`;
    state("failed");
    main.setAttribute("aria-busy", "false");
  }

  /**
   * Reads one talk again, after it was written.
   *
   * @param {string} id
   */
  async function refresh(id) {
    await source?.refresh(id);
    if (!items.has(id)) await load();
  }

  // ---- drawing

  /** @param {"loading" | "empty" | "shown" | "failed"} now */
  function state(now) {
    main.dataset.state = now;
    byId("loading", HTMLElement).hidden = now !== "loading";
    byId("empty", HTMLElement).hidden = now !== "empty";
    byId("no-answer", HTMLElement).hidden = now !== "failed";
    byId("filters", HTMLElement).hidden = now !== "shown";
  }

  function draw() {
    const me = session.now?.author ?? null;
    const all = [...items.values()].map((item) => toTalk(item, me, rooms));
    /** @param {Talk} talk */
    const isHidden = ({ mine, item }) => !mine && hidden.has(item._meta.author);
    const talks = all.filter((talk) => !isHidden(talk));
    total = talks.length;
    if (all.some(({ mine }) => mine)) onOwn();
    const times = talks.flatMap(({ when }) => (when ? [when] : []));
    offset = tally(times.map((when) => when.offset)).sort((a, b) => b[1] - a[1])[0]?.[0] ?? "";
    const zone = zoneOf(times, offset);
    for (const talk of talks) if (talk.when) talk.day = dayIn(talk.when, offset);
    talks.sort(inOrder);
    const tracks = tally(talks.map(({ track }) => track || NONE));
    const colours = hues(tracks);
    filters.offer({ days: tally(talks.map(({ day }) => day)), rooms: tally(talks.map(({ room }) => room || NONE)), tracks });

    const focused = document.activeElement;
    const within = focused?.closest("article.talk");
    const refocus = within instanceof HTMLElement ? within.dataset.id ?? "" : "";
    const before = rows;
    rows = new Map();
    for (const talk of talks) rows.set(talk.id, row(talk, before.get(talk.id), zone));
    days.show([...rows.values()]);
    for (const { talk, element } of rows.values()) {
      paint(element, colours.get(talk.track));
      wait(element, talk.item._meta.waiting === true);
      if (opened.has(talk.id)) toggle(talk.id, true);
    }
    for (const id of opened) if (!items.has(id)) forget(id);

    drawZone();
    drawWithheld([...rejected.values()]);
    byId("empty-steps", HTMLElement).hidden = all.length > 0;
    drawHidden(tally(all.filter(isHidden).map(({ item }) => item._meta.author)), hidden.show);
    byId("empty-title", HTMLElement).textContent =
      all.length > 0 ? texts.programme.allHidden : rejected.size ? texts.programme.nonePassed : texts.programme.nothingYet;
    drawHere();
    filter();
    if (refocus && document.activeElement !== focused) focusNear(refocus, [...before.keys()]);
    seek();
  }

  /**
   * A talk's row: the one before, where nothing of it has changed.
   *
   * @param {Talk} talk
   * @param {Row | undefined} before
   * @param {import("./time.js").Zone} zone
   * @returns {Row}
   */
  function row(talk, before, zone) {
    const now = looks(talk, offset, zone);
    if (before?.looks === now) return { talk: { ...talk, words: before.talk.words }, looks: now, element: before.element };
    const element = talkRow(talk, offset, zone);
    if (before?.element.querySelector("details[open]")) element.dataset.unfolded = "";
    return { talk, looks: now, element };
  }

  /** What is not there any more is not open, and the address does not name it. @param {string} id */
  function forget(id) {
    opened.delete(id);
    if (deleted.has(id)) notices.say(texts.programme.justDeleted);
    if (place().talk === id) go({ talk: "" }, true);
  }

  /** Opens the talk that the address names, once. */
  function seek() {
    const id = sought;
    const coming = here && here.state !== "whole" && !items.has(id);
    if (!id || (coming && !here?.error)) return; // it may be on its way
    if (coming) {
      if (missed === id) return;
      missed = id;
    } else {
      sought = missed = "";
      notices.clear("talk-missing");
      if (rows.has(id)) return reveal(id);
    }
    const why = coming ? texts.programme.missingYet : items.has(id) ? texts.programme.authorHidden
      : deleted.has(id) ? texts.programme.isDeleted : texts.programme.missing;
    notices.error(Object.assign(new Error(why), { reason: "talk-missing" }));
  }

  window.addEventListener("popstate", () => {
    filters.follow();
    const { talk } = place();
    for (const id of [...opened]) if (id !== talk) toggle(id, false);
    sought = opened.has(talk) ? "" : talk;
    if (loaded) seek();
  });

  /** How much of the programme is here, and what there is to see of it. */
  function drawHere() {
    const whole = !here || here.state === "whole";
    const away = here?.error;
    const note = byId("here", HTMLElement);
    const bar = byId("here-progress", HTMLProgressElement);
    note.dataset.here = here?.state ?? "";
    note.hidden = whole ? !away : total === 0; // where nothing is shown yet, that is said in its place
    bar.hidden = whole || Boolean(away) || !here?.total;
    if (here?.total) Object.assign(bar, { max: here.total, value: here.done });
    const values = { done: number(here?.done ?? 0), total: number(here?.total ?? 0) };
    byId("here-words", HTMLElement).textContent = away
      ? here?.asOf ? say(texts.programme.asOf, { time: momentWords(here.asOf) }) : texts.programme.away
      : whole ? "" : say(here?.total ? texts.programme.comingOf : texts.programme.coming, values);
    if (total > 0 || whole) return state(total > 0 ? "shown" : "empty");
    byId("no-answer-title", HTMLElement).textContent = texts.programme.notHereYet;
    byId("no-answer-words", HTMLElement).textContent = `${texts.programme.notSeen} ${explain(Object.assign(new Error(away?.message), away)).text}`;
    state(away ? "failed" : "loading");
  }

  function drawZone() {
    const zone = byId("zone", HTMLElement);
    zone.hidden = total === 0 || !offset;
    zone.textContent = say(texts.programme.times, { zone: offset === "Z" ? "UTC" : `UTC${offset.replace("-", "−")}` });
  }

  // ---- filtering

  function filter() {
    const fits = filters.test();
    let shown = 0;
    for (const one of days.all()) {
      let inDay = 0;
      for (const slot of one.slots.values()) {
        let inSlot = 0;
        for (const { talk, element } of slot.rows) {
          const is = fits(talk);
          if (element.hidden === is) element.hidden = !is;
          if (is) inSlot++;
        }
        if (slot.element.hidden !== (inSlot === 0)) slot.element.hidden = inSlot === 0;
        inDay += inSlot;
      }
      one.element.hidden = inDay === 0;
      one.count.textContent = count(inDay, texts.programme.talks);
      shown += inDay;
    }
    const narrowed = filters.arrange();
    byId("no-match", HTMLElement).hidden = total === 0 || shown > 0;
    counter.textContent = total === 0 ? "" : narrowed ? count(total, texts.programme.some, { shown: number(shown) }) : count(total, texts.programme.talks);
    counter.dataset.shown = String(shown);
    counter.dataset.total = String(total);
  }

  // ---- opening

  /**
   * @param {string} id
   * @param {boolean} [open]
   */
  function toggle(id, open = !opened.has(id)) {
    const row = rows.get(id);
    if (!row) return;
    const { talk, element } = row;
    let body = element.querySelector(".body");
    if (open && !body) {
      body = talkBody(talk, { edit: () => onEdit(talk), remove: () => onDelete(talk), hide: () => hide(talk) });
      element.append(body);
      if (element.dataset.unfolded !== undefined) body.querySelector("details")?.setAttribute("open", "");
    }
    element.classList.toggle("is-open", open);
    element.querySelector(".open")?.setAttribute("aria-expanded", String(open));
    if (body instanceof HTMLElement) body.hidden = !open;
    if (open) opened.add(id);
    else opened.delete(id);
  }

  /** Opens or closes a talk for the reader; the address says so. @param {string} id */
  function turn(id) {
    toggle(id);
    if (opened.has(id) || place().talk === id) go({ talk: opened.has(id) ? id : "" });
  }

  /** @param {Talk} talk  whose author is not to be seen any more */
  function hide({ item }) {
    const { author } = item._meta;
    hidden.hide(author);
    notices.offer("author-hidden", say(texts.programme.hidden, { author: author.slice(0, 8) }), {
      label: texts.programme.undo,
      run() {
        notices.clear("author-hidden");
        hidden.show(author);
      },
    }, texts.shared.dismiss);
    main.focus({ preventScroll: true });
  }

  list.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const head = target?.closest(".head");
    const article = head?.closest("article.talk");
    if (!(article instanceof HTMLElement)) return;
    const selecting = !getSelection()?.isCollapsed && !target?.closest("button");
    if (!selecting) turn(article.dataset.id ?? "");
  });

  list.addEventListener("keydown", (event) => {
    const article = event.target instanceof Element ? event.target.closest("article.talk.is-open") : null;
    if (event.key !== "Escape" || !(article instanceof HTMLElement)) return;
    turn(article.dataset.id ?? "");
    focus(article.dataset.id ?? "");
  });

  /** @param {string} id */
  function focus(id) {
    const target = rows.get(id)?.element.querySelector(".open");
    if (target instanceof HTMLElement) target.focus({ preventScroll: true });
  }

  /**
   * Where a talk has gone, the one behind it has the focus, or else the last one.
   *
   * @param {string} id
   * @param {string[]} ids  of all talks, as they were
   */
  function focusNear(id, ids) {
    const next = [id, ids[ids.indexOf(id) + 1], ids.filter((each) => each !== id).at(-1)].find((each) => each && rows.has(each));
    if (next) focus(next);
    else main.focus({ preventScroll: true });
  }

  return {
    load,
    fail,
    refresh,
    isEmpty: () => loaded && total === 0,
    offset: () => offset || ownOffset(),
    /** @param {string} id */
    remove(id) {
      const ids = [...rows.keys()];
      source?.remove(id);
      focusNear(id, ids);
    },
    reveal,
  };

  /**
   * Opens a talk and brings it into view.
   *
   * @param {string} id
   */
  function reveal(id) {
    const row = rows.get(id);
    if (!row) return;
    if (row.element.hidden) filters.showAll();
    toggle(id, true);
    go({ talk: id });
    row.element.scrollIntoView({ block: "nearest" });
    focus(id);
  }
}
