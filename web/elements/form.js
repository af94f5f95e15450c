/**
 * `<panda-form schema=…>`: writes an instance; with `instance=…` it changes or deletes that one. The schema decides which
 * inputs there are, and what is wrong is said at the field.
 */

import * as texts from "texts";
import { button, el } from "./dom.js";
import { connection, news, tell } from "./connection.js";
import { PandaElement, attributeWrong, problem } from "./element.js";
import { makeField } from "./fields.js";
import { names } from "./feed.js";
import { FieldWrong, isHash, titleOf } from "./values.js";
import { AWAY, errorOf, explain, say } from "./words.js";

/**
 * @typedef {import("panda.js").Instance} Instance
 * @typedef {import("panda.js").Panda} Panda
 * @typedef {import("panda.js").Schema} Schema
 * @typedef {import("panda.js").Written} Written
 * @typedef {ReturnType<typeof makeField>} Field
 */

export class PandaForm extends PandaElement {
  static observedAttributes = ["schema", "instance", "fields", "node", "peers"];

  #form = el("form", { attrs: { part: "form", novalidate: "", autocomplete: "off" } });
  #said = el("p", { class: "note", attrs: { part: "status", role: "status" } });
  #wrong = el("div", {});
  #save = el("button", { class: "primary", attrs: { part: "submit" } });
  #remove = button(texts.form.delete, () => void this.#askDelete(), "danger");
  #confirm = el("dialog", { attrs: { part: "dialog", "aria-labelledby": "delete-title" } });
  /** @type {Field[]} */
  #fields = [];
  /** @type {Instance | null} */
  #instance = null;
  /** @type {Schema | null} */
  #schema = null;
  #turn = 0;
  #busy = false;

