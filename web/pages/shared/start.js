/** Python's start, as a page shows it: how far it is, in the masthead, and what came of it. */

import * as texts from "texts";
import { linkPages, node, ownNodeLink } from "./address.js";
import { byId } from "../../elements/dom.js";
import { cameFromStorage, keepSite } from "./updates.js";
import { explain, stageWords } from "../../elements/words.js";

const root = document.documentElement;
root.dataset.script = ""; // it runs: what the page says otherwise goes
linkPages();
const bar = byId("start-progress", HTMLProgressElement);
const status = byId("start-status", HTMLElement);

/** @type {Record<string, string>} */
const STAGES = texts.start;

/** With such a node no page of this site can begin, however often it tries. */
const ADDRESS_WRONG = ["node-address-wrong", "insecure-node"];

/** @param {import("./session.js").StartProgress} progress */
export function showStart({ stage, done, total }) {
  const words = (Object.hasOwn(STAGES, stage) ? STAGES[stage] : undefined) ?? texts.start.other;
  status.textContent = stageWords(words, stage === "download" ? done : 0, total);
  if (total > 0) {
    bar.max = total;
    bar.value = Math.min(done, total);
  } else {
    bar.removeAttribute("value");
  }
}

/**
 * Starts Python for a page, and keeps the site once that worked; where it fails, the reader can try again. A page that
 * is kept may fail because the host has a new version only: then that one is offered all the same.
 *
 * @param {object} use
 * @param {import("./session.js").Session} use.session
 * @param {import("./notices.js").Notices} use.notices
 * @param {() => unknown} use.again  the page's way to begin
 * @param {(error: unknown) => void} [use.onFail]
 * @returns {Promise<boolean>}  whether Python is there
 */
export async function startPython({ session, notices, again, onFail }) {
  root.dataset.state = "starting";
  showStart({ stage: "start", done: 0, total: 0 });
  try {
    await session.panda();
  } catch (error) {
    root.dataset.state = "failed";
    onFail?.(error);
    if (cameFromStorage()) void keepSite(notices);
    const another = node !== undefined && ADDRESS_WRONG.includes(explain(error).reason);
    notices.error(
      error,
      another
        ? { label: texts.start.ownNode, run: () => location.assign(ownNodeLink()) }
        : { label: texts.elements.tryAgain, run: () => void again() },
    );
    return false;
  }
  void keepSite(notices);
  return true;
}

/**
 * Python is there; where there is no key, the reader hears why.
 *
 * @param {import("./types.js").Panda} panda
 * @param {import("./notices.js").Notices} notices
 */
export function showOpen(panda, notices) {
  root.dataset.state = "ready";
  root.dataset.key = panda.author ? "held" : "none";
  if (!panda.author) {
    const { reason, message } = panda.readOnly ?? { reason: "storage-refused", message: texts.form.noKeyHere };
    notices.error(Object.assign(new Error(message), { reason }));
  }
}
