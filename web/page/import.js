/** Import of a schedule file: choose or drop, publish with progress, cancel, resume. */

import { byId, el } from "./dom.js";
import { AWAY, count, explain } from "./words.js";

const LARGEST = 64e6;
const MOST_SHOWN = 50;

/**
 * @param {object} use
 * @param {import("./session.js").Session} use.session
 * @param {import("./notices.js").Notices} use.notices
 * @param {ReturnType<typeof import("./identity.js").makeIdentity>} use.identity
 * @param {() => Promise<void>} use.onPublished  something may have been published
 */
export function makeImport({ session, notices, identity, onPublished }) {
  const panel = byId("import", HTMLDetailsElement);
  const drop = byId("import-drop", HTMLElement);
  const input = byId("import-file", HTMLInputElement);
  const name = byId("import-name", HTMLElement);
  const start = byId("import-start", HTMLButtonElement);
  const resume = byId("import-resume", HTMLButtonElement);
  const cancel = byId("import-cancel", HTMLButtonElement);
  const bar = byId("import-bar", HTMLElement);
  const progress = byId("import-progress", HTMLProgressElement);
  const figures = byId("import-count", HTMLElement);
  const status = byId("import-status", HTMLElement);

  /** @type {File | null} */
  let file = null;
  /** @type {AbortController | null} */
  let running = null;
  let done = 0;
  let total = 0;

  /** @param {"idle" | "running" | "paused"} state */
  function show(state) {
    panel.dataset.state = state;
    start.hidden = state !== "idle";
    start.disabled = !file;
    resume.hidden = state !== "paused";
    cancel.hidden = state !== "running";
    input.disabled = state === "running";
    drop.toggleAttribute("data-off", state === "running");
  }

  /** @param {File} chosen */
  function choose(chosen) {
    file = chosen;
    done = total = 0;
    panel.open = true;
    bar.hidden = true;
    status.textContent = "";
    drawLeftOut([]);
    notices.clear("not-a-schedule");
    name.replaceChildren(Object.assign(document.createElement("strong"), { textContent: chosen.name.slice(0, 120), dir: "auto" }));
    show("idle");
    start.focus();
  }

  function take() {
    const chosen = input.files?.[0];
    if (chosen) choose(chosen);
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
  function paint() {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (total > 0) {
        progress.max = total;
        progress.value = done;
        figures.textContent = `${done.toLocaleString("en")} of ${total.toLocaleString("en")}`;
      }
    });
  }

  async function run() {
    if (!file || running) return;
    running = new AbortController();
    const hadFocus = document.activeElement === start || document.activeElement === resume;
    show("running");
    if (hadFocus) cancel.focus();
    status.textContent = session.now ? "Signing and publishing…" : "Begins as soon as Python has started…";
    figures.textContent = "";
    progress.removeAttribute("value");
    bar.hidden = false;
    /** @type {"idle" | "paused"} */
    let next = "idle";
    let nodeGone = false;
    try {
      const panda = await session.panda();
      running.signal.throwIfAborted();
      if (file.size > LARGEST) throw new Error("The file is larger than 64 MB. A schedule is far smaller.");
      const text = await file.text().catch(() => {
        throw new Error("The file could not be read. It may have been moved or changed: choose it again.");
      });
      status.textContent = "Signing and publishing…";
      const result = await panda.importSchedule(text, {
        signal: running.signal,
        onProgress(now) {
          ({ done, total } = now);
          paint();
        },
      });
      done = total = result.total;
      paint();
      identity.setNode("reachable");
      notices.clear(...AWAY);
      status.textContent = resultWords(result);
      drawLeftOut(result.leftOut);
    } catch (error) {
      identity.saw(error);
      const { reason, title } = explain(error);
      nodeGone = AWAY.includes(reason);
      const far = total > 0 ? `${done.toLocaleString("en")} of ${count(total, "talk")} are at the node.` : "";
      if (total === 0) bar.hidden = true;
      if (reason === "cancelled") {
        next = "paused";
        status.textContent = `Cancelled. ${far || "Nothing was published."} Resume goes on from there and publishes nothing twice.`;
      } else if (reason === "not-a-schedule" || reason === "storage-refused") {
        status.textContent = `${title}. Nothing was imported.`;
        notices.error(error);
      } else {
        next = "paused";
        status.textContent = `${title}. ${far} Resume goes on from there and publishes nothing twice.`;
        notices.error(error, { label: "Resume", run: () => void run() }, far && `The import stopped: ${far}`);
      }
    }
    const drawn = nodeGone ? undefined : onPublished(); // from here on the programme is busy, and then this is over
    const keep = document.activeElement === cancel;
    running = null;
    if (bar.hidden === false && !progress.hasAttribute("value")) progress.value = 0;
    show(next);
    if (keep) (next === "paused" ? resume : input).focus();
    await identity.refreshPending();
    await drawn;
  }

  start.addEventListener("click", () => void run());
  resume.addEventListener("click", () => void run());
  cancel.addEventListener("click", () => {
    status.textContent = "Stopping after the talk that is on its way…";
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

/** @param {import("./types.js").LeftOut[]} leftOut  what of the file no talk can hold */
function drawLeftOut(leftOut) {
  byId("import-left-out", HTMLDetailsElement).hidden = leftOut.length === 0;
  byId("import-left-out-summary", HTMLElement).textContent = `${count(leftOut.length, "value")} of the file did not fit`;
  const list = byId("import-left-out-list", HTMLElement);
  list.replaceChildren(
    ...leftOut.slice(0, MOST_SHOWN).map(({ talk, why }) => el("li", {}, el("bdi", {}, talk.slice(0, 80)), ": ", el("bdi", {}, why.slice(0, 300)))),
  );
  if (leftOut.length > MOST_SHOWN) list.append(el("li", {}, `and ${(leftOut.length - MOST_SHOWN).toLocaleString("en")} more`));
}

/** @param {import("./types.js").Imported} result */
function resultWords({ published, skipped, total }) {
  if (total === 0) return "The schedule holds no talks.";
  if (published === 0) return `All ${count(total, "talk")} had been published before. Nothing was sent twice.`;
  const rest = skipped ? ` ${skipped.toLocaleString("en")} had been published before.` : "";
  return `${count(published, "talk")} signed and published.${rest}`;
}