  constructor() {
    super();
    this.#remove.setAttribute("part", "delete");
    this.root.append(this.#form, this.#wrong, this.#said, this.#confirm);
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
  }

  /** @override @param {AbortSignal} signal */
  listen(signal) {
    news.addEventListener("author", () => this.text("instance") && this.ask(), { signal }); // it may be somebody else's now
  }

  /** Whether something stands in it that was not published. */
  get isTouched() {
    return this.#fields.some((field) => field.isTouched());
  }

  /** @override */
  async refresh() {
    const turn = ++this.#turn;
    this.#wrong.replaceChildren();
    this.#said.textContent = texts.form.loading;
    this.#form.hidden = true;
    try {
      const [asked, wanted] = [this.text("schema"), this.text("instance")];
      if (!asked) throw attributeWrong(texts.form.noSchema);
      if (wanted && !isHash(wanted)) throw attributeWrong(texts.form.noId);
      const panda = await connection(this);
      const schema = await panda.schema(asked);
      const [instance] = wanted ? await panda.query(schema.id, { filter: { id: wanted }, limit: 1 }) : [];
      if (turn !== this.#turn) return;
      if (wanted && !instance) throw attributeWrong(texts.form.notHere);
      if (!panda.author) throw Object.assign(new Error(panda.readOnly?.message ?? texts.form.noKeyHere), { reason: panda.readOnly?.reason ?? "no-key" });
      if (instance && instance._meta.author !== panda.author) throw Object.assign(new Error(texts.form.notYours), { reason: "instance-not-own" });
      this.#build(panda, schema, instance ?? null);
      this.#said.textContent = "";
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#said.textContent = "";
      this.#wrong.replaceChildren(problem(error, () => this.ask()));
    }
  }

  /** @param {Panda} panda @param {Schema} schema @param {Instance | null} instance */
  #build(panda, schema, instance) {
    this.#schema = schema;
    this.#instance = instance;
    const wanted = names(this.text("fields"));
    const shown = Object.keys(schema.fields).filter((name) => !wanted.length || wanted.includes(name));
    this.#fields = shown.map((name) => makeField(panda, schema, name));
    for (const field of this.#fields) if (instance) field.write(instance[field.name]);
    this.#save.textContent = instance ? texts.form.signChange : texts.form.sign;
    this.#save.disabled = false;
    this.#remove.hidden = !instance;
    const foot = el("div", { class: "row foot", attrs: { part: "foot" } }, this.#save, this.#remove);
    this.#form.replaceChildren(...this.#fields.map(({ node }) => node), foot);
    this.#form.hidden = false;
  }

  /** What is to be signed: all that is there, or what changed. Null where something is wrong, which is said. */
  #read() {
    /** @type {Record<string, unknown>} */
    const fields = {};
    /** @type {Field | null} */
    let first = null;
    for (const field of this.#fields) {
      field.show("");
      try {
        const value = field.read();
        if (this.#instance && !field.isTouched()) continue;
        if (value !== undefined) fields[field.name] = value;
        else if (this.#instance?.[field.name] !== undefined) fields[field.name] = null;
      } catch (error) {
        if (!(error instanceof FieldWrong)) throw error;
        field.show(error.message);
        first ??= field;
      }
    }
    first?.focus();
    return first ? null : fields;
  }

  async #submit() {
    if (this.#busy || !this.#schema) return;
    this.#wrong.replaceChildren();
    this.#said.textContent = "";
    const fields = this.#read();
    if (!fields) return;
    const { id: schema } = this.#schema;
    const instance = this.#instance;
    if (instance && Object.keys(fields).length === 0) {
      this.#said.textContent = texts.form.nothingChanged;
      return;
    }
    await this.#work(texts.form.signing, async (panda) => {
      const written = instance ? await panda.update(schema, instance.id, fields) : await panda.create(schema, fields);
      if (instance) for (const field of this.#fields) if (field.name in fields) field.write(fields[field.name] ?? undefined);
      if (!instance) this.#build(panda, /** @type {Schema} */ (this.#schema), null);
      this.#tell("written", written, instance ? texts.form.changePublished : texts.form.published);
    });
  }

  #askDelete() {
    const instance = this.#instance;
    if (!instance) return;
    const yes = button(texts.form.deleteForGood, () => {
      this.#confirm.close();
      void this.#delete(instance);
    }, "danger");
    const no = button(texts.form.keepIt, () => this.#confirm.close());
    yes.setAttribute("part", "confirm");
    this.#confirm.replaceChildren(
      el("h2", { attrs: { id: "delete-title" } }, texts.form.deleteThis),
      el("p", {}, el("bdi", {}, titleOf(instance, this.#schema))),
      el("p", {}, texts.form.cannotBeUndone),
      el("div", { class: "row end" }, no, yes),
    );
    this.#confirm.showModal();
    no.focus();
  }

  /** @param {Instance} instance */
  async #delete(instance) {
    const schema = this.#schema?.id ?? "";
    await this.#work(texts.form.signing, async (panda) => {
      const written = await panda.delete(schema, instance.id);
      this.#form.hidden = true;
      this.#tell("deleted", written, texts.form.deleted);
    });
  }

  /** @param {string} words @param {(panda: Panda) => Promise<void>} step */
  async #work(words, step) {
    const label = this.#save.textContent;
    const focused = this.root.activeElement;
    /** @type {unknown} */
    let wrong = null;
    this.#setBusy(true);
    this.#save.textContent = words;
    try {
      await step(await connection(this));
      this.#save.textContent = this.#instance ? label : texts.form.sign;
    } catch (error) {
      this.#save.textContent = label;
      wrong = error;
    }
    this.#setBusy(false);
    if (focused instanceof HTMLElement && document.activeElement === document.body) focused.focus();
    if (wrong !== null) this.#refused(wrong); // a field takes the focus only now
  }

  /** Nothing is typed into what is being signed: it would be lost, or taken for signed. @param {boolean} busy */
  #setBusy(busy) {
    this.#busy = this.#save.disabled = this.#remove.disabled = busy;
    this.#form.ariaBusy = String(busy);
    for (const { node } of this.#fields) node.inert = busy;
  }

  /** @param {"written" | "deleted"} what @param {Written} written @param {string} words */
  #tell(what, written, words) {
    const { acknowledged, error } = written;
    const waits = !error || AWAY.includes(error.reason) ? texts.form.kept : say(texts.form.keptAndRefused, { why: explain(errorOf(error)).text });
    this.#said.textContent = acknowledged && !error ? words : acknowledged ? "" : waits;
    if (acknowledged && error) this.#wrong.replaceChildren(problem(errorOf(error)));
    tell("written", [this.#schema?.id, this.#schema?.name]);
    this.say(what, { ...written, schema: this.#schema?.id });
  }

  /** @param {unknown} error  at the field that it is about, where it is about one */
  #refused(error) {
    const data = error instanceof Error && "data" in error ? error.data : null;
    const about = data && typeof data === "object" && "field" in data ? String(data.field) : "";
    const field = this.#fields.find(({ name }) => name === about);
    if (!field) {
      this.#wrong.replaceChildren(problem(error));
      return;
    }
    field.show(explain(error).text);
    field.focus();
  }
}

