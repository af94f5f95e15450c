/** The service worker, which keeps the site in this browser, and what is said when there is a new version. */

import * as texts from "texts";

/** @typedef {import("./notices.js").Notices} Notices */

/** @type {Promise<void> | null} */
let keeping = null;

/**
 * Registers it, once. Where browsers have none, or refuse, the page works as before, and needs the network to open.
 *
 * @param {Notices} notices
 */
export function keepSite(notices) {
  return keeping ??= keep(notices);
}

/** Whether this page came from the service worker, so that it may be older than what the host has. */
export const cameFromStorage = () => Boolean(navigator.serviceWorker?.controller);

/** @param {Notices} notices */
async function keep(notices) {
  if (!navigator.serviceWorker) return;
  /** @type {ServiceWorkerRegistration} */
  let registration;
  try {
    registration = await navigator.serviceWorker.register("service-worker.js");
  } catch {
    return;
  }
  const use = () => {
    const { waiting } = registration; // asked for now: meanwhile there may be a newer one
    if (waiting?.state !== "installed") return location.reload(); // another tab has used it: it answers already
    // Not the page's `controllerchange`: where another tab is using it, that may have come before this page hears the rest.
    waiting.addEventListener("statechange", () => {
      if (waiting.state !== "redundant") location.reload(); // else a newer one is there, and offered
    });
    waiting.postMessage("take over");
  };
  const offer = () => {
    if (!registration.waiting || !cameFromStorage()) return; // the first one has nothing to replace
    notices.offer("site-updated", texts.shared.newVersion, { label: texts.shared.useIt, run: use });
  };
  const follow = () => registration.installing?.addEventListener("statechange", offer);
  offer();
  follow(); // one may have begun before this page asked
  registration.addEventListener("updatefound", follow);
}
