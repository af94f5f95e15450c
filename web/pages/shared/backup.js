/** The offer to copy a key. The dialog, and going on with a copy, are <panda-identity>'s. */

import { news } from "../../elements/connection.js";
import { byId } from "../../elements/dom.js";
import { PandaIdentity } from "../../elements/identity.js";

/** @typedef {import("./types.js").Panda} Panda */

/** Where it is kept that this author has published something: then the copy is offered. */
const PUBLISHED = "panda-web published";

/**
 * The offer to copy a key: at the top of the page from the first publish on, at every visit, until a copy is saved or
 * somebody says that they want none.
 *
 * @param {{session: import("./session.js").Session}} use
 */
export function makeBackup({ session }) {
  const offer = byId("backup-offer", HTMLElement);
  let later = false;
  let published = false;

  byId("backup-open", HTMLButtonElement).addEventListener("click", () => byId("me", PandaIdentity).backUp());
  byId("backup-later", HTMLButtonElement).addEventListener("click", () => {
    later = true;
    offer.hidden = true;
    document.querySelector("main")?.focus({ preventScroll: true });
  });
  for (const what of ["author", "copied"]) news.addEventListener(what, () => session.now && show(session.now));

  /** @param {Panda} panda */
  function show(panda) {
    published ||= remembers(panda.author);
    offer.hidden = !panda.canBackUp || !published || later;
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
