/** The programme to take along: what is shown of it as a file, for calendars and for other programs. */

import * as texts from "texts";
import { byId, save } from "../../../web/elements/dom.js";
import { count } from "../../../web/elements/words.js";

/** @typedef {import("./talk.js").Talk} Talk */

const KINDS = /** @type {const} */ ({ ics: "text/calendar", json: "application/json" });

/**
 * @param {object} use
 * @param {import("./festival.d.ts").FestivalSession} use.session
 * @param {import("../../../web/pages/shared/notices.js").Notices} use.notices
 * @param {() => Talk[]} use.shown  the talks of the programme that the filters leave
 */
export function makeTake({ session, notices, shown }) {
  const place = byId("take", HTMLElement);
  const said = byId("take-said", HTMLElement);
  let drawn = "";
  const event = document.querySelector("h1")?.textContent?.trim() ?? "";

  /** @param {Talk[]} talks @param {keyof typeof KINDS} format @param {string} name  of the file */
  async function take(talks, format, name) {
    try {
      const panda = await session.panda();
      /** @type {import("./festival.d.ts").ToldTalk[]} */
      const told = talks.map(({ id, item: { _meta, ...fields }, roomName }) => ({ id, seqNum: _meta.seqNum, fields: { ...fields, room: roomName } }));
      const file = await panda.programmeFile(JSON.stringify(told), format, { name: event });
      save(file.text, `${name.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 60).replace(/^-|-$/g, "") || "programme"}.${format}`, KINDS[format]);
      return file;
    } catch (error) {
      notices.error(error);
      return null;
    }
  }

  for (const format of /** @type {const} */ (["ics", "json"])) {
    byId(`take-${format}`, HTMLButtonElement).addEventListener("click", async () => {
      said.textContent = "";
      const file = await take(shown(), format, event);
      if (!file) return;
      const untimed = file.untimed ? count(file.untimed, texts.take.untimed) : "";
      said.textContent = [count(file.talks, texts.take.saved), untimed].filter(Boolean).join(" ");
    });
  }

  return {
    /** @param {number} talks  that are shown @param {boolean} narrowed  whether there are more */
    draw(talks, narrowed) {
      const now = `${talks} ${narrowed}`;
      if (now !== drawn) said.textContent = "";
      drawn = now;
      place.hidden = talks === 0;
      byId("take-words", HTMLElement).textContent = narrowed ? texts.take.shown : texts.take.all;
    },

    /** One talk, into a calendar. @param {Talk} talk */
    one: (talk) => void take([talk], "ics", talk.title),
  };
}
