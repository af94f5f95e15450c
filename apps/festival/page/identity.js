/** The node, and what waits for it. */

import * as texts from "texts";
import { byId } from "../../../web/elements/dom.js";
import { makePending } from "../../../web/pages/shared/pending.js";
import { AWAY, explain } from "../../../web/elements/words.js";

/**
 * @typedef {import("../../../web/pages/shared/types.js").Panda} Panda
 * @typedef {"unknown" | "reachable" | "unreachable"} NodeState
 */

/**
 * @param {object} use
 * @param {import("./festival.d.ts").FestivalSession} use.session
 * @param {import("../../../web/pages/shared/notices.js").Notices} use.notices
 * @param {() => void} use.onSent  entries that waited have reached the node
 * @param {() => void} use.onBack  the node is there again
 * @param {() => void} use.onWaiting  some are signed, and wait
 */
export function makeIdentity({ session, notices, onSent, onBack, onWaiting }) {
  const nodeState = byId("node-state", HTMLElement);
  const nodeUrl = byId("node-url", HTMLInputElement);

  const pending = makePending({
    session,
    notices,
    onSent,
    onBack,
    onState(state) {
      if (state !== "connecting") setNode(state === "connected" ? "reachable" : "unreachable");
    },
    onError: saw,
  });

  async function refreshPending() {
    const waiting = await pending.refresh();
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
    nodeUrl.setCustomValidity(usable ? "" : texts.programme.address);
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
    nodeState.textContent = { unknown: texts.nodeStates.unknown, reachable: texts.nodeStates.connected, unreachable: texts.nodeStates.unreachable }[state];
  }

  /** A call succeeded. Where what is here answers, that says nothing about the node. */
  function answered() {
    if (session.now?.mode === "remote") setNode("reachable");
  }

  /** @param {unknown} error  what an attempt threw: it says something about the node */
  function saw(error) {
    const { reason } = explain(error);
    if (AWAY.includes(reason) || reason === "insecure-node") setNode("unreachable");
  }

  return {
    setNode,
    answered,
    saw,
    refreshPending,
    follow: pending.follow,
    /** @param {string} node */
    setAddress(node) {
      byId("node", HTMLElement).textContent = node;
    },
    /** @param {Panda} panda */
    show(panda) {
      byId("node", HTMLElement).textContent = panda.node;
    },
  };
}
