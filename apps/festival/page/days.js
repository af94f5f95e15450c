/** The programme's tree: days, in them slots of talks that begin at once. What stays the same stays in its place. */

import * as texts from "texts";
import { arrange, el } from "../../../web/elements/dom.js";
import { NONE } from "./talk.js";
import { dayWords } from "./time.js";
import { count } from "../../../web/elements/words.js";

/**
 * @typedef {import("./talk.js").Talk} Talk
 * @typedef {{talk: Talk, looks: string, element: HTMLElement}} Row
 *
 * @typedef {object} Slot
 * @property {HTMLElement} element
 * @property {HTMLElement} lane
 * @property {Row[]} rows
 *
 * @typedef {object} Day
 * @property {HTMLElement} element
 * @property {HTMLElement} title
 * @property {HTMLElement} count
 * @property {Map<string, Slot>} slots
 */

/** @param {HTMLElement} place */
export function makeDays(place) {
  /** @type {Map<string, Day>} */
  let days = new Map();

  return {
    /**
     * Hides what does not fit; gives how many do.
     *
     * @param {(talk: Talk) => boolean} fits
     */
    narrow(fits) {
      let shown = 0;
      for (const one of days.values()) {
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
      return shown;
    },

    /**
     * Shows these rows, which are in order.
     *
     * @param {Row[]} rows
     */
    show(rows) {
      /** @type {Map<string, Day>} */
      const now = new Map();
      for (const row of rows) {
        const { day: key, when } = row.talk;
        const before = days.get(key);
        const day = now.get(key) ?? { ...(before ?? newDay(key)), slots: new Map() };
        now.set(key, day);
        const begins = when ? `${when.moment}${when.offset}` : "";
        const slot = day.slots.get(begins) ?? { ...(before?.slots.get(begins) ?? newSlot(when?.clock ?? "–")), rows: [] };
        day.slots.set(begins, slot);
        slot.rows.push(row);
      }
      days = now;
      const anchor = CSS.supports("overflow-anchor", "auto") ? null : firstSeen(place);
      const [stood] = anchor ? [anchor.getBoundingClientRect().top] : [];
      for (const { element, title, slots } of days.values()) {
        for (const { lane, rows: within } of slots.values()) arrange(lane, within.map((row) => row.element));
        arrange(element, [title, ...[...slots.values()].map((slot) => slot.element)]);
      }
      arrange(place, [...days.values()].map(({ element }) => element));
      if (anchor?.isConnected && stood !== undefined) scrollBy({ top: anchor.getBoundingClientRect().top - stood });
    },
  };
}

/**
 * What the reader sees first of the talks; null where they are at the page's very top.
 *
 * @param {HTMLElement} place
 */
function firstSeen(place) {
  if (scrollY === 0) return null;
  return [...place.querySelectorAll("article.talk:not([hidden])")].find((one) => one.getBoundingClientRect().bottom > 0) ?? null;
}

/** @param {string} clock @returns {Slot} */
function newSlot(clock) {
  const lane = el("div", { class: "lane" });
  return { element: el("div", { class: "slot" }, el("h4", {}, clock), lane), lane, rows: [] };
}

/** @param {string} key @returns {Day} */
function newDay(key) {
  const title = el("h3", {});
  const size = el("span", { class: "figures" });
  if (key === NONE) {
    title.append(texts.programme.noDate, size);
  } else {
    const { weekday, date } = dayWords(key);
    title.append(el("strong", {}, weekday), " ", el("span", {}, date), size);
  }
  return { element: el("section", { class: "day", data: { day: key === NONE ? "" : key } }), title, count: size, slots: new Map() };
}
