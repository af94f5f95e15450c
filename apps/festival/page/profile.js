/** What the reader calls themselves: shown, written, changed, and taken away again. */

import * as texts from "texts";
import { byId } from "../../../web/elements/dom.js";
import { errorOf, explain, say } from "../../../web/elements/words.js";

/**
 * @param {object} use
 * @param {import("./festival.d.ts").FestivalSession} use.session
 * @param {ReturnType<typeof import("./names.js").makeNames>} use.names
 * @param {() => unknown} use.onWritten
 */
export function makeProfile({ session, names, onWritten }) {
  const form = byId("profile", HTMLFormElement);
  const fold = byId("profile-fold", HTMLDetailsElement);
  const name = byId("profile-name", HTMLInputElement);
  const about = byId("profile-about", HTMLInputElement);
  const save = byId("profile-save", HTMLButtonElement);
  const wrong = byId("profile-wrong", HTMLElement);
  const said = byId("profile-said", HTMLElement);

  const mine = () => names.of(session.now?.author ?? "");

  fold.addEventListener("toggle", () => {
    if (!fold.open) return;
    name.value = mine()?.name ?? "";
    about.value = mine()?.about ?? "";
    wrong.textContent = said.textContent = "";
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    wrong.textContent = "";
    said.textContent = texts.form.signing;
    save.disabled = true;
    for (const input of [name, about]) input.removeAttribute("aria-invalid");
    try {
      const panda = await session.panda();
      const { error } = await panda.writeProfile(name.value, { about: about.value });
      said.textContent = !error ? texts.profile.written : "";
      if (error) wrong.textContent = explain(errorOf(error)).text;
      onWritten();
    } catch (error) {
      const { title, text } = explain(error);
      said.textContent = "";
      wrong.textContent = `${title}. ${text}`;
      const data = error instanceof Error && "data" in error ? /** @type {any} */ (error).data : null;
      const input = data?.field === "about" ? about : name;
      input.setAttribute("aria-invalid", "true");
      input.focus();
    }
    save.disabled = false;
  });

  return {
    /** Shows what the reader calls themselves. */
    draw() {
      const profile = mine();
      byId("profile-is", HTMLElement).textContent = profile ? say(texts.profile.is, { name: `\u2068${profile.name}\u2069` }) : texts.profile.none;
      byId("profile-line", HTMLElement).textContent = profile?.about ?? "";
    },
  };
}
