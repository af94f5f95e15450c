/**
 * The page on which somebody describes a kind of data. It paints at once; what is written is checked as soon as
 * Python is there. What is right, and how a file is written, Python decides.
 *
 * Hooks that tests and other scripts may rely on:
 *
 *   html[data-state]          starting | ready | failed
 *   ?id=ID                    shows a schema that is published
 *   #schema[data-state]       writing | loading | published | missing
 *   #name #description        of the schema; #name-problem #description-problem
 *   .schema-field             one a field, in their order
 *     [data-part=…]           name type array optional validation schema other cascade
 *     [data-act=…]            up down remove
 *     .problem                what is wrong with it; the input that it is about is aria-invalid
 *   #add #publish #form-problem #signer #author[data-author]
 *   #open-file                reads a schema's file into the form
 *   #toml #file-save          the file; #toml[data-current] says whether it is of what the form holds now
 *   #published [data-use=id|javascript|node]     what there is to do with a schema; .copy in each
 *   #me #backup-offer #backup-open #backup-later  as on the page of the programme
 *   #again                    a new one that begins as this one
 *   #known [data-id]          other schemas, as links
 *   #pending[data-pending] #send-now             signed entries that the node has not acknowledged
 *   #notices .notice[data-kind=error|news][data-reason] .dismiss
 */

import * as texts from "texts";
import { siteLink } from "../shared/address.js";
import { makeBackup } from "../shared/backup.js";
import { defineElements } from "../../elements/define.js";
import { byId, copy, el, button, save, shortAuthor } from "../../elements/dom.js";
import { face } from "../../elements/face.js";
import { plain } from "../../elements/foreign.js";
import { LISTED, showKnown } from "./known-schemas.js";
import { makeNotices } from "../shared/notices.js";
import { makePending } from "../shared/pending.js";
import { draftOf, makeSchemaForm } from "./schema-form.js";
import { Session } from "../shared/session.js";
import { showOpen, showStart, startPython } from "../shared/start.js";
import { explain, say } from "../../elements/words.js";

/**
 * @typedef {import("../shared/types.js").Panda} Panda
 * @typedef {import("../shared/types.js").Schema} Schema
 * @typedef {import("../shared/types.js").SchemaDraft} SchemaDraft
 * @typedef {import("../shared/types.js").DescribedDraft} DescribedDraft
 * @typedef {import("../shared/types.js").ListedSchema} ListedSchema
 */

const PAUSE_MS = 250;
const LARGEST_FILE = 4_000_000;

const main = byId("schema", HTMLElement);
const title = byId("schema-title", HTMLElement);
const publish = byId("publish", HTMLButtonElement);
const refused = byId("refused", HTMLElement);
const published = byId("published", HTMLElement);
const toml = byId("toml", HTMLElement);
const fileNote = byId("file-note", HTMLElement);
const fileSave = byId("file-save", HTMLButtonElement);
const file = byId("open-file", HTMLInputElement);
const openWords = byId("open-words", HTMLElement);

const session = new Session({ onProgress: showStart, onOpen });
const notices = makeNotices(byId("notices", HTMLElement));
const backup = makeBackup({ session });
defineElements();
const pending = makePending({ session, notices, onSent: () => void list(), onBack: () => void list() });
const form = makeSchemaForm({ onChange, about });

/** What the form held when it was last kept somewhere else, or was new. */
let saved = written();
/** What was being written when the reader went to see another schema. @type {SchemaDraft | null} */
let left = null;
/** Whether publishing was tried, so that everything wrong is shown. */
let asked = false;
let checks = 0;
/** @type {ListedSchema[]} */
let known = [];
let pause = 0;

// --- Writing -----------------------------------------------------------------------------------------------------

function written() {
  return JSON.stringify(form.read());
}

function onChange() {
  checks += 1; // what is being looked at is not what the form holds any more
  toml.dataset.current = "false";
  clearTimeout(pause);
  pause = window.setTimeout(() => {
    if (session.now) void check();
  }, PAUSE_MS);
}

/** Has Python look at what the form holds, once it is there; only the latest look counts. */
async function check() {
  const mine = (checks += 1);
  const panda = await session.panda();
  const found = await panda.describe(form.read());
  if (mine === checks) showChecked(found);
}

/** What is under way may not be crossed by something else. @param {boolean} is */
function busy(is) {
  file.disabled = is;
  publish.disabled = is || !refused.hidden;
}

