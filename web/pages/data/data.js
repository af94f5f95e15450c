/**
 * The page for all data: choose a schema of this node, see its instances as a table, open one, write, and take all with
 * you. It is made of the elements; the address says what is shown.
 *
 * Hooks that tests and other scripts may rely on:
 *
 *   html[data-state]          starting | ready | failed
 *   ?schema=ID&filter=JSON&order=NAME,-NAME&open=ID     what is shown
 *   #schema-search #schema-list [data-id][data-state]   the schemas to choose from
 *   #data[data-state]         starting | choosing | loading | shown | empty | missing
 *   #data-title #about #count[data-shown]
 *   .condition [data-part=name|op|value]   one a row of the filter; .add-filter .clear-filter
 *   .records thead [data-sort=NAME]        sorts; its th has aria-sort
 *   .records tr[data-id][data-mine] .open-one [data-field] [data-relation] [data-open]
 *   #table panda-feed         its button "Show more" is its part "more"
 *   #open #open-title #open-body [data-name] [data-field] [data-open] #open-edit #open-link #open-close
 *   .versions li[data-version=create|update|delete][data-seq-num]   what its author said of it
 *   #write #writer panda-form #writer-close   #log panda-log #log-close #log-link #log-record   a log as a picture
 *   #download #download-csv #download-json #download-state #download-words #download-cancel
 *   #away[hidden] #away-size #away-large #away-keep     what is removed from this browser, and fetched again
 *   #open-body .removing #remove-this #remove-author .absent[data-absent=STATE] #open-keep   the same, of one; and why it is not here
 *   #refused                  what whoever runs the node says of an author of whom it takes nothing
 *   #no-answer #no-answer-words #no-answer-retry
 *   #notices .notice[data-kind=error|news][data-reason] .dismiss
 */

import * as texts from "texts";
import { byId, copy, el } from "../../elements/dom.js";
import { defineElements } from "../../elements/define.js";
import { plain } from "../../elements/foreign.js";
import { makeNotices } from "../shared/notices.js";
import { Session } from "../shared/session.js";
import { showOpen, showStart, startPython } from "../shared/start.js";
import { writeJson } from "../../elements/values.js";
import { count, explain } from "../../elements/words.js";
import { makeDownload } from "./download.js";
import { makeFilterBar } from "./filter-bar.js";
import { instanceView } from "./instance-view.js";
import { makeLog } from "./log.js";
import { LONGEST, addressOf, here } from "./place.js";
import { makeRemoving } from "./removing.js";
import { makeSchemaList } from "./schema-list.js";
import { makeTable } from "./table.js";
import { called, targetsOf } from "./related.js";
import { versionsView } from "./versions.js";

/**
 * @typedef {import("panda.js").Instance} Instance
 * @typedef {import("panda.js").Panda} Panda
 * @typedef {import("panda.js").Schema} Schema
 * @typedef {import("./place.js").Place} Place
 * @typedef {{id: string, schema: Schema | null, names: string[], targets: import("./related.js").Targets}} Kind  a schema, or what is known without its definition
 */

const session = new Session({ onProgress: showStart, onOpen: (panda) => showOpen(panda, notices) });
const notices = makeNotices(byId("notices", HTMLElement));
defineElements();

const main = byId("data", HTMLElement);
const title = byId("data-title", HTMLElement);
const counter = byId("count", HTMLElement);
const table = byId("table", HTMLElement);
const dialog = byId("open", HTMLDialogElement);
const writer = byId("writer", HTMLDialogElement);
const schemas = makeSchemaList();
const picture = makeLog({ notices, onClose: () => go({ ...here(), log: "", at: "" }) });
const removing = makeRemoving({ session, notices });
/** @type {Kind | null} */
let kind = null;
/** What the table shows, as a text that tells whether it is to be made anew. */
let shown = "";
/** The filter that the bar above it holds, as a text. */
let inBar = "";
let turn = 0;

// --- The address -------------------------------------------------------------------------------------------------

