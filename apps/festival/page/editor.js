/** Write, edit and delete a talk. Text that was not saved is kept, whatever goes wrong. */

import * as texts from "texts";
import { byId, el } from "../../../web/elements/dom.js";
import { text } from "./talk.js";
import { parseDuration, parseStart } from "./time.js";
import { AWAY, errorOf, explain, say } from "../../../web/elements/words.js";

/**
 * @typedef {import("./talk.js").Talk} Talk
 * @typedef {Record<string, string>} Values  what stands in the form, by input name
 */

const LINES = ["title", "subtitle", "duration", "track", "kind", "language", "url"];
const TEXTS = ["abstract", "description"];
const INPUTS = [...LINES, ...TEXTS, "persons", "room", "start", "offset"];

/**
 * @param {object} use
 * @param {import("./festival.d.ts").FestivalSession} use.session
 * @param {import("../../../web/pages/shared/notices.js").Notices} use.notices
 * @param {ReturnType<typeof import("./identity.js").makeIdentity>} use.identity
 * @param {() => string} use.offset  for a new talk
 * @param {(id: string) => Promise<void>} use.onSaved
 * @param {(id: string) => void} use.onDeleted
 */
export function makeEditor({ session, notices, identity, offset, onSaved, onDeleted }) {
  const dialog = byId("editor", HTMLDialogElement);
  const form = byId("editor-form", HTMLFormElement);
  const save = byId("editor-save", HTMLButtonElement);
  const problem = byId("editor-error", HTMLElement);
  const inputProblem = el("span", { class: "problem", attrs: { id: "editor-input-error", role: "alert" } });
  const draftNote = byId("editor-draft", HTMLElement);
  const startNote = byId("start-note", HTMLElement);
  const startWords = startNote.textContent ?? "";

  /** @type {Map<string, Values>} text that was not saved, by talk id; a new talk's under "" */
  const drafts = new Map();
  /** @type {Talk | null} */
  let talk = null;
  /** @type {Values}  as the form gave them back before anyone typed: inputs change line ends and the like */
  let before = {};
  let saving = false;
  /** Counts how often the form was opened: a talk may be saved while another one stands in it. */
  let opening = 0;
  /** Whether what stands in the form is kept already. */
  let kept = false;

  /** @param {string} name */
  function input(name) {
    const found = form.elements.namedItem(name);
    if (found instanceof HTMLInputElement || found instanceof HTMLTextAreaElement) return found;
    throw new Error(`The form lacks ${name}.`);
  }

  /** @returns {Values} */
  function read() {
    return Object.fromEntries(INPUTS.map((name) => [name, input(name).value]));
  }

  /** @param {Values} values */
  function write(values) {
    for (const name of INPUTS) input(name).value = values[name] ?? "";
    settle();
  }

  /**
   * Says at an input what is wrong with it, and goes there.
   *
   * @param {string} name
   * @param {string} why
   */
  function refuse(name, why) {
    const wrong = input(name);
    wrong.after(inputProblem);
    inputProblem.textContent = why.slice(0, 500);
    wrong.setAttribute("aria-invalid", "true");
    wrong.setAttribute("aria-errormessage", inputProblem.id);
    wrong.focus();
  }

  /** Takes back whatever was said to be wrong. */
  function settle() {
    problem.textContent = "";
    inputProblem.remove();
    for (const name of INPUTS) {
      input(name).removeAttribute("aria-invalid");
      input(name).removeAttribute("aria-errormessage");
    }
  }

  function isDirty() {
    const now = read();
    return INPUTS.some((name) => now[name] !== before[name]);
  }

  /** @param {Talk | null} subject */
  function fill(subject) {
    const item = subject?.item;
    /** @type {Values} */
    const values = {};
    for (const name of [...LINES, ...TEXTS]) values[name] = text(item?.[name]);
    const who = item?.persons;
    values.persons = Array.isArray(who) ? who.map(text).join("\n") : text(who);
    values.room = subject?.room ?? "";
    const when = subject?.when;
    values.start = when?.local ?? "";
    values.offset = subject ? (when?.offset ?? "") : offset();
    const start = input("start");
    start.setAttribute("step", values.start.length > 16 ? "1" : "60");
    write(values);
    const odd = !when && text(item?.start);
    startNote.textContent = odd ? say(texts.editor.odd, { value: odd.slice(0, 60) }) : startWords;
    before = read();
  }

  /** @param {Talk | null} subject */
  function open(subject) {
    talk = subject;
    opening += 1;
    kept = false;
    fill(subject);
    const draft = drafts.get(subject?.id ?? "");
    if (draft) write(draft);
    draftNote.hidden = !draft;
    byId("editor-title", HTMLElement).textContent = subject ? texts.editor.editTitle : texts.editor.writeTitle;
    save.textContent = texts.form.sign;
    byId("editor-note", HTMLElement).textContent = subject
      ? texts.editor.onlyChanged
      : texts.editor.forAnyone;
    dialog.showModal();
    dialog.scrollTop = 0;
    input("title").focus();
  }

  function close() {
    if (!dialog.open) return;
    keep();
    dialog.close();
  }

  /** Escape, the button or the system's back gesture: whatever closes it, the text is kept, before it closes. */
  function keep() {
    if (saving || kept) return;
    kept = true;
    const key = talk?.id ?? "";
    if (isDirty()) {
      drafts.set(key, read());
      notices.say(texts.editor.notSaved);
    } else {
      drafts.delete(key);
    }
  }
  dialog.addEventListener("cancel", (event) => {
    if (saving) event.preventDefault();
    else keep();
  });
  // It comes late: by then the form may be open again, with other text in it.
  dialog.addEventListener("close", () => {
    if (!dialog.open) keep();
  });
  byId("editor-close", HTMLButtonElement).addEventListener("click", close);
  byId("editor-discard", HTMLButtonElement).addEventListener("click", () => {
    drafts.delete(talk?.id ?? "");
    fill(talk);
    draftNote.hidden = true;
    input("title").focus();
  });
  window.addEventListener("beforeunload", (event) => {
    if (drafts.size > 0 || (dialog.open && isDirty())) event.preventDefault();
  });

  /**
   * What stands in the form as fields: those that changed, null for those that were emptied; all that are there for a new
   * talk.
   *
   * @returns {{fields: Record<string, unknown>} | {wrong: string, why: string}}
   */
  function changes() {
    const now = read();
    /** @param {string} name */
    const value = (name) => now[name] ?? "";
    /** @param {string} name */
    const changed = (name) => now[name] !== before[name];
    if (!value("title").trim() && (!talk || changed("title"))) return { wrong: "title", why: texts.editor.needsTitle };
    if (changed("duration") && value("duration").trim() && parseDuration(value("duration").trim()) === null) {
      return { wrong: "duration", why: texts.editor.duration };
    }
    const url = value("url").trim();
    if (changed("url") && url && !/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : "")) {
      return { wrong: "url", why: texts.editor.link };
    }
    /** @type {Record<string, unknown>} */
    const fields = {};
    for (const name of LINES) if (changed(name)) fields[name] = value(name).trim() || null;
    for (const name of TEXTS) if (changed(name)) fields[name] = value(name).trim() ? value(name) : null;
    if (changed("persons")) {
      const names = value("persons").split("\n").map((name) => name.trim()).filter(Boolean);
      fields.persons = names;
    }
    if (changed("room")) fields.room = value("room").trim() || null;
    if (input("start").validity.badInput) return { wrong: "start", why: texts.editor.startNotWhole };
    const moved = changed("start") || (changed("offset") && value("start"));
    if (moved) {
      const zone = value("offset").trim().replace("−", "-").toUpperCase();
      const local = value("start").length === 16 ? `${value("start")}:00` : value("start");
      if (!value("start")) {
        fields.start = null;
      } else if (zone !== "Z" && !/^[+-](0\d|1[0-4]):[0-5]\d$/.test(zone)) {
        return { wrong: "offset", why: texts.editor.offset };
      } else if (!parseStart(local + zone)) {
        return { wrong: "start", why: texts.editor.startNoDate };
      } else {
        fields.start = local + zone;
      }
    }
    if (!talk) {
      for (const [name, content] of Object.entries(fields)) if (content === null || isEmptyList(content)) delete fields[name];
    }
    return { fields };
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (saving) return;
    settle();
    const result = changes();
    if ("wrong" in result) {
      refuse(result.wrong, result.why);
      return;
    }
    const subject = talk;
    const mine = opening;
    const written = read();
    if (Object.keys(result.fields).length === 0) {
      drafts.delete(subject?.id ?? "");
      close();
      notices.say(texts.form.nothingChanged);
      return;
    }
    busy(true);
    try {
      save.textContent = session.now ? texts.form.signing : texts.schemas.waiting;
      const panda = await session.panda();
      save.textContent = texts.form.signing;
      const { fields } = result;
      if (typeof fields.room === "string") fields.room = await panda.room(fields.room);
      const { id, acknowledged, error } = subject
        ? await panda.update(panda.talkSchema, subject.id, fields)
        : await panda.create(panda.talkSchema, fields);
      drafts.delete(subject?.id ?? "");
      if (mine === opening) done();
      busy(false);
      if (!acknowledged) return await keptHere(texts.editor.writeWaits, error);
      identity.answered();
      if (error) passedOver(error);
      else if (session.now?.mode === "remote") notices.say(subject ? texts.editor.changePublished : texts.editor.published);
      else notices.say(subject ? texts.editor.changeIsHere : texts.editor.isHere);
      await identity.refreshPending();
      await onSaved(id);
    } catch (error) {
      identity.saw(error);
      const { title, text: sentence, hint } = explain(error);
      await identity.refreshPending();
      busy(false);
      const field = fieldOf(error);
      const here = dialog.open && mine === opening;
      if (here && INPUTS.includes(field)) {
        refuse(field, sentence);
      } else if (here) {
        problem.textContent = `${title}. ${sentence} ${hint} ${texts.editor.stillHere}`;
      } else {
        drafts.set(subject?.id ?? "", written);
        notices.error(error, undefined, texts.editor.kept);
      }
    }
  });

  /**
   * @param {string} words  what was signed, and waits for the node; a sentence without its end
   * @param {import("panda.js").WriteError | null} why  it does; the node may have answered, and refused
   */
  async function keptHere(words, why) {
    if (why === null || AWAY.includes(why.reason)) {
      identity.setNode("unreachable");
      const offline = why?.reason === "offline";
      const then = offline ? texts.editor.byItself : texts.editor.pressSend;
      const reason = offline ? "offline" : "node-unreachable";
      notices.error(Object.assign(new Error(`${words}: ${then}.`), { reason }), undefined, "", false);
    } else {
      notices.error(errorOf(why), undefined, `${words}.`);
    }
    await identity.refreshPending();
  }

  /**
   * The node has what was signed, and shows it to nobody.
   * @param {import("panda.js").WriteError} why
   */
  function passedOver(why) {
    notices.error(errorOf(why));
  }

  /** What is signed is what is to be seen. @param {boolean} on */
  function busy(on) {
    saving = on;
    save.disabled = on;
    for (const name of INPUTS) input(name).readOnly = on;
    form.setAttribute("aria-busy", String(on));
    if (!on) save.textContent = texts.form.sign;
  }

  /** What stands in the form is saved. */
  function done() {
    before = read();
    close();
  }

  // ---- deleting

  const confirm = byId("confirm-delete", HTMLDialogElement);
  const yes = byId("confirm-yes", HTMLButtonElement);
  const no = byId("confirm-no", HTMLButtonElement);
  const refused = byId("confirm-error", HTMLElement);
  /** @type {Talk | null} */
  let doomed = null;

  no.addEventListener("click", () => confirm.close());
  confirm.addEventListener("cancel", (event) => {
    if (yes.disabled) event.preventDefault();
  });
  yes.addEventListener("click", async () => {
    if (!doomed) return;
    const { id } = doomed;
    yes.disabled = no.disabled = true;
    yes.textContent = texts.form.signing;
    refused.textContent = "";
    try {
      const panda = await session.panda();
      const { acknowledged, error } = await panda.delete(panda.talkSchema, id);
      confirm.close();
      drafts.delete(id);
      if (acknowledged) {
        identity.answered();
        if (error) passedOver(error);
        else notices.say(texts.form.deleted);
        onDeleted(id);
      } else {
        await keptHere(texts.editor.deleteWaits, error);
      }
    } catch (error) {
      identity.saw(error);
      const { title, text: sentence, hint } = explain(error);
      refused.textContent = `${title}. ${sentence} ${hint}`;
    }
    yes.disabled = no.disabled = false;
    yes.textContent = texts.form.deleteForGood;
    await identity.refreshPending();
  });

  return {
    open,
    /** @param {Talk} subject */
    askDelete(subject) {
      doomed = subject;
      byId("confirm-name", HTMLElement).textContent = subject.title || texts.programme.untitled;
      refused.textContent = "";
      confirm.showModal();
      no.focus();
    },
  };
}

/** @param {unknown} value */
function isEmptyList(value) {
  return Array.isArray(value) && value.length === 0;
}

/**
 * The field of a talk that an error is about; empty where it names none. A `name` is the room's: talks have none.
 *
 * @param {unknown} error
 */
function fieldOf(error) {
  const data = error instanceof Error && "data" in error ? error.data : null;
  const field = data && typeof data === "object" && "field" in data ? String(data.field) : "";
  return field === "name" ? "room" : field;
}