/** @param {DescribedDraft} found */
function showChecked(found) {
  checks += 1;
  refused.hidden = found.refusal === null;
  const { title: tooOld, text: why } = explain(Object.assign(new Error(found.refusal ?? ""), { reason: "node-too-old" }));
  refused.textContent = found.refusal === null ? "" : `${why || `${tooOld}.`} ${texts.schemas.savedAndPublished}`;
  publish.disabled = file.disabled || found.refusal !== null;
  form.show(found.problems, asked);
  showFile(found);
}

/** @param {DescribedDraft} found */
function showFile({ toml: text, definition }) {
  toml.hidden = text === null;
  toml.textContent = text ?? "";
  toml.dataset.current = String(definition !== null);
  fileSave.disabled = definition === null;
  fileNote.hidden = definition !== null;
  fileNote.textContent = text === null
    ? texts.schemas.grows
    : texts.schemas.leftOut;
}

fileSave.addEventListener("click", () => {
  const name = form.read().name.replace(/[^\p{L}\p{N}_-]+/gu, "-").slice(0, 60);
  save(toml.textContent ?? "", `${name || "schema"}.toml`, "application/toml");
  saved = written();
});

async function openFile() {
  const chosen = file.files?.[0];
  if (!chosen) return;
  busy(true);
  openWords.textContent = session.now ? texts.schemas.reading : texts.schemas.waiting;
  try {
    if (chosen.size > LARGEST_FILE) throw new Error(texts.schemas.tooLarge);
    const text = await chosen.text();
    const panda = await session.panda();
    put(draftOf(await panda.schemaFromToml(text)));
  } catch (error) {
    notices.error(error);
  }
  file.value = "";
  busy(false);
  openWords.textContent = texts.schemas.openAFile;
}
file.addEventListener("change", () => void openFile());

/** @param {SchemaDraft} draft  takes the place of what was written, which can be had back */
function put(draft) {
  const before = form.read();
  const lost = isUnsaved();
  if (main.dataset.state !== "writing") leave();
  form.write(draft);
  saved = written();
  void check();
  byId("name", HTMLInputElement).focus();
  if (lost) {
    notices.offer("replaced", texts.schemas.replaced, {
      label: texts.schemas.bringBack,
      run() {
        notices.clear("replaced");
        form.write(before);
        void check();
      },
    });
  }
}

publish.addEventListener("click", async () => {
  const label = publish.textContent ?? "";
  busy(true);
  publish.textContent = session.now ? texts.form.signing : texts.schemas.waiting;
  form.lock(true); // what is signed is what is to be seen
  try {
    const panda = await session.panda();
    publish.textContent = texts.form.signing;
    const found = await panda.describe(form.read());
    asked = true;
    showChecked(found);
    if (found.definition) {
      const schema = await panda.define(found.definition);
      saved = written();
      history.pushState(null, "", siteLink("schemas.html", { id: schema.id }));
      show(schema);
      published.focus();
      backup.published();
      void pending.refresh();
      void list();
    }
  } catch (error) {
    notices.error(error, undefined, texts.schemas.stillHere);
  }
  busy(false);
  publish.textContent = label;
  if (main.dataset.state !== "writing") return;
  form.lock(false);
  form.focusProblem();
});

/** The form is there to write in; what it holds stays. */
function begin() {
  main.dataset.state = "writing";
  title.textContent = texts.schemas.describe;
  asked = false;
  form.lock(false);
  arrange();
  onChange();
}

byId("again", HTMLButtonElement).addEventListener("click", anew);
byId("no-answer-new", HTMLButtonElement).addEventListener("click", anew);

function leave() {
  history.pushState(null, "", siteLink("schemas.html"));
  begin();
}

function anew() {
  leave();
  byId("name", HTMLInputElement).focus();
}

function isUnsaved() {
  return main.dataset.state === "writing" && written() !== saved;
}
window.addEventListener("beforeunload", (event) => {
  if (left || isUnsaved()) event.preventDefault();
});

// --- One that is published ---------------------------------------------------------------------------------------

/** @param {Schema} schema */
function show(schema) {
  main.dataset.state = "published";
  title.textContent = plain(schema.name);
  form.write(draftOf(schema));
  form.lock(true);
  const names = Object.keys(schema.fields);
  const some = names.length > 4 ? `${names.slice(0, 4).join(", ")}, …` : names.join(", ");
  byId("published-use", HTMLElement).replaceChildren(
    ...use("id", texts.schemas.itsId, schema.id),
    ...use("javascript", texts.schemas.inJavaScript, `const { id } = await panda.schema("${schema.id}"); // then: panda.create(id, { ${some} })`),
    ...use("node", texts.schemas.forNode, `panda schema register ${schema.id}`),
  );
  byId("to-data", HTMLAnchorElement).href = siteLink("data.html", { schema: schema.id });
  arrange();
  void session.panda().then(async (panda) => showFile(await panda.describe(draftOf(schema)))).catch(notices.error);
}