/** Goes to a place: Back leads here again. @param {Partial<Place>} place */
function go(place) {
  const address = addressOf(place);
  if (address.length > LONGEST) {
    notices.error(new Error(texts.data.tooLong));
    return;
  }
  history.pushState(null, "", address);
  void route();
}

window.addEventListener("popstate", () => void route());
document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  const other = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button !== 0;
  if (!link || other || link.target || link.origin !== location.origin || link.pathname !== location.pathname || link.hash) return;
  event.preventDefault();
  history.pushState(null, "", link.href);
  showSide(false);
  void route();
});

async function route() {
  const mine = ++turn;
  await routeData(mine);
  if (mine === turn) void picture.show(here());
}

/** @param {number} mine */
async function routeData(mine) {
  const place = here();
  schemas.choose(place.schema);
  document.documentElement.toggleAttribute("data-choosing", !place.schema);
  if (!place.schema) {
    kind = null;
    shown = "";
    table.replaceChildren();
    title.textContent = texts.data.choose;
    document.title = texts.data.title;
    arrange("choosing");
    close();
    return;
  }
  try {
    const panda = await session.panda();
    if (kind?.id !== place.schema) {
      arrange("loading");
      title.textContent = texts.identity.oneMoment;
      table.replaceChildren();
      const found = await kindOf(panda, place.schema);
      if (mine !== turn) return;
      kind = found;
      shown = "";
    }
    show(panda, kind, place);
  } catch (error) {
    if (mine === turn) missing(error);
  }
}

/** @param {unknown} error */
function missing(error) {
  kind = null;
  shown = "";
  table.replaceChildren();
  title.textContent = texts.data.title;
  const { title: what, text, hint } = explain(error);
  byId("no-answer-words", HTMLElement).textContent = `${what}. ${text} ${hint}`;
  arrange("missing");
  close();
}
byId("no-answer-retry", HTMLButtonElement).addEventListener("click", () => void (session.now ? route() : start()));

/**
 * What is known of a schema. Where nobody has defined it, its instances say which fields there are.
 *
 * @param {Panda} panda
 * @param {string} asked
 * @returns {Promise<Kind>}
 */
async function kindOf(panda, asked) {
  try {
    const schema = await panda.schema(asked);
    return { id: asked, schema, names: Object.keys(schema.fields), targets: await targetsOf(panda, schema) };
  } catch (error) {
    const some = await panda.query(asked, { limit: 50 }).catch(() => null);
    if (!some?.length) throw error; // it says more than that there are no instances
    const names = [...new Set(some.flatMap((instance) => Object.keys(instance)))].filter((name) => name !== "id" && !name.startsWith("_"));
    return { id: asked, schema: null, names, targets: new Map() };
  }
}

// --- The table ---------------------------------------------------------------------------------------------------

/** @param {Panda} panda @param {Kind} now @param {Place & {problem: string}} place */
function show(panda, now, place) {
  const { schema, id } = now;
  title.textContent = schema ? plain(schema.name) : (schemas.about(id)?.name ?? texts.data.noDefinition);
  document.title = `${title.textContent} · ${texts.data.title}`;
  const about = byId("about", HTMLElement);
  about.textContent = schema ? plain(schema.description.slice(0, 2000)) : texts.data.nobodyDefined;
  about.hidden = !about.textContent;
  byId("write", HTMLButtonElement).hidden = !schema || !panda.author;
  removing.show(panda, id);
  if (place.problem) notices.error(Object.assign(new Error(place.problem), { reason: "address-wrong" }));
  const key = addressOf({ ...place, open: "", log: "" });
  if (key !== shown) {
    shown = key;
    counter.textContent = "";
    showFilter(panda, now, place);
    arrange("loading");
    table.replaceChildren(makeTable({
      place, schema, names: now.names, targets: now.targets,
      onSort: (order) => go({ ...here(), order, open: "" }),
      onShown({ instances, more }) {
        counter.dataset.shown = String(instances.length);
        counter.textContent = instances.length ? count(instances.length, more ? texts.data.first : texts.data.entries) : "";
        arrange(instances.length ? "shown" : "empty");
        void removing.refused(panda, place.filter, !instances.length);
      },
      onFailed: () => arrange("shown"),
    }));
  }
  if (place.open) open(panda, now, place.open);
  else close();
}

