/** `<panda-identity>`: who I am, a copy of the key, and going on with one. */

import * as texts from "texts";
import { button, copy, el, save, shortAuthor } from "./dom.js";
import { connection, isShared, news, tell } from "./connection.js";
import { PandaElement, problem } from "./element.js";
import { face } from "./face.js";
import { keyWords } from "./key-words.js";
import { explain, say } from "./words.js";

/** @typedef {import("panda.js").Panda} Panda */

const COPY_BEGINS = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
/** Characters of a copy of a key, and more. */
const COPY_MOST = 10_000;

export class PandaIdentity extends PandaElement {
  static observedAttributes = ["node", "peers"];

  #who = el("div", { attrs: { part: "who" } }, el("p", { class: "note" }, texts.identity.loading));
  #tools = el("div", { class: "row", attrs: { part: "tools" } });
  #kind = el("p", { class: "note", attrs: { part: "about" } });
  #said = el("p", { class: "note", attrs: { part: "status", role: "status" } });
  #backUp = button(texts.identity.saveACopyOfTheKey, () => this.backUp());
  #dialog = el("dialog", { attrs: { part: "dialog", "aria-labelledby": "copy-title" } });
  #restore = el("details", { attrs: { part: "restore" } });
  #wrong = el("div", {});
  /** @type {Panda | null} */
  #panda = null;