/**
 * Something to copy.
 *
 * @param {string} name  the hook
 * @param {string} label
 * @param {string} text
 */
function use(name, label, text) {
  const code = el("code", {}, text);
  const take = button(texts.elements.copy, () => void copy(text, take, () => code), "copy");
  take.setAttribute("aria-label", say(texts.elements.copyWhat, { name: label }));
  return [el("dt", {}, label), el("dd", { data: { use: name } }, code, take)];
}

/** @param {string} id  from the address: anything */
async function load(id) {
  if (isUnsaved()) left = form.read();
  main.dataset.state = "loading";
  title.textContent = texts.schemas.aSchema;
  arrange();
  try {
    const panda = await session.panda();
    const schema = await panda.schema(id);
    if (asksFor() === id) show(schema);
  } catch (error) {
    if (asksFor() !== id) return;
    main.dataset.state = "missing";
    const { text, hint } = explain(error);
    byId("no-answer-words", HTMLElement).textContent = `${text.slice(0, 1000)} ${hint}`;
    arrange();
  }
}

/** Shows what belongs to the page's state. */
function arrange() {
  const { state } = main.dataset;
  byId("loading", HTMLElement).hidden = state !== "loading";
  byId("no-answer", HTMLElement).hidden = state !== "missing";
  for (const id of ["form", "file"]) byId(id, HTMLElement).hidden = state !== "writing" && state !== "published";
  published.hidden = state !== "published";
  main.setAttribute("aria-busy", String(state === "loading"));
  showKnown(known, asksFor());
}

/** The schema that the address asks for; null for a new one. */
function asksFor() {
  return new URLSearchParams(location.search).get("id");
}

function route() {
  const id = asksFor();
  if (id !== null) {
    void load(id);
    return;
  }
  if (left) form.write(left);
  left = null;
  begin();
}
window.addEventListener("popstate", route);
byId("no-answer-retry", HTMLButtonElement).addEventListener("click", route);

// --- Others ------------------------------------------------------------------------------------------------------

/** @param {string} id @returns {Promise<string>} what that schema is */
async function about(id) {
  if (!session.now) return "";
  try {
    const { name, description } = await session.now.schema(id);
    return plain(description ? `${name}: ${description}` : name);
  } catch (error) {
    const { reason, text } = explain(error);
    return reason === "invalid-params" ? "" : text; // of what is no id, the field speaks
  }
}

/** Reads which schemas there are. */
async function list() {
  const panda = session.now;
  if (!panda) return;
  try {
    known = (await panda.schemas()).filter(({ name }) => name);
    form.offer(known.slice(0, LISTED));
    showKnown(known, asksFor());
    if (main.dataset.state === "writing") void check(); // which kind of node it is, is known by now
  } catch (error) {
    notices.error(error, { label: texts.elements.tryAgain, run: () => void list() }, texts.schemas.notRead);
  }
}

// --- Python ------------------------------------------------------------------------------------------------------

/** @param {Panda} panda */
function onOpen(panda) {
  showOpen(panda, notices);
  backup.show(panda);
  publish.hidden = !panda.author;
  byId("signer", HTMLElement).hidden = !panda.author;
  if (panda.author) {
    byId("face", HTMLElement).replaceChildren(face(panda.author));
    const author = byId("author", HTMLElement);
    author.textContent = shortAuthor(panda.author);
    author.dataset.author = panda.author;
  }
}

async function start() {
  if (!(await startPython({ session, notices, again: start }))) return;
  if (session.now) void pending.follow(session.now);
  if (main.dataset.state === "writing") void check();
  if (main.dataset.state === "missing") route(); // what failed was the start
  const [waiting] = await Promise.all([pending.refresh(), list()]);
  if (waiting > 0) backup.published();
}

// Back on a page that was kept as it stood: panda.js starts Python again, and others may have published meanwhile.
window.addEventListener("pageshow", async (event) => {
  if (!event.persisted || !session.now) return;
  await pending.refresh();
  onOpen(session.now);
  await list();
  notices.clear("page-left");
});
window.addEventListener("pagehide", (event) => {
  if (!event.persisted) session.close();
});

route();
void start();
void openFile(); // the input was there before this script
