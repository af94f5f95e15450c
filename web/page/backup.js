/** A copy of the key under a passphrase, and going on with one. */

import { byId, save } from "./dom.js";
import { explain } from "./words.js";

/**
 * @typedef {import("./types.js").Panda} Panda
 * @typedef {{session: import("./session.js").Session, notices: import("./notices.js").Notices}} Use
 */

/**
 * The form that offers a copy of a key while it can be made: on every page where a key may be made.
 *
 * @param {Use} use
 */
export function makeBackup(use) {
  const form = byId("backup", HTMLFormElement);
  const passphrase = byId("backup-passphrase", HTMLInputElement);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void run(use, form, async (panda) => {
      save(await panda.backUp(passphrase.value), `panda-${panda.author?.slice(0, 8)}.pem`, "application/x-pem-file");
      show(panda);
      return "Saved. Without the passphrase the file is of no use: keep both, apart from each other.";
    });
  });
  byId("backup-decline", HTMLButtonElement).addEventListener("click", () => {
    void run(use, form, async (panda) => {
      await panda.declineBackup();
      show(panda);
      return "";
    });
  });

  /** @param {Panda} panda */
  function show(panda) {
    form.hidden = !panda.canBackUp;
  }

  return { show };
}

/**
 * The form that goes on with the key of a copy.
 *
 * @param {Use & {onKey: (panda: Panda) => void}} use  onKey: the author is another one now
 */
export function makeRestore(use) {
  const form = byId("restore", HTMLFormElement);
  const file = byId("restore-file", HTMLInputElement);
  const passphrase = byId("restore-passphrase", HTMLInputElement);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void run(use, form, async (panda) => {
      const text = (await file.files?.[0]?.slice(0, 10_000).text()) ?? "";
      await panda.restore(text, passphrase.value);
      use.onKey(panda);
      // What the other browser wrote is taken over now; where the node is away, before the next write.
      await panda.flush().catch((error) => use.notices.error(error));
      return "This browser goes on with the key of the copy.";
    });
  });
  return {
    /** @param {Panda} panda */
    show(panda) {
      form.closest("details")?.toggleAttribute("hidden", !panda.author);
    },
  };
}

/**
 * Runs one step with the form's buttons out of reach, and says what came of it.
 *
 * @param {Use} use
 * @param {HTMLFormElement} form
 * @param {(panda: Panda) => Promise<string>} step
 */
async function run({ session, notices }, form, step) {
  const status = byId("key-status", HTMLElement);
  const buttons = [...form.querySelectorAll("button")];
  for (const button of buttons) button.disabled = true;
  status.textContent = "One moment…";
  try {
    status.textContent = await step(await session.panda());
    form.reset();
  } catch (error) {
    status.textContent = explain(error).text;
    notices.error(error);
  }
  for (const button of buttons) button.disabled = false;
}