  constructor() {
    super();
    this.#backUp.classList.add("back-up");
    this.root.append(this.#who, this.#tools, this.#kind, this.#backUp, this.#restoreForm(), this.#said, this.#wrong, this.#dialog);
    this.#backUp.hidden = this.#restore.hidden = true;
  }

  /** @override @param {AbortSignal} signal */
  listen(signal) {
    for (const what of ["author", "copied"]) news.addEventListener(what, () => this.#show(), { signal });
    news.addEventListener("open", () => this.ask(), { signal });
  }

  /** @override */
  async refresh() {
    try {
      this.#panda = await connection(this);
      this.#wrong.replaceChildren();
      this.#show();
    } catch (error) {
      this.#who.replaceChildren(el("p", { class: "note" }, texts.identity.notOpened));
      if (!isShared()) this.#wrong.replaceChildren(problem(error, () => this.ask()));
    }
  }

  #show() {
    const panda = this.#panda;
    if (!panda) return;
    const { author } = panda;
    this.dataset.author = author ?? "";
    const { kind, short, strong, words } = keyWords(panda);
    const digits = el("code", { class: "author", attrs: { title: author ?? "" } }, author ? shortAuthor(author) : texts.identity.noKey);
    this.#who.replaceChildren(...(author ? [face(author)] : []), el("span", { class: "who-words" }, digits, el("span", { class: "note" }, short)));
    this.#tools.replaceChildren(...(author ? authorTools(author) : []));
    this.dataset.kind = kind;
    this.#kind.replaceChildren(el("strong", {}, strong), ` ${words}`);
    this.#backUp.hidden = !panda.canBackUp;
    this.#restore.hidden = !author;
  }

  /** Opens the dialog in which a copy of the key is saved, while one can be. */
  backUp() {
    const panda = this.#panda;
    if (!panda?.canBackUp) return;
    const wrong = el("p", { class: "problem", attrs: { id: "copy-problem", role: "alert" } });
    const passphrase = el("input", { attrs: { id: "copy-passphrase", type: "password", autocomplete: "new-password", "aria-describedby": wrong.id } });
    const decline = button(texts.identity.decline, () => void settle(async () => {
      await panda.declineBackup();
      this.#dialog.close();
    }), "quiet decline");
    const form = el("form", { attrs: { novalidate: "" } },
      el("p", {}, texts.identity.aFile),
      el("label", { attrs: { for: passphrase.id } }, texts.identity.passphraseForTheCopy), passphrase, wrong,
      el("div", { class: "row" }, el("button", { class: "primary save" }, texts.identity.saveACopy), button(texts.identity.later, () => this.#dialog.close(), "later")),
      el("p", { class: "note" }, texts.identity.orForGood, decline));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void settle(async () => {
        const text = await panda.backUp(passphrase.value);
        const again = () => save(text, `panda-${panda.author?.slice(0, 8)}.pem`, "application/x-pem-file");
        again();
        const finish = button(texts.identity.done, () => this.#dialog.close(), "primary finish");
        form.replaceWith(el("p", {}, texts.identity.saved),
          el("div", { class: "row" }, finish, button(texts.identity.saveTheFileOnceMore, again, "again")));
        finish.focus();
      });
    });
    /** @param {() => Promise<void>} step */
    const settle = async (step) => {
      const buttons = [...form.querySelectorAll("button")];
      for (const each of buttons) each.disabled = true;
      wrong.textContent = "";
      passphrase.removeAttribute("aria-invalid");
      try {
        await step();
        tell("copied");
        this.say("copied", { copy: panda.copy });
      } catch (error) {
        for (const each of buttons) each.disabled = false;
        wrong.textContent = explain(error).text;
        passphrase.setAttribute("aria-invalid", "true");
        passphrase.focus();
      }
    };
    this.#dialog.replaceChildren(el("h2", { attrs: { id: "copy-title" } }, texts.identity.aCopyOfYourKey), form);
    this.#dialog.showModal();
    passphrase.focus();
  }

  #restoreForm() {
    const [aboutFile, aboutPassphrase] = ["file", "passphrase"].map((what) => el("p", { class: "problem", attrs: { id: `restore-${what}-problem`, role: "alert" } }));
    if (!aboutFile || !aboutPassphrase) throw new Error();
    const file = el("input", { attrs: { id: "restore-file", type: "file", accept: ".pem", "aria-describedby": aboutFile.id } });
    const passphrase = el("input", { attrs: { id: "restore-passphrase", type: "password", autocomplete: "current-password", "aria-describedby": aboutPassphrase.id } });
    const use = el("button", { class: "restore-use" }, texts.identity.useThisKey);
    const form = el("form", { attrs: { novalidate: "" } },
      el("label", { attrs: { for: file.id } }, texts.identity.copyOfAKey), file, aboutFile,
      el("label", { attrs: { for: passphrase.id } }, texts.identity.itsPassphrase), passphrase, aboutPassphrase,
      el("p", { class: "note" }, texts.identity.takesThePlace), el("div", { class: "row" }, use));
    /** @param {HTMLElement} input @param {HTMLElement} about @param {string} words */
    const mark = (input, about, words) => {
      about.textContent = words.slice(0, 500);
      if (words) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    };
    const read = async () => (await file.files?.[0]?.slice(0, COPY_MOST).text()) ?? "";
    file.addEventListener("change", async () => {
      mark(file, aboutFile, "");
      const text = await read().catch(() => "");
      if (file.files?.length && !text.includes(COPY_BEGINS)) mark(file, aboutFile, texts.identity.noCopy);
    });
    passphrase.addEventListener("input", () => mark(passphrase, aboutPassphrase, ""));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      mark(file, aboutFile, file.files?.length ? "" : texts.identity.chooseTheFile);
      mark(passphrase, aboutPassphrase, passphrase.value ? "" : texts.identity.writeItsPassphrase);
      if (!file.files?.length || !passphrase.value) return;
      use.disabled = true;
      this.#wrong.replaceChildren();
      this.#said.textContent = texts.identity.oneMoment;
      try {
        const panda = await connection(this);
        await panda.restore(await read(), passphrase.value);
        form.reset();
        tell("author");
        this.say("author", { author: panda.author });
        await this.#gather(panda);
      } catch (error) {
        const { reason, text } = explain(error);
        this.#said.textContent = "";
        if (reason === "passphrase-wrong") mark(passphrase, aboutPassphrase, text);
        else if (reason === "backup-malformed") mark(file, aboutFile, text);
        else this.#wrong.replaceChildren(problem(error));
      }
      use.disabled = false;
    });
    this.#restore.append(el("summary", {}, texts.identity.useAKeyThatYouSaved), form);
    return this.#restore;
  }

  /** Asks all nodes what a copy of the key wrote there, and says who did not answer. @param {Panda} panda */
  async #gather(panda) {
    this.#said.textContent = texts.identity.asks;
    this.#wrong.replaceChildren();
    const unasked = await panda.gather();
    this.#said.textContent = texts.identity.goesOn;
    if (unasked.length) {
      this.#wrong.replaceChildren(el("div", { class: "problem", data: { reason: "unasked" }, attrs: { role: "alert" } },
        say(texts.identity.unasked, { nodes: unasked.map(({ url }) => url).join(", ") }), " ",
        button(texts.elements.tryAgain, () => void this.#gather(panda).catch((error) => this.#wrong.replaceChildren(problem(error))), "quiet")));
    }
  }
}

/** All digits on demand, and copying them. @param {string} author */
function authorTools(author) {
  const all = el("code", { class: "hex all" }, author);
  all.hidden = true;
  const more = button(texts.elements.showAll, () => show(Boolean(all.hidden)), "quiet show-all");
  const take = button(texts.identity.copyAuthor, () => void copy(author, take, () => show(true)), "quiet take");
  more.setAttribute("aria-expanded", "false");
  /** @param {boolean} open */
  function show(open) {
    all.hidden = !open;
    more.textContent = open ? texts.elements.showLess : texts.elements.showAll;
    more.setAttribute("aria-expanded", String(open));
    return all;
  }
  return [more, take, all];
}
