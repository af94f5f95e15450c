/** Signed entries that wait: how many there are, and sending them, by hand or when the device is online again. */

import { byId } from "../../elements/dom.js";
import { AWAY, count } from "../../elements/words.js";

/**
 * @param {object} use
 * @param {import("./session.js").Session} use.session
 * @param {import("./notices.js").Notices} use.notices
 * @param {() => void} use.onSent  entries that waited have reached the node
 * @param {(error: unknown) => void} [use.onError]
 * @returns {() => Promise<number>} counts them anew, and shows that
 */
export function makePending({ session, notices, onSent, onError }) {
  const pending = byId("pending", HTMLElement);
  const sendNow = byId("send-now", HTMLButtonElement);

  sendNow.addEventListener("click", async () => {
    sendNow.disabled = true;
    try {
      const panda = await session.panda();
      await panda.flush();
      notices.clear(...AWAY);
      notices.say("The node has everything you signed.");
      onSent();
    } catch (error) {
      onError?.(error);
      notices.error(error, { label: "Try again", run: () => sendNow.click() });
    }
    sendNow.disabled = false;
    await refresh();
  });

  window.addEventListener("online", () => {
    if (!pending.hidden && !sendNow.disabled) sendNow.click();
  });

  async function refresh() {
    const panda = session.now;
    if (!panda?.author) return 0;
    try {
      const waiting = await panda.pending();
      pending.hidden = waiting === 0;
      pending.dataset.pending = String(waiting);
      byId("pending-words", HTMLElement).textContent =
        `${count(waiting, "entry is", "entries are")} signed and kept here, and not yet at the node. `;
      return waiting;
    } catch {
      return Number(pending.dataset.pending);
    }
  }
  return refresh;
}
