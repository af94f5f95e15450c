/**
 * The page. It paints at once; Python starts in a worker meanwhile, behind panda.js.
 *
 * Hooks that tests and other scripts may rely on:
 *
 *   html[data-state]          starting | ready | failed
 *   html[data-apart]          what the reader writes stands apart from the programme
 *   #start #start-status #start-progress     while Python starts
 *   #side-open                on a narrow screen, shows who I am and the import
 *   #me[data-author][data-kind]              <panda-identity>: 64 hex digits, empty without a key; webcrypto | pure25519 | none
 *   #backup-offer #backup-open #backup-later     from the first publish on, until there is a decision
 *   #node #node-state[data-node]             address; unknown | reachable | unreachable
 *   #node-url #node-use       opens the page with ?node=ADDRESS
 *   #pending[data-pending] #send-now         signed entries that the node has not acknowledged
 *   #in-here                  all that is in this browser: #here-export #here-import #here-file #here-forget
 *     #forget                 asks twice: #forget-first, then #forget-yes; #forget-no
 *   #import[data-state]       idle | running | paused
 *   #import-file #import-drop #import-start #import-cancel #import-resume
 *   #import-progress (value, max) #import-count #import-status #import-left-out
 *   #here[data-here]          never | filling | whole | stopped: how much of the programme is here; empty in mode "remote"
 *   #programme[data-state]    loading | empty | shown | failed; aria-busy while it reads
 *   #filter-day (YYYY-MM-DD) #filter-room #filter-track #search #filter-clear: an option's value is the text
 *                             itself, "" for all, "\n" for items that have none
 *   #count[data-shown][data-total] #reload #new #empty #no-match #no-answer #no-answer-retry
 *   #withheld[data-count] [data-reason]      what failed the checks, by reason
 *   #whose[data-by]           whose programme it is, as link | site | you | nobody says; #whose-summary
 *     #whose-list [data-author] .follow .mute .only     #whose-link copies its address; #whose-back #whose-own in a link's
 *   #take #take-ics #take-json #take-said     what is shown of the programme, as a file
 *   #muted #muted-summary #muted-list [data-author]     authors of whom the reader wants to see nothing
 *   #own                      the reader's talks that are not in the programme
 *   #proposed #proposed-summary #proposed-more          what others propose; read when it is opened
 *   #profile-fold #profile-name #profile-about #profile-save #profile-is     what the reader calls themselves
 *   section.day[data-day]     one a day; the day starts at 05:00
 *   article.talk[data-id][data-mine][data-waiting][data-author][data-place][data-signed][data-verified][data-complete]
 *     .open (aria-expanded)   opens the talk
 *     [data-field=…]          title subtitle persons track room start duration language; open: abstract
 *                             description url kind author logId seqNum entryHash id; data-value holds the value
 *                             as published, where the text is a shorter form
 *     .who[data-whose]        "you", or the first eight digits of the author
 *     .follow .mute           the author; others' talks only
 *     .also .version[data-author]              what others say of the same event
 *     [data-badge=signed|verified|complete][data-holds]     in the details; complete: edited talks only
 *     .take                   the talk into a calendar; only where it has a time
 *     .edit .delete           one's own only
 *   #editor                   the form's inputs are #f-title, #f-start, #f-offset … (#f- and the field's name)
 *     #editor-save #editor-close #editor-error #editor-input-error #editor-draft #editor-discard
 *   #confirm-delete #confirm-yes #confirm-no #confirm-error
 *   #notices .notice[data-kind=error|news][data-reason] .dismiss
 */

import * as texts from "texts";
import { connection } from "../../../web/pages/shared/address.js";
import { defineElements } from "../../../web/elements/define.js";
import { byId } from "../../../web/elements/dom.js";
import { makeEditor } from "./editor.js";
import { makeIdentity } from "./identity.js";
import { makeImport } from "./import.js";
import { makeNotices } from "../../../web/pages/shared/notices.js";
import { makeProgramme } from "./programme.js";
import { makeReaders, wishing } from "./readers.js";
import { firstAuthors, firstTrusted } from "./whose.js";
import { makeHere } from "../../../web/pages/shared/here.js";
import { makeNodes } from "../../../web/pages/shared/nodes-panel.js";
import { makeBackup } from "../../../web/pages/shared/backup.js";
import { Session } from "../../../web/pages/shared/session.js";
import { showOpen, showStart, startPython } from "../../../web/pages/shared/start.js";

