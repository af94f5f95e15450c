/** A copy of the key under a passphrase, and going on with one. */

import { byId, save } from "../../elements/dom.js";
import { mark } from "../../elements/inputs.js";
import { explain } from "../../elements/words.js";

/**
 * @typedef {import("./types.js").Panda} Panda
 * @typedef {{session: import("./session.js").Session, notices: import("./notices.js").Notices}} Use
 */

/** Where it is kept that this author has published something: then the copy is offered. */
const PUBLISHED = "panda-web published";

/**
 * The offer to copy a key: at the top of the page from the first publish on, at every visit, until a copy is saved or
 * somebody says that they want none.
 *
 * @param {Use & {onSettled?: (panda: Panda) => void}} use  onSettled: a copy exists now, or nobody wants one
 */
export function makeBackup({ session, onSettled }) {
  const offer = byId("backup-offer", HTMLElement);
  const dialog = byId("backup-dialog", HTMLDialogElement);
  const form = byId("backup", HTMLFormElement);
  const done = byId("backup-done", HTMLElement);
  const passphrase = byId("backup-passphrase", HTMLInputElement);
  const problem = byId("backup-problem", HTMLElement);
  const opens = [...document.querySelectorAll(".backup-open")];
  let later = false;
  let published = false;
  /** @type {() => void} */
  let again = () => {};

  for (const open of opens) {
    open.addEventListener("click", () => {
      form.hidden = false;
      done.hidden = true;
      mark(passphrase, problem, "");
      dialog.showModal();
      passphrase.focus();
    });
  }
  for (const id of ["backup-close", "backup-finish"]) byId(id, HTMLButtonElement).addEventListener("click", () => dialog.close());
  byId("backup-later", HTMLButtonElement).addEventListener("click", () => {
    later = true;
    offer.hidden = true;
    document.querySelector("main")?.focus({ preventScroll: true });
  });
  byId("backup-again", HTMLButtonElement).addEventListener("click", () => again());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void decide(async (panda) => {
      const text = await panda.backUp(passphrase.value);
      again = () => save(text, `panda-${panda.author?.slice(0, 8)}.pem`, "application/x-pem-file");
      again();
      form.reset();
      form.hidden = true;
      done.hidden = false;
      byId("backup-finish", HTMLButtonElement).focus();
    });
  });
  byId("backup-decline", HTMLButtonElement).addEventListener("click", () => {
    void decide(async (panda) => {
      await panda.declineBackup();
      dialog.close();
    });
  });

  /** @param {(panda: Panda) => Promise<void>} step */
  async function decide(step) {
    await locked(form, async () => {
      mark(passphrase, problem, "");
      const panda = await session.panda();
      try {
        await step(panda);
      } catch (error) {
        mark(passphrase, problem, explain(error).text);
        passphrase.focus();
      }
      show(panda);
      onSettled?.(panda);
    });
  }

  /** @param {Panda} panda */
  function show(panda) {
    const { author, canBackUp } = panda;
    published ||= remembers(author);
    offer.hidden = !canBackUp || !published || later;
    for (const open of opens) open.toggleAttribute("hidden", !canBackUp);
  }

  return {
    show,
    /** Something was published, so that there is something to lose. */
    published() {
      const panda = session.now;
      if (published || !panda?.author) return;
      published = true;
      remember(panda.author);
      show(panda);
    },
  };
}

/** @param {string | null} author */
function remembers(author) {
  try {
    return author !== null && localStorage.getItem(PUBLISHED) === author;
  } catch {
    return false; // no such storage
  }
}

/** @param {string} author */
function remember(author) {
  try {
    localStorage.setItem(PUBLISHED, author);
  } catch {
    // then the programme tells
  }
}

/**
 * The form that goes on with the key of a copy. What is wrong is said at its field.
 *
 * @param {Use & {onKey: (panda: Panda) => void}} use  onKey: the author is another one now
 */
export function makeRestore({ session, notices, onKey }) {
  const form = byId("restore", HTMLFormElement);
  const file = byId("restore-file", HTMLInputElement);
  const passphrase = byId("restore-passphrase", HTMLInputElement);
  const status = byId("key-status", HTMLElement);
  const [aboutFile, aboutPassphrase] = [byId("restore-file-problem", HTMLElement), byId("restore-passphrase-problem", HTMLElement)];

  const read = async () => (await file.files?.[0]?.slice(0, 10_000).text()) ?? "";
  const clear = () => {
    mark(file, aboutFile, "");
    mark(passphrase, aboutPassphrase, "");
  };
  file.addEventListener("change", async () => {
    clear();
    const text = await read().catch(() => "");
    if (!file.files?.length || text.includes("-----BEGIN ENCRYPTED PRIVATE KEY-----")) return;
    mark(file, aboutFile, "This file is no copy of a key. A copy is a file like panda-1a2b3c4d.pem, saved on this page.");
  });
  passphrase.addEventListener("input", () => mark(passphrase, aboutPassphrase, ""));

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void locked(form, async () => {
      clear();
      status.textContent = "One moment…";
      try {
        const panda = await session.panda();
        await panda.restore(await read(), passphrase.value);
        onKey(panda);
        form.reset();
        status.textContent = "This browser goes on with the key of the copy.";
      } catch (error) {
        const { reason, text } = explain(error);
        status.textContent = "";
        if (reason === "passphrase-wrong") mark(passphrase, aboutPassphrase, text);
        else if (reason === "backup-malformed") mark(file, aboutFile, text);
        else notices.error(error);
      }
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
 * Does a step with the form's buttons out of reach.
 *
 * @param {HTMLFormElement} form
 * @param {() => Promise<void>} step
 */
async function locked(form, step) {
  const buttons = [...form.querySelectorAll("button")];
  for (const button of buttons) button.disabled = true;
  try {
    await step();
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}
