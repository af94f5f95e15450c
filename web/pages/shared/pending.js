/** How things stand with the node: whether it is there, and how many signed entries wait until it is. */

import * as texts from "texts";
import { byId } from "../../elements/dom.js";
import { AWAY, count, errorOf } from "../../elements/words.js";

/** What is on its way for less is not worth a word, which would move the page under the reader's hand. */
const LONG_MS = 1500;

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
      try {
        for await (const { state, pending, error } of panda.status()) {
          if (pending > 0 && (error || state === "unreachable")) waited = true;
          if (error && error.message !== said) notices.error(errorOf(error));
          said = error?.message ?? "";
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