/** Makes the bar anew, unless what it holds is what is shown: then somebody is at work in it. @param {Panda} panda @param {Kind} now @param {Place} place */
function showFilter(panda, { schema, id }, place) {
  const bar = byId("filter", HTMLElement);
  const held = (/** @type {object} */ filter) => `${id} ${writeJson(filter)}`;
  if (inBar === held(place.filter) && bar.hasChildNodes()) return;
  inBar = held(place.filter);
  bar.replaceChildren();
  if (!schema) return;
  makeFilterBar({
    bar, panda, schema, filter: place.filter,
    onChange(filter) {
      if (held(filter) === inBar) return;
      inBar = held(filter);
      go({ ...here(), filter, open: "" });
    },
    onClear() {
      inBar = "";
      go({ ...here(), filter: {}, open: "" });
    },
  });
}

/** @param {"starting" | "choosing" | "loading" | "shown" | "empty" | "missing"} state */
function arrange(state) {
  main.dataset.state = state;
  main.setAttribute("aria-busy", String(state === "loading" || state === "starting"));
  const has = ["loading", "shown", "empty"].includes(state) && kind !== null;
  byId("choose", HTMLElement).hidden = state !== "choosing" && state !== "starting";
  byId("no-answer", HTMLElement).hidden = state !== "missing";
  byId("tools", HTMLElement).hidden = !has;
  byId("filter", HTMLElement).hidden = !has || !kind?.schema;
  if (!has) {
    counter.textContent = "";
    byId("about", HTMLElement).hidden = true;
  }
}

// --- One instance ------------------------------------------------------------------------------------------------

/** @param {Panda} panda @param {Kind} now @param {string} id */
function open(panda, now, id) {
  if (dialog.dataset.id !== id) {
    dialog.dataset.id = id;
    byId("open-title", HTMLElement).textContent = texts.identity.oneMoment;
    byId("open-edit", HTMLButtonElement).hidden = true;
    const body = byId("open-body", HTMLElement);
    const place = el("div", {});
    /** What stands there. */
    let version = "";
    // What a reader has opened stays open while the rest is drawn anew.
    /** @type {HTMLElement[] | null} */
    let away = null;
    /** @type {HTMLDetailsElement | null} */
    let versions = null;
    // Read as everything else is: so it follows what happens to it.
    const feed = el("panda-feed", { attrs: { schema: now.id, filter: JSON.stringify({ id }), include: [...now.targets.keys()].join(" "), limit: "1" } }, el("template", {}));
    const none = el("div", { class: "absent", attrs: { slot: "empty" } });
    let wasHere = false;
    let told = 0;
    feed.append(none);
    feed.addEventListener("panda-shown", async (event) => {
      const [instance] = /** @type {CustomEvent<{instances: Instance[]}>} */ (event).detail.instances;
      const mine = ++told;
      wasHere ||= Boolean(instance); // asked for by its id alone: so it is gone when it is shown no more
      byId("open-edit", HTMLButtonElement).hidden = !instance || !now.schema || instance._meta.author !== panda.author;
      const read = instance ? writeJson([instance._meta.lastEntry, instance._meta.waiting === true, instance._meta.reach, instance._included]) : "";
      if (instance) byId("open-title", HTMLElement).textContent = called(instance, now);
      if (!instance) {
        version = read;
        away = versions = null;
        place.replaceChildren();
        const { state, title: what, words } = await removing.absent(panda, id, wasHere);
        if (mine !== told || dialog.dataset.id !== id) return;
        byId("open-title", HTMLElement).textContent = what;
        none.dataset.absent = state;
        none.replaceChildren(...words);
        return;
      }
      if (version === read) return;
      version = read;
      versions = versionsView({ panda, of: now.id, instance, before: versions });
      away ??= removing.fold(panda, instance);
      place.replaceChildren(...instanceView({ panda, instance, schema: now.schema, targets: now.targets, versions }), ...away);
    });
    body.replaceChildren(place, feed);
  }
  if (!dialog.open) {
    dialog.showModal();
    dialog.scrollTop = 0;
  }
}

