/** How things stand with the node: whether it is there, and how many signed entries wait until it is. */

import * as texts from "texts";
import { byId } from "../../elements/dom.js";
import { siteLink } from "./address.js";
import { AWAY, count, errorOf, forkError } from "../../elements/words.js";

/** What is on its way for less is not worth a word, which would move the page under the reader's hand. */
const LONG_MS = 1500;

/** @typedef {import("panda.js").OwnFork} Fork */

/** Forks of which this visitor has read. */
const READ = "panda-forks-read";

/** @param {Fork} fork */
const placeOf = ({ author, logId, seqNum }) => `${author}.${logId}.${seqNum}`;

const read = () => {
  try {
    return (localStorage.getItem(READ) ?? "").split(" ");
  } catch {
    return []; // a browser that keeps nothing tells it each time
  }
};

/** @param {Fork} fork */
const isKnown = (fork) => read().includes(placeOf(fork));

/** @param {Fork} fork */
function note(fork) {
  try {
    localStorage.setItem(READ, [...new Set([...read(), placeOf(fork)])].slice(-50).join(" ").trim());
  } catch {
    // told once more, then
  }
}

/**
 * @param {object} use
 * @param {import("./session.js").Session} use.session
 * @param {import("./notices.js").Notices} use.notices
 * @param {() => void} use.onSent  entries that waited have reached the node
 * @param {() => void} [use.onBack]  the node is there again
 * @param {(state: "connecting" | "connected" | "unreachable" | "local") => void} [use.onState]  whether the node is there
 * @param {(error: unknown) => void} [use.onError]
 */
export function makePending({ session, notices, onSent, onBack, onState, onError }) {
  const place = byId("pending", HTMLElement);
  const sendNow = byId("send-now", HTMLButtonElement);
  /** Whether some were seen to wait for a node that was not there, or did not take them. */
  let waited = false;
  /** Until what waits is shown. */
  let timer = 0;

  sendNow.addEventListener("click", async () => {
    sendNow.disabled = true;
    waited = true;
    try {
      await (await session.panda()).flush();
    } catch (error) {
      onError?.(error);
      notices.error(error, { label: texts.elements.tryAgain, run: () => sendNow.click() });
    }
    sendNow.disabled = false;
    await refresh();
  });

  /** @param {number} pending */
  function show(pending) {
    place.dataset.pending = String(pending);
    if (pending === 0) {
      clearTimeout(timer);
      timer = 0;
      place.hidden = true;
    } else if (place.hidden) {
      timer ||= setTimeout(() => {
        timer = 0;
        place.hidden = false;
      }, LONG_MS);
    }
    byId("pending-words", HTMLElement).textContent = `${count(pending, texts.elements.waiting)} `;
    if (pending > 0 || !waited) return;
    waited = false;
    notices.clear(...AWAY);
    notices.say(texts.shared.everything);
    onSent();
  }

  return {
    /** Counts them anew, and shows that. */
    refresh,

    /**
     * Shows how things stand as long as the page is open.
     *
     * @param {import("./types.js").Panda} panda
     */
    async follow(panda) {
      let said = "";
      let before = "";
      let away = false;
      let shown = "";
      try {
        for await (const { state, pending, error, forks } of panda.status()) {
          if (pending > 0 && (error || state === "unreachable")) waited = true;
          if (error && error.message !== said) notices.error(errorOf(error));
          said = error?.message ?? "";
          const fork = forks.find((each) => !isKnown(each));
          if (fork && placeOf(fork) !== shown) tellOf(fork);
          shown = fork ? placeOf(fork) : "";
          if (state !== before) onState?.(state);
          before = state;
          if (away && state === "connected") onBack?.();
          away = state === "unreachable" || (away && state !== "connected");
          show(pending);
        }
      } catch {
        // the connection has ended, and whoever calls hears why
      }
    },
  };

  /** Says what happened to a log of this key, until its user has read it. @param {Fork} fork */
  function tellOf(fork) {
    const { author, logId, seqNum } = fork;
    const at = siteLink("data.html", { log: `${author}.${logId}`, at: String(seqNum) });
    notices.error(forkError(fork), { label: texts.log.showFork, run: () => location.assign(at) }, "", true, () => note(fork));
  }

  async function refresh() {
    const panda = session.now;
    if (!panda?.author) return 0;
    try {
      const pending = await panda.pending();
      show(pending);
      return pending;
    } catch {
      return Number(place.dataset.pending);
    }
  }
}
