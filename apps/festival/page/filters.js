/** Which talks the reader wants to see: three menus and a search, which the address holds too. */

import * as texts from "texts";
import { arrange, byId, el } from "../../../web/elements/dom.js";
import { go, place } from "./place.js";
import { NONE, fold, searchWords } from "./talk.js";
import { dayWords } from "./time.js";

/** @typedef {import("./talk.js").Talk} Talk */

const MENU = 500;

/** @param {{onFilter: () => void}} use */
export function makeFilters({ onFilter }) {
  const menus = {
    day: byId("filter-day", HTMLSelectElement),
    room: byId("filter-room", HTMLSelectElement),
    track: byId("filter-track", HTMLSelectElement),
  };
  const search = byId("search", HTMLInputElement);
  const clear = byId("filter-clear", HTMLButtonElement);
  /** What the address asks for, until the menus have it. @type {Record<keyof typeof menus, string>} */
  let wanted = place();
  search.value = place().search;
  const chosen = () => ({ day: menus.day.value, room: menus.room.value, track: menus.track.value, search: search.value.trim() });

  for (const [name, select] of Object.entries(menus)) {
    select.addEventListener("change", () => {
      wanted[/** @type {keyof typeof menus} */ (name)] = "";
      go(chosen());
      onFilter();
    });
  }
  let frame = 0;
  search.addEventListener("input", () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      go(chosen(), true);
      onFilter();
    });
  });
  for (const button of [clear, byId("no-match-clear", HTMLButtonElement)]) button.addEventListener("click", showAll);

  function showAll() {
    for (const select of Object.values(menus)) select.value = "";
    search.value = "";
    go(chosen());
    wanted = place(); // what a way back asked for is asked for no more
    onFilter();
    search.focus();
  }

  /**
   * @param {keyof typeof menus} name
   * @param {[string, number][]} values
   * @param {(value: string) => string} words
   */
  function menu(name, values, words) {
    const select = menus[name];
    const now = wanted[name] || select.value;
    const all = select.options[0];
    const before = new Map([...select.options].slice(1).map((option) => [option.value, option]));
    const shown = values.length > MENU ? [...values].sort((a, b) => b[1] - a[1]).slice(0, MENU) : values;
    // The menu may be open: what is still to be chosen stays what it was.
    arrange(select, [...(all ? [all] : []), ...shown.map(([value, size]) => {
      const option = before.get(value) ?? el("option", { attrs: { value } });
      option.textContent = `${words(value)} (${size})`;
      return option;
    })]);
    if (values.some(([value]) => value === now)) {
      select.value = now;
      wanted[name] = "";
    }
  }

  return {
    showAll,
    /** @param {{days: [string, number][], rooms: [string, number][], tracks: [string, number][]}} values  how often each occurs */
    offer({ days, rooms, tracks }) {
      menu("day", days, (day) => (day === NONE ? texts.programme.noDay : dayLabel(day)));
      menu("room", rooms, (room) => (room === NONE ? texts.programme.noRoom : room));
      menu("track", tracks, (track) => (track === NONE ? texts.programme.noTrack : track));
      suggest(byId("rooms", HTMLDataListElement), menus.room);
      suggest(byId("tracks", HTMLDataListElement), menus.track);
    },
    /** Takes over what the address says now. */
    follow() {
      wanted = place();
      for (const [name, select] of Object.entries(menus)) {
        select.value = wanted[/** @type {keyof typeof menus} */ (name)];
        if (select.selectedIndex < 0) select.value = "";
      }
      search.value = place().search;
      onFilter();
    },
    /** Whether a talk is to be seen, as the filter stands now. @returns {(talk: Talk) => boolean} */
    test() {
      const { day, room, track, search: text } = chosen();
      const words = fold(text).split(/\s+/).filter(Boolean);
      return (talk) => (!day || talk.day === day) && (!room || (talk.room || NONE) === room) &&
        (!track || (talk.track || NONE) === track) && words.every((word) => searchWords(talk).includes(word));
    },
    /** Shows whether it is narrowed, and tells it. */
    arrange() {
      const narrowed = Object.values(chosen()).some(Boolean);
      clear.hidden = !narrowed;
      return narrowed;
    },
  };
}

/** @param {string} day */
function dayLabel(day) {
  const { weekday, date } = dayWords(day);
  return `${weekday}, ${date}`;
}

/**
 * @param {HTMLDataListElement} list
 * @param {HTMLSelectElement} from
 */
function suggest(list, from) {
  const values = [...from.options].map(({ value }) => value).filter((value) => value && value !== NONE);
  list.replaceChildren(...values.map((value) => el("option", { attrs: { value } })));
}
