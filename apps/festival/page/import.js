/** Import of a schedule file: choose or drop, see what it would change, publish with progress, cancel, resume. */

import * as texts from "texts";
import { byId, el } from "../../../web/elements/dom.js";
import { drawPlan, items } from "./import-plan.js";
import { AWAY, count, explain, number, say } from "../../../web/elements/words.js";

const LARGEST = 64e6;
/** After this many milliseconds without progress the page says that the import goes on all the same. */
const STILL = 5000;
const ENCODING = /^\s*<\?xml[^>]*\sencoding=["']([\w.-]+)["']/;
/** The reasons which say that the file itself is at fault. */
const WRONG_FILE = ["not-a-schedule", "schedule-format-unread", "schedule-empty", "file-unreadable"];

/**
 * @typedef {"idle" | "planning" | "planned" | "running" | "paused"} State
 *   planning: the worker finds out what the file would change; planned: that is shown; paused: an import ended in between
 */

/**
 * @param {object} use
 * @param {import("./festival.d.ts").FestivalSession} use.session
 * @param {import("../../../web/pages/shared/notices.js").Notices} use.notices
 * @param {ReturnType<typeof import("./identity.js").makeIdentity>} use.identity
 * @param {() => Promise<void>} use.onPublished  something may have been published
 */
export function makeImport({ session, notices, identity, onPublished }) {
  const panel = byId("import", HTMLDetailsElement);
  const drop = byId("import-drop", HTMLElement);
  const input = byId("import-file", HTMLInputElement);
  const name = byId("import-name", HTMLElement);
  const plan = byId("import-plan", HTMLElement);
  const start = byId("import-start", HTMLButtonElement);
  const resume = byId("import-resume", HTMLButtonElement);
  const cancel = byId("import-cancel", HTMLButtonElement);
  const bar = byId("import-bar", HTMLElement);
  const progress = byId("import-progress", HTMLProgressElement);
  const figures = byId("import-count", HTMLElement);
  const status = byId("import-status", HTMLElement);

  /** @type {File | null} */
  let file = null;
  /** @type {ReturnType<typeof drawPlan> | null} */
  let chosen = null;
  /** @type {AbortController | null} */
  let running = null;
  let done = 0;
  let total = 0;

  /** @param {State} state */
  function show(state) {
    const busy = state === "planning" || state === "running";
    panel.dataset.state = state;
    start.hidden = state === "running" || state === "paused";
    start.disabled = state !== "planned" || chosen?.size() === 0;
    resume.hidden = state !== "paused";
    cancel.hidden = !busy;
    input.disabled = busy;
    for (const box of plan.querySelectorAll("input")) box.disabled = busy;
    drop.toggleAttribute("data-off", busy);
  }

  /** @param {File} given */
  function choose(given) {
    file = given;
    chosen = null;
    done = total = 0;
    panel.open = true;
    bar.hidden = plan.hidden = true;
    drawLeftOut([]);
    name.replaceChildren(el("strong", { attrs: { dir: "auto" } }, given.name.slice(0, 120)));
    void look();
  }

  function take() {
    const given = input.files?.[0];
    if (given) choose(given);
    input.value = ""; // so that the same file can be chosen again
  }
  input.addEventListener("change", take);

  // A file that misses the drop area must not make the browser leave the page.
  for (const type of /** @type {const} */ (["dragover", "drop"])) {
    window.addEventListener(type, (event) => {
      if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
    });
  }
  drop.addEventListener("dragover", () => drop.classList.add("over"));
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    drop.classList.remove("over");
    const dropped = event.dataTransfer?.files[0];
    if (dropped && !running) choose(dropped);
  });

  let frame = 0;
  let stopped = ""; // the reason that the notice of an import tells
  function paint() {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (total > 0) {
        progress.max = total;
        progress.value = done;
        figures.textContent = say(texts.importing.doneOf, { done: number(done), total: number(total) });
      }
    });
  }

  /**
   * Works with the chosen file, and can be cancelled meanwhile.
   *
   * @param {"planning" | "running"} state
   * @param {string} words
   * @param {(panda: import("./festival.d.ts").FestivalPanda, text: string, signal: AbortSignal) => Promise<State>} work
   * @param {(error: unknown) => State} fail
   */
  async function busy(state, words, work, fail) {
    if (!file || running) return;
    notices.clear(stopped); // this is another attempt
    running = new AbortController();
    const { signal } = running;
    const focused = [start, resume, input].some((button) => button === document.activeElement);
    show(state);
    if (focused) cancel.focus();
    status.textContent = session.now ? words : texts.importing.begins;
    /** @type {State} */
    let next = "idle";
    try {
      const text = await read(file);
      const panda = await session.panda();
      signal.throwIfAborted();
      status.textContent = words;
      next = await work(panda, text, signal);
      identity.answered();
    } catch (error) {
      identity.saw(error);
      next = fail(error);
    }
    const keep = document.activeElement === cancel;
    running = null;
    show(next);
    if (keep) (next === "paused" ? resume : start.disabled ? input : start).focus();
  }

  /** Shows what the file would change. */
  function look() {
    return busy(
      "planning",
      texts.importing.comparing,
      async (panda, text, signal) => {
        const found = await panda.planImport(text, { signal });
        chosen = drawPlan(plan, found, () => show("planned"));
        drawLeftOut(found.leftOut);
        const whole = found.unchanged === found.total;
        const nothing = whole ? count(found.total, texts.importing.allBefore) : texts.importing.nothingNew;
        status.textContent = chosen.size() ? "" : nothing;
        return "planned";
      },
      (error) => {
        const { reason, title, text, hint } = explain(error);
        const wrong = WRONG_FILE.includes(reason);
        if (reason === "cancelled") status.textContent = texts.importing.cancelledNothing;
        else status.textContent = `${title}. ${text} ${wrong ? texts.importing.nothingImported : hint}`;
        return wrong || reason === "storage-refused" ? "idle" : "paused";
      },
    );
  }

  /** Carries out what was chosen. */
  async function run() {
    if (!chosen) return look();
    const options = { withdraw: chosen.withdraw(), restore: chosen.restore() };
    let nodeGone = false;
    figures.textContent = "";
    progress.removeAttribute("value");
    bar.hidden = false;
    /** @type {Promise<void> | undefined} */
    let drawn;
    let still = 0;
    const moved = () => {
      if (status.textContent === texts.importing.waiting) status.textContent = texts.importing.publishing;
      clearTimeout(still);
      still = setTimeout(() => {
        if (status.textContent === texts.importing.publishing) status.textContent = texts.importing.waiting;
      }, STILL);
    };
    await busy(
      "running",
      texts.importing.publishing,
      async (panda, text, signal) => {
        moved();
        const result = await panda.importSchedule(text, {
          ...options,
          signal,
          onProgress(now) {
            ({ done, total } = now);
            moved();
            paint();
          },
        });
        done = total;
        paint();
        plan.hidden = true;
        chosen = null;
        status.textContent = resultWords(result);
        drawLeftOut(result.leftOut);
        drawn = onPublished(); // from here on the programme is busy, and then this is over
        return "idle";
      },
      (error) => {
        const { reason, title } = explain(error);
        nodeGone = AWAY.includes(reason);
        const far = total > 0 ? count(total, texts.importing.far, { done: number(done) }) : "";
        if (total === 0) bar.hidden = true;
        else if (!progress.hasAttribute("value")) progress.value = 0;
        const ended = reason === "cancelled" ? texts.importing.cancelled : title;
        status.textContent = `${ended}. ${far || texts.importing.nothingPublished} ${texts.importing.goesOn}`;
        if (reason !== "cancelled") {
          stopped = reason;
          notices.error(error, { label: texts.importing.resume, run: () => void run() }, far && say(texts.importing.stopped, { far }));
        }
        if (!nodeGone) drawn = onPublished();
        return "paused";
      },
    );
    clearTimeout(still);
    await identity.refreshPending();
    await drawn;
  }

  start.addEventListener("click", () => void run());
  resume.addEventListener("click", () => void run());
  cancel.addEventListener("click", () => {
    status.textContent = texts.importing.stopping;
    running?.abort();
  });
  show("idle");
  take(); // the input was there before this script

  return {
    /** Opens the panel and the file dialog. */
    ask() {
      panel.open = true;
      input.focus();
      input.click();
    },
    busy: () => running !== null,
  };
}

