/** A log as a picture, in a dialog that has its own address. What draws it is loaded when somebody looks. */

import { byId, copy, el } from "../../elements/dom.js";
import { defineElements } from "../../elements/define.js";
import { addressOf, here } from "./place.js";

/**
 * @param {object} use
 * @param {ReturnType<typeof import("../shared/notices.js").makeNotices>} use.notices
 * @param {() => void} use.onClose  the reader does not want to see it any more
 */
export function makeLog({ notices, onClose }) {
  const dialog = byId("log", HTMLDialogElement);
  const body = byId("log-body", HTMLElement);
  const record = byId("log-record", HTMLAnchorElement);
  byId("log-close", HTMLButtonElement).addEventListener("click", onClose);
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    onClose();
  });
  byId("log-link", HTMLButtonElement).addEventListener("click", ({ currentTarget }) => {
    if (currentTarget instanceof HTMLButtonElement) void copy(location.href, currentTarget, () => byId("log-title", HTMLElement));
  });
  body.addEventListener("panda-chosen", (event) => {
    const { entry } = /** @type {CustomEvent<{entry: import("panda.js").LogEntry}>} */ (event).detail;
    if (here().log) history.replaceState(null, "", addressOf({ ...here(), at: String(entry.seqNum) }));
    record.hidden = !entry.schema || !entry.id;
    record.href = addressOf({ schema: entry.schema ?? "", open: entry.id ?? "" });
  });
  return {
    /** What the address says. @param {import("./place.js").Place} place */
    async show({ log, at }) {
      if (!log) {
        body.replaceChildren();
        if (dialog.open) dialog.close();
        return;
      }
      try {
        const { PandaLog } = await import("../../elements/log.js");
        defineElements({ "panda-log": PandaLog });
      } catch (error) {
        notices.error(error);
        return;
      }
      if (here().log !== log) return;
      const [author = "", number = ""] = log.split(".");
      const shown = body.querySelector("panda-log");
      if (shown?.getAttribute("author") !== author || shown.getAttribute("log") !== number) {
        record.hidden = true;
        body.replaceChildren(el("panda-log", { attrs: { author, log: number, ...(at ? { at } : {}) } }));
      } else if (at && shown instanceof HTMLElement && shown.dataset.chosen !== at) shown.setAttribute("at", at);
      if (!dialog.open) dialog.showModal();
    },
  };
}