const options = wishing(firstAuthors());
/** @type {import("./festival.d.ts").FestivalSession} */
const session = new Session({
  onProgress: showStart,
  onOpen,
  options: connection.mode === "remote" ? options : { ...options, trusted: firstTrusted() },
});
const notices = makeNotices(byId("notices", HTMLElement));
const backup = makeBackup({ session });
defineElements();
const load = () => void programme.load();
const identity = makeIdentity({ session, notices, onSent: load, onBack: load, onWaiting: backup.published });
const programme = makeProgramme({
  session,
  readers: makeReaders(options),
  notices,
  identity,
  onOwn: backup.published,
  onEdit: (talk) => editor.open(talk),
  onDelete: (talk) => editor.askDelete(talk),
});
const editor = makeEditor({
  session,
  notices,
  identity,
  offset: programme.offset,
  async onSaved(id) {
    try {
      await programme.refresh(id);
      programme.reveal(id);
    } catch (error) {
      identity.saw(error);
      notices.error(error, { label: texts.programme.askAgain, run: () => void programme.load() }, texts.programme.onlyReading);
    }
  },
  onDeleted: programme.remove,
});
byId("me", HTMLElement).addEventListener("panda-author", () => {
  void identity.refreshPending();
  void programme.load();
});
const nodes = makeNodes();
const inHere = makeHere({ session, notices, onImported: load });
const importer = makeImport({ session, notices, identity, onPublished: () => programme.load() });

byId("new", HTMLButtonElement).addEventListener("click", () => editor.open(null));
byId("empty-new", HTMLButtonElement).addEventListener("click", () => editor.open(null));
byId("empty-import", HTMLButtonElement).addEventListener("click", () => {
  showSide(true);
  importer.ask();
});

// On a narrow screen the programme comes first: what stands beside it elsewhere is behind one button.
const sideButton = byId("side-open", HTMLButtonElement);
/** @param {boolean} open */
function showSide(open) {
  document.documentElement.toggleAttribute("data-side", open);
  sideButton.setAttribute("aria-expanded", String(open));
}
sideButton.addEventListener("click", () => showSide(sideButton.getAttribute("aria-expanded") !== "true"));
byId("import-file", HTMLInputElement).addEventListener("change", () => showSide(true));

identity.setAddress(connection.node ?? new URL(".", location.href).href);

/** @param {import("./festival.d.ts").FestivalPanda} panda */
function onOpen(panda) {
  identity.show(panda);
  backup.show(panda);
  inHere.show(panda);
  void nodes.show(panda);
  for (const id of ["new", "import-file"]) byId(id, HTMLElement).toggleAttribute("disabled", !panda.author);
  showOpen(panda, notices);
}

async function begin() {
  /** @param {unknown} error */
  const onFail = (error) => {
    identity.saw(error);
    programme.fail(error);
  };
  if (!(await startPython({ session, notices, again: begin, onFail }))) return;
  if (session.now) void identity.follow(session.now);
  await identity.refreshPending();
  await programme.load();
}

for (const id of ["reload", "no-answer-retry"]) {
  byId(id, HTMLButtonElement).addEventListener("click", () => void (session.now ? programme.load() : begin()));
}

// Back on a page that was kept as it stood: panda.js starts Python again, and others may have published meanwhile.
window.addEventListener("pageshow", async (event) => {
  if (!event.persisted || !session.now) return;
  const read = programme.load();
  await identity.refreshPending();
  onOpen(session.now);
  await read;
  notices.clear("page-left");
});
window.addEventListener("pagehide", (event) => {
  if (!event.persisted) session.close();
});

void begin();