/**
 * A file's text, in the encoding that its XML names, or UTF-8.
 *
 * @param {File} file
 */
async function read(file) {
  if (file.size > LARGEST) throw unreadable(texts.importing.tooLarge);
  const bytes = await file.arrayBuffer().catch(() => {
    throw unreadable(texts.importing.moved);
  });
  const [, named = "utf-8"] = ENCODING.exec(new TextDecoder("latin1").decode(bytes.slice(0, 200))) ?? [];
  const [first, second] = new Uint8Array(bytes.slice(0, 2));
  const wide = first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : named;
  try {
    return new TextDecoder(wide).decode(bytes);
  } catch {
    throw unreadable(say(texts.importing.encoding, { named }));
  }
}

/** @param {string} why */
function unreadable(why) {
  return Object.assign(new Error(why), { reason: "file-unreadable" });
}

/** @param {import("./festival.d.ts").LeftOut[]} leftOut  what of the file is not published */
function drawLeftOut(leftOut) {
  byId("import-left-out", HTMLDetailsElement).hidden = leftOut.length === 0;
  byId("import-left-out-summary", HTMLElement).textContent = count(leftOut.length, texts.importing.leftOut);
  byId("import-left-out-list", HTMLElement).replaceChildren(...items(leftOut.map(({ talk, field, why }) => `${talk}, ${field}: ${why}`)));
}

/** @param {import("./festival.d.ts").Imported} result */
function resultWords({ published, updated, withdrawn, unchanged, total }) {
  const parts = [];
  if (published) parts.push(count(published, texts.importing.published));
  if (updated) parts.push(count(updated, texts.importing.changed));
  if (withdrawn) parts.push(count(withdrawn, texts.importing.deleted));
  if (!parts.length) return `${count(total, texts.importing.allBefore)} ${texts.importing.notTwice}`;
  if (unchanged) parts.push(count(unchanged, texts.importing.before));
  return parts.join(" ");
}
