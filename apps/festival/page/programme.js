/** The programme, and what stands beside it: it follows the node, redraws what changed, and is filtered by hiding. */

import * as texts from "texts";
import { byId } from "../../../web/elements/dom.js";
import { makeChosen } from "./chosen.js";
import { makeDays } from "./days.js";
import { makeFilters } from "./filters.js";
import { makeNames } from "./names.js";
import { makeOthers } from "./others.js";
import { go, place } from "./place.js";
import { makeProfile } from "./profile.js";
import { followProgramme } from "./reading.js";
import { drawFailed, drawHere, drawZone } from "./standing.js";
import { NONE, hues, inOrder, line, tally, text } from "./talk.js";
import { makeTake } from "./take.js";
import { looks, paint, talkBody, talkRow, wait } from "./talk-view.js";
import { dayIn, ownOffset, zoneOf } from "./time.js";
import { sortOut, versionsOf } from "./versions.js";
import { makeWhosePanel } from "./whose-panel.js";
import { makeWhose } from "./whose.js";
import { drawMuted, drawWithheld } from "./withheld.js";
import { count, number } from "../../../web/elements/words.js";

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
 * @param {ReturnType<typeof import("./readers.js").makeReaders>} use.readers
 * @param {() => void} use.onOwn  the reader has published some of what is shown
 * @param {(talk: Talk) => void} use.onEdit
 * @param {(talk: Talk) => void} use.onDelete
 */
