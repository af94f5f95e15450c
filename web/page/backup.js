/** A copy of the key under a passphrase, and going on with one. */

import { byId, save } from "./dom.js";
import { explain } from "./words.js";

/** @typedef {import("./types.js").Panda} Panda */

/**
 * @param {object} use
 * @param {import("./session.js").Session} use.session
 * @param {import("./notices.js").Notices} use.notices
 * @param {(panda: Panda) => void} use.onKey  the author is another one now
 */
export function makeBackup({ session, notices, onKey }) {
  const form = byId("backup", HTMLFormElement);
  const passphrase = byId("backup-passphrase", HTMLInputElement);
  const restoring = byId("restore", HTMLFormElement);
  const file = byId("restore-file", HTMLInputElement);
  const status = byId("key-status", HTMLElement);

  /**
   * Runs one step with the form's buttons out of reach, and says what came of it.
   *
   * @param {HTMLFormElement} within
   * @param {(panda: Panda) => Promise<string>} step
   */
  async function run(within, step) {
    const buttons = [...within.querySelectorAll("button")];
    for (const button of buttons) button.disabled = true;
    status.textContent = "One moment…";
    try {
      const panda = await session.panda();
      status.textContent = await step(panda);
      form.hidden = !panda.canBackUp;
      within.reset();
    } catch (error) {
      status.textContent = explain(error).text;
      notices.error(error);
    }
    for (const button of buttons) button.disabled = false;
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void run(form, async (panda) => {
      save(await panda.backUp(passphrase.value), `panda-${panda.author?.slice(0, 8)}.pem`, "application/x-pem-file");
      return "Saved. Without the passphrase the file is of no use: keep both, apart from each other.";
    });
  });
  byId("backup-decline", HTMLButtonElement).addEventListener("click", () => {
    void run(form, async (panda) => {
      await panda.declineBackup();
      return "";
    });
  });
  restoring.addEventListener("submit", (event) => {
    event.preventDefault();
    void run(restoring, async (panda) => {
      const text = (await file.files?.[0]?.slice(0, 10_000).text()) ?? "";
      await panda.restore(text, byId("restore-passphrase", HTMLInputElement).value);
      onKey(panda);
      return "This browser goes on with the key of the copy.";
    });
  });

  return {
    /** @param {Panda} panda */
    show(panda) {
      form.hidden = !panda.canBackUp;
      restoring.closest("details")?.toggleAttribute("hidden", !panda.author);
    },
  };
}
