/** Who I am: author, kind of key, node, entries that wait. */

import { byId, copy, shortAuthor } from "../../../web/elements/dom.js";
import { face } from "../../../web/elements/face.js";
import { makePending } from "../../../web/pages/shared/pending.js";
import { AWAY, explain } from "../../../web/elements/words.js";

/**
 * @typedef {import("../../../web/pages/shared/types.js").Panda} Panda
 * @typedef {"unknown" | "reachable" | "unreachable"} NodeState
 */

/** @type {Record<string, string>} by what became of the offer to copy it */
const COPIES = {
  saved: "A copy of it was saved: with that and its passphrase you can go on elsewhere.",
  declined: "It is only here, and you wanted no copy: clear this site's data and it is gone, and with it the power to edit your talks.",
};
const LOSS = "It is only here: clear this site's data and it is gone, and with it the power to edit your talks.";

/** @type {Record<string, {short: string, strong: string, words: string}>} */
const KINDS = {
  webcrypto: {
    short: "key kept by the browser",
    strong: "Kept by the browser.",
    words: `The key pair (Ed25519) was made in this browser. This site can sign with it, and no script can read it.`,
  },
  pure25519: {
    short: "weaker key",
    strong: "The weaker choice.",
    words: `This browser has no Ed25519 of its own, so the key lies in the site's storage, where every script of this site can read it. Good for trying things out; for more, use an up-to-date browser.`,
  },
  none: {
    short: "reading only",
    strong: "Reading only.",
    words: "The browser gives this page no storage, so no key can be kept and nothing can be written. The programme can be read and checked all the same. Private windows and blocked site data are the usual causes.",
  },
};

/** Browsers give no cryptography to pages that came over plain http from another machine. */
const PLAIN =
  "This page came over plain http, and browsers keep no key for such a page: so it lies in the site's storage, where every script of this site can read it. Good for trying things out; for more, open the page with https.";

/**
 * @param {object} use
 * @param {import("./festival.d.ts").FestivalSession} use.session
 * @param {import("../../../web/pages/shared/notices.js").Notices} use.notices
 * @param {() => void} use.onSent  entries that waited have reached the node
 * @param {() => void} use.onWaiting  some are signed, and wait
 */
export function makeIdentity({ session, notices, onSent, onWaiting }) {
  const author = byId("author", HTMLElement);
  const all = byId("author-all", HTMLElement);
  const full = byId("author-full", HTMLButtonElement);
  const take = byId("author-copy", HTMLButtonElement);
  const kind = byId("key-kind", HTMLElement);
  const nodeState = byId("node-state", HTMLElement);
  const nodeUrl = byId("node-url", HTMLInputElement);

  /** @param {boolean} open */
  function showAll(open) {
    all.hidden = !open;
    full.setAttribute("aria-expanded", String(open));
    full.textContent = open ? "Show less" : "Show all";
    return all;
  }
  full.addEventListener("click", () => showAll(Boolean(all.hidden)));
  take.addEventListener("click", () => void copy(all.textContent ?? "", take, () => showAll(true)));

  const countPending = makePending({
    session,
    notices,
    onSent() {
      setNode("reachable");
      onSent();
    },
    onError: saw,
  });

  async function refreshPending() {
    const waiting = await countPending();
    if (waiting > 0) onWaiting();
    return waiting;
  }

  byId("node-use", HTMLButtonElement).addEventListener("click", useNode);
  nodeUrl.addEventListener("keydown", (event) => {
    if (event.key === "Enter") useNode();
  });

  /** Opens the page again with another node. Only http and https: the address goes nowhere else. */
  function useNode() {
    const url = URL.canParse(nodeUrl.value.trim()) ? new URL(nodeUrl.value.trim()) : null;
    const usable = url !== null && (url.protocol === "https:" || url.protocol === "http:");
    nodeUrl.setAttribute("aria-invalid", String(!usable));
    nodeUrl.setCustomValidity(usable ? "" : "An address that starts with https:// or http://");
    if (!usable) {
      nodeUrl.reportValidity();
      return;
    }
    const here = new URL(location.href);
    here.searchParams.set("node", url.href);
    location.assign(here);
  }
  nodeUrl.addEventListener("input", () => nodeUrl.setCustomValidity(""));

  /** @param {NodeState} state */
  function setNode(state) {
    nodeState.dataset.node = state;
    if (state === "reachable") notices.clear(...AWAY, "insecure-node"); // what they say is over
    nodeState.textContent = { unknown: "not asked yet", reachable: "answers", unreachable: "does not answer" }[state];
  }

  /** @param {unknown} error  what an attempt threw: it says something about the node */
  function saw(error) {
    const { reason } = explain(error);
    if (AWAY.includes(reason) || reason === "insecure-node") setNode("unreachable");
  }

  return {
    setNode,
    saw,
    refreshPending,
    notOpen() {
      author.textContent = "not opened";
    },
    /** @param {string} node */
    setAddress(node) {
      byId("node", HTMLElement).textContent = node;
    },
    /** @param {Panda} panda */
    show(panda) {
      const known = panda.author ? (panda.keyKind ?? "") : "none";
      const words = (Object.hasOwn(KINDS, known) ? KINDS[known] : undefined) ?? { short: known, strong: known, words: "" };
      const full = panda.readOnly?.reason === "storage-full" && "This browser has no room left for this page, so no key can be kept and nothing can be written. The programme can be read and checked all the same.";
      const about = full || (known === "pure25519" && !isSecureContext ? PLAIN : words.words);
      const copied = panda.author ? (COPIES[panda.copy ?? ""] ?? LOSS) : "";
      author.textContent = panda.author ? shortAuthor(panda.author) : "no key";
      author.dataset.author = panda.author ?? "";
      author.title = panda.author ?? "";
      all.textContent = panda.author ?? "";
      byId("author-tools", HTMLElement).hidden = !panda.author;
      byId("key-short", HTMLElement).textContent = words.short;
      kind.dataset.kind = known;
      kind.replaceChildren(Object.assign(document.createElement("strong"), { textContent: words.strong }), ` ${about} ${copied}`);
      byId("face", HTMLElement).replaceChildren(...(panda.author ? [face(panda.author)] : []));
      byId("node", HTMLElement).textContent = panda.node;
    },
  };
}