function close() {
  delete dialog.dataset.id;
  byId("open-body", HTMLElement).replaceChildren();
  if (dialog.open) dialog.close();
}
byId("open-close", HTMLButtonElement).addEventListener("click", () => go({ ...here(), open: "" }));
dialog.addEventListener("cancel", (event) => {
  event.preventDefault();
  go({ ...here(), open: "" });
});
byId("open-link", HTMLButtonElement).addEventListener("click", (event) => {
  if (event.currentTarget instanceof HTMLButtonElement) void copy(location.href, event.currentTarget, () => byId("open-title", HTMLElement));
});
byId("open-edit", HTMLButtonElement).addEventListener("click", () => write(dialog.dataset.id ?? ""));

// --- Writing -----------------------------------------------------------------------------------------------------

/** What was typed and not published stays, each in its form, until the page is left. @type {Map<string, import("../../elements/form.js").PandaForm>} */
const forms = new Map();
const isTouched = () => [...forms.values()].some((form) => form.isTouched);

/** @param {string} instance  empty: a new one */
function write(instance) {
  if (!kind) return;
  byId("writer-title", HTMLElement).textContent = instance ? texts.data.changeOrDelete : texts.data.writeOne;
  for (const [key, form] of forms) {
    if (form.isTouched) continue;
    form.remove();
    forms.delete(key);
  }
  const key = `${kind.id} ${instance}`;
  const form = forms.get(key) ?? newForm(kind.id, instance);
  forms.set(key, form);
  if (!form.isConnected) byId("writer-body", HTMLElement).append(form);
  for (const each of forms.values()) each.hidden = each !== form;
  writer.showModal();
}

/** @param {string} schema @param {string} instance */
function newForm(schema, instance) {
  const form = el("panda-form", { attrs: { schema, ...(instance ? { instance } : {}) } });
  const close = () => form.hidden || writer.close(); // another one may be open by now
  form.addEventListener("panda-written", () => {
    close();
    notices.say(instance ? texts.data.changeSigned : texts.data.signed);
  });
  form.addEventListener("panda-deleted", () => {
    close();
    notices.say(texts.data.deleted);
    if (here().open === instance) go({ ...here(), open: "" });
  });
  return form;
}
byId("write", HTMLButtonElement).addEventListener("click", () => write(""));
byId("writer-close", HTMLButtonElement).addEventListener("click", () => writer.close());
writer.addEventListener("close", () => {
  if (isTouched()) notices.say(texts.data.notPublished);
});
window.addEventListener("beforeunload", (event) => {
  if (isTouched()) event.preventDefault();
});

// --- Taking it along ---------------------------------------------------------------------------------------------

makeDownload({ session, notices, what: () => kind && { id: kind.id, name: kind.schema?.name ?? "data", names: kind.names, filter: here().filter, order: here().order } });

// --- Python ------------------------------------------------------------------------------------------------------

const sideButton = byId("side-open", HTMLButtonElement);
/** @param {boolean} is */
function showSide(is) {
  document.documentElement.toggleAttribute("data-side", is);
  sideButton.setAttribute("aria-expanded", String(is));
}
sideButton.addEventListener("click", () => showSide(sideButton.getAttribute("aria-expanded") !== "true"));

async function list() {
  try {
    await schemas.read(await session.panda());
    byId("choose-words", HTMLElement).textContent = texts.data.eachKind;
  } catch (error) {
    notices.error(error, { label: texts.elements.tryAgain, run: () => void list() }, texts.data.notRead);
  }
}

async function start() {
  if (!(await startPython({ session, notices, again: start, onFail: missing }))) return;
  void removing.watch(await session.panda());
  await Promise.all([list(), route()]);
}

window.addEventListener("pageshow", async (event) => {
  if (!event.persisted || !session.now) return;
  await list();
  shown = "";
  await route();
  notices.clear("page-left");
});
window.addEventListener("pagehide", (event) => {
  if (!event.persisted) session.close();
});

document.documentElement.toggleAttribute("data-choosing", !here().schema);
void start();