export function makeProgramme({ session, notices, identity, readers, onOwn, onEdit, onDelete }) {
  const main = byId("programme", HTMLElement);
  const [programme, own, proposed] = ["days", "own-days", "proposed-days"].map((id) => makeDays(byId(id, HTMLElement)));
  const trees = /** @type {Record<"programme" | "own" | "proposed", ReturnType<typeof makeDays>>} */ ({ programme, own, proposed });
  const counter = byId("count", HTMLElement);
  const filters = makeFilters({ onFilter: filter });
  const whose = makeWhose(() => {
    readers.trust(session.now, whose.trusted()).catch((error) => notices.error(error));
    void redraw();
    void load();
  });
  const names = makeNames(() => void redraw());
  const others = makeOthers(readers, () => void redraw());
  const authors = { names, whose };
  const chosen = makeChosen({ whose, names, notices });
  const panel = makeWhosePanel({ ...authors, ...chosen });
  const take = makeTake({ session, notices, shown: () => [...rows.values()].flatMap(({ talk, element }) => (talk.place === "programme" && !element.hidden ? [talk] : [])) });
  const profile = makeProfile({ session, names, onWritten: names.again });

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
  /** Which talk is shown in place of another one. @type {Map<string, string>} */
  let fronts = new Map();
  let reading = /** @type {{programme: Panda, apart: Panda} | null} */ (null); // by which that is read
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
        else drawFailed(error);
        resolve(undefined);
      });
    });
    if (!signal.aborted) main.setAttribute("aria-busy", "false");
  }

  /** @param {AbortSignal} signal @param {() => void} onShown */
  async function follow(signal, onShown) {
    const panda = await session.panda();
    if (signal.aborted) return;
    const asked = whose.asked(panda.author);
    const reader = await readers.programme(panda, asked.wished);
    const apart = asked.others ? await readers.node(panda) : reader;
    if (signal.aborted) return;
    reading = { programme: reader, apart };
    let first = true;
    source = followProgramme(reader, asked.filter, async (programme) => {
      ({ talks: items, rooms, refused: rejected, here, deleted } = programme);
      loaded = true;
      identity.answered();
      if (first) {
        void others.follow(asked.others ? panda : reader, asked.others, whose.muted(), signal).catch(() => {});
      }
      first = false;
      await redraw();
      if (!here || here.state === "whole" || here.error) onShown(); // else more of it is on its way
    }, signal);
    await source.ended;
  }

  /** Asks where all talks of an event can be. @template T @param {(panda: Panda) => Promise<T>} ask */
  async function askAside(ask) {
    return reading && whose.by() === "nobody" ? ask(reading.programme) : readers.aside(await session.panda(), ask);
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

  let drawing = Promise.resolve();
  /** @type {Promise<void> | null} */
  let next = null;

  /** Draws what is known by then; once for however many ask for it meanwhile. Over when that is done. */
  function redraw() {
    return (next ??= drawing.then(() => {
      next = null;
      const work = arrange();
      drawing = work.catch(() => {}); // whoever waits for it hears of it
      return work;
    }));
  }

  /** Asks where each talk stands, and shows it there. */
  async function arrange() {
    const panda = session.now;
    if (!panda || !loaded) return;
    const all = [...new Map([...others.items(), ...items]).values()];
    const said = all.map(({ id, _meta: { author }, guid, title, start }) => ({ id, author, guid: text(guid), title: line(title), start: line(start) }));
    draw(all, said.length ? await panda.arrange(said, { authors: whose.authors(), muted: whose.muted() }) : [], panda);
  }

  /** @param {Instance[]} all @param {import("./festival.d.ts").Standing[]} stands  of each @param {Panda} panda */
  function draw(all, stands, panda) {
    const me = panda.author;
    const { talks, parts, behind } = sortOut(all, stands, me, rooms);
    fronts = behind;
    const { programme } = parts;
    const shown = [...programme, ...parts.own, ...parts.proposed];
    total = programme.length;
    if (shown.some(({ mine }) => mine)) onOwn();
    const times = (total ? programme : shown).flatMap(({ when }) => (when ? [when] : []));
    offset = tally(times.map((when) => when.offset)).sort((a, b) => b[1] - a[1])[0]?.[0] ?? "";
    const zone = zoneOf(times, offset);
    for (const talk of shown) if (talk.when) talk.day = dayIn(talk.when, offset);
    const tracks = tally(programme.map(({ track }) => track || NONE));
    const colours = hues(tracks);
    filters.offer({ days: tally(programme.map(({ day }) => day)), rooms: tally(programme.map(({ room }) => room || NONE)), tracks });

    const focused = document.activeElement;
    const within = focused?.closest("article.talk");
    const refocus = within instanceof HTMLElement ? within.dataset.id ?? "" : "";
    const before = rows;
    rows = new Map();
    for (const [name, tree] of Object.entries(trees)) {
      const of = parts[/** @type {keyof typeof trees} */ (name)].sort(inOrder).map((talk) => row(talk, before.get(talk.id), zone));
      for (const each of of) rows.set(each.talk.id, each);
      tree.show(of);
    }
    for (const { talk, element } of rows.values()) {
      paint(element, colours.get(talk.track));
      wait(element, talk.item._meta);
      if (opened.has(talk.id)) toggle(talk.id, true);
    }
    for (const id of opened) if (!talks.has(id)) forget(id);

    const muted = others.hidden();
    const counts = new Map(tally(programme.map(({ item }) => item._meta.author)));
    panel.draw(counts, me);
    panel.apart({ own: parts.own.length, others: others.total(), listed: parts.proposed.length, behind: [...fronts.keys()].filter((id) => others.items().has(id)).length, more: others.more() });
    profile.draw();
    if (reading) {
      names.want("programme", reading.programme, [...(me ? [me] : []), ...whose.authors(), ...counts.keys()]);
      names.want("apart", reading.apart, [...parts.proposed.map(({ item }) => item._meta.author), ...whose.muted()]);
    }
    drawZone(total > 0 ? offset : "");
    drawWithheld([...rejected.values()]);
    drawMuted(whose.muted(), muted, names, (author) => whose.mute(author, false));
    const open = whose.by() === "nobody";
    byId("empty-steps", HTMLElement).hidden = all.length > 0 || !(open || whose.authors().includes(me ?? ""));
    byId("empty-title", HTMLElement).textContent =
      rejected.size ? texts.programme.nonePassed : !open ? texts.whose.nothingOfTheirs : muted ? texts.whose.allMuted : texts.programme.nothingYet;
    drawHere(here, total);
    filter();
    if (refocus && document.activeElement !== focused) focusNear(refocus, [...before.keys()]);
    void seek();
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
    const now = looks(talk, offset, zone, authors);
    if (before?.looks === now) return { talk: { ...talk, words: before.talk.words }, looks: now, element: before.element };
    const element = talkRow(talk, offset, zone, authors);
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
  async function seek() {
    const id = sought;
    if (!id) return;
    const at = fronts.get(id) ?? id;
    const coming = here && here.state !== "whole" && !items.has(id);
    if (!rows.has(at) && whose.by() !== "nobody" && (await others.seek(id))) return redraw();
    if (sought !== id || (coming && !here?.error)) return; // it may be on its way
    if (coming && !rows.has(at)) {
      if (missed === id) return;
      missed = id;
    } else {
      sought = missed = "";
      notices.clear("talk-missing");
      if (rows.has(at)) return reveal(at);
    }
    const why = coming ? texts.programme.missingYet : items.has(id) ? texts.whose.authorMuted
      : deleted.has(id) ? texts.programme.isDeleted : texts.programme.missing;
    notices.error(Object.assign(new Error(why), { reason: "talk-missing" }));
  }

  window.addEventListener("popstate", () => {
    filters.follow();
    const { talk } = place();
    for (const id of [...opened]) if (id !== talk) toggle(id, false);
    sought = opened.has(talk) ? "" : talk;
    if (loaded) void seek();
  });

  // ---- filtering

  function filter() {
    const fits = filters.test();
    const shown = trees.programme.narrow(fits);
    trees.own.narrow(fits);
    trees.proposed.narrow(fits);
    const narrowed = filters.arrange();
    byId("no-match", HTMLElement).hidden = total === 0 || shown > 0;
    take.draw(shown, narrowed);
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
    const { author } = talk.item._meta;
    let body = element.querySelector(".body");
    if (open && !body) {
      body = talkBody(talk, authors, {
        edit: () => onEdit(talk),
        remove: () => onDelete(talk),
        follow: () => chosen.follow(author),
        mute() {
          chosen.mute(author);
          main.focus({ preventScroll: true });
        },
        take: () => take.one(talk),
        versions: () => versionsOf(askAside, talk, whose.muted(), session.now?.author ?? null),
      });
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

  main.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const head = target?.closest(".head");
    const article = head?.closest("article.talk");
    if (!(article instanceof HTMLElement)) return;
    const selecting = !getSelection()?.isCollapsed && !target?.closest("button");
    if (!selecting) turn(article.dataset.id ?? "");
  });

  main.addEventListener("keydown", (event) => {
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
    fail: drawFailed,
    refresh,
    isEmpty: () => loaded && total === 0,
    offset: () => offset || ownOffset(),
    /** @param {string} id */
    async remove(id) {
      const ids = [...rows.keys()];
      await source?.remove(id);
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
    row.element.closest("details.apart")?.setAttribute("open", "");
    toggle(id, true);
    go({ talk: id });
    row.element.scrollIntoView({ block: "nearest" });
    focus(id);
  }
}
