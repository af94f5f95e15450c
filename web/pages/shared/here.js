/** All that is in this browser: into a file, out of one, and the end of it. */

import * as texts from "texts";
import { button, byId, el, save } from "../../elements/dom.js";
import { PandaIdentity } from "../../elements/identity.js";
import { count, explain, megabytes, number, say } from "../../elements/words.js";

/** @typedef {import("./types.js").Panda} Panda */

/** Characters of a file that are read at once: so progress is seen, and the file is never in memory twice. */
const PIECE = 1 << 20;
const UNSENT = "own-unsent";
/** How the names begin of what pages keep, such as whose talks are not to be seen. */
const OF_PAGES = "panda-web ";

/** Removes what pages keep. */
function forgetPages() {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith(OF_PAGES)) localStorage.removeItem(key);
  } catch {
    // a browser that keeps nothing for them
  }
}

/**
 * @param {object} use
 * @param {import("./session.js").Session} use.session
 * @param {import("./notices.js").Notices} use.notices
 * @param {() => void} use.onImported  there may be more here now
 */
export function makeHere({ session, notices, onImported }) {
  const said = el("p", { class: "note", attrs: { role: "status" } });
  const room = el("p", { class: "note", attrs: { id: "here-room" } });
  const input = el("input", { class: "visually-hidden", attrs: { type: "file", id: "here-file", tabindex: "-1" } });
  const cancel = button(texts.here.cancel, () => stop.abort(), "quiet");
  const exporting = button(texts.here.export, () => void during(exportAll));
  const importing = button(texts.here.import, () => input.click());
  const forgetting = button(texts.here.forget, () => ask(0), "quiet");
  const dialog = el("dialog", { attrs: { id: "forget", "aria-labelledby": "forget-title" } });
  let stop = new AbortController();

  exporting.id = "here-export";
  importing.id = "here-import";
  forgetting.id = "here-forget";
  cancel.hidden = true;
  byId("in-this-browser", HTMLElement).append(
    el("p", { class: "note" }, texts.here.what), room, el("div", { class: "row" }, exporting, importing, cancel), input, said, el("div", {}, forgetting), dialog,
  );
  input.addEventListener("change", () => {
    const [file] = input.files ?? [];
    if (file) void during((panda, signal) => importAll(panda, file, signal));
    input.value = "";
  });

  /** Does one thing at a time, until it is over or cancelled. @param {(panda: Panda, signal: AbortSignal) => Promise<string>} work */
  async function during(work) {
    const { signal } = stop = new AbortController();
    for (const each of [exporting, importing, forgetting]) each.disabled = true;
    cancel.hidden = false;
    said.textContent = texts.here.begins;
    try {
      said.textContent = await work(await session.panda(), signal);
    } catch (error) {
      const cancelled = explain(error).reason === "cancelled";
      said.textContent = cancelled ? texts.here.cancelled : "";
      if (!cancelled) notices.error(error);
    }
    for (const each of [exporting, importing, forgetting]) each.disabled = false;
    cancel.hidden = true;
  }

  /** @param {Panda} panda @param {AbortSignal} signal */
  async function exportAll(panda, signal) {
    /** @type {string[]} */
    const pieces = [];
    let last = { entries: 0, logs: 0, of: 0 };
    for await (const { text, ...progress } of panda.export({ signal })) {
      pieces.push(text);
      last = progress;
      said.textContent = say(texts.here.exporting, { logs: number(last.logs), of: number(last.of) });
    }
    save(pieces.join(""), `${location.hostname || "panda"}-${new Date().toISOString().slice(0, 10)}.panda`, "application/octet-stream");
    return count(last.entries, texts.here.exported);
  }

  /** @param {Panda} panda @param {File} file @param {AbortSignal} signal */
  async function importAll(panda, file, signal) {
    await panda.importBegin();
    const reader = file.stream().pipeThrough(new TextDecoderStream()).getReader();
    for (let read = 0, part; (part = await reader.read()).value !== undefined;) {
      for (let at = 0; at < part.value.length; at += PIECE) await panda.importPart(part.value.slice(at, at + PIECE), { signal });
      read += part.value.length;
      said.textContent = say(texts.here.importing, { percent: Math.min(100, Math.floor((read / Math.max(1, file.size)) * 100)) });
    }
    const { stored, held, invalid, unlinked, refused } = await panda.importEnd();
    onImported();
    return [
      count(stored, texts.here.imported), held ? count(held, texts.here.held) : "",
      invalid + unlinked ? count(invalid + unlinked, texts.here.invalid) : "", refused ? count(refused, texts.here.refused) : "",
    ].filter(Boolean).join(" ");
  }

  /** Asks twice; the second time it says what would be lost for good. @param {number} unsent */
  function ask(unsent) {
    const copy = button(texts.identity.saveACopyOfTheKey, () => {
      dialog.close();
      byId("me", PandaIdentity).backUp();
    });
    copy.hidden = !session.now?.canBackUp;
    const file = button(texts.here.export, () => {
      dialog.close();
      void during(exportAll);
    });
    const first = button(texts.here.goOn, () => second(unsent), "danger");
    const no = button(texts.here.keep, () => dialog.close());
    first.id = "forget-first";
    no.id = "forget-no";
    show(texts.here.forgetWhat, [copy, file], [no, first]);
  }

  /** @param {number} unsent */
  function second(unsent) {
    const no = button(texts.here.keep, () => dialog.close());
    const yes = button(texts.here.forgetNow, () => void forget(unsent > 0), "danger");
    no.id = "forget-no";
    yes.id = "forget-yes";
    show(unsent ? count(unsent, texts.here.unsent) : texts.here.forgetSure, [], [no, yes]);
  }

  /** @param {string} words @param {HTMLElement[]} offered @param {HTMLElement[]} buttons */
  function show(words, offered, buttons) {
    dialog.replaceChildren(
      el("h2", { attrs: { id: "forget-title" } }, texts.here.forgetTitle), el("p", {}, words),
      el("div", { class: "row" }, ...offered), el("div", { class: "row end" }, ...buttons),
    );
    if (!dialog.open) dialog.showModal();
    buttons[0]?.focus();
  }

  /** @param {boolean} unsent */
  async function forget(unsent) {
    try {
      await (await session.panda()).forget({ unsent });
      forgetPages();
      location.reload();
    } catch (error) {
      const { reason } = explain(error);
      const lost = /** @type {any} */ (error)?.data?.unsent;
      if (reason === UNSENT && !unsent) return second(Number(lost) || 1);
      dialog.close();
      notices.error(error);
    }
  }

  /** How much room it takes, and whether it stays. @param {Panda} panda */
  async function drawRoom(panda) {
    try {
      const { usage, persisted, kind } = await panda.storage();
      const lost = kind === "memory" ? texts.here.inMemory : "";
      const takes = usage === null ? "" : say(texts.here.room, { size: megabytes(usage) });
      const stays = persisted === null ? "" : persisted ? texts.here.stays : texts.here.mayGo;
      room.textContent = [lost, takes, lost ? "" : stays].filter(Boolean).join(" ");
    } catch {
      room.textContent = ""; // whoever does something with it hears what is wrong
    }
  }

  byId("in-here", HTMLDetailsElement).addEventListener("toggle", () => session.now && void drawRoom(session.now));

  return {
    /** @param {Panda} panda */
    show(panda) {
      byId("in-this-browser", HTMLElement).closest("details")?.toggleAttribute("hidden", panda.mode === "remote");
      if (panda.mode !== "remote") void drawRoom(panda);
    },
  };
}
