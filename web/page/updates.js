/** The service worker, which keeps the site in this browser, and what is said when there is a new version. */

/** @typedef {import("./notices.js").Notices} Notices */

/**
 * Registers it. Where browsers have none, or refuse, the page works as before, and needs the network to open.
 *
 * @param {Notices} notices
 */
export async function keepSite(notices) {
  if (!navigator.serviceWorker) return;
  /** @type {ServiceWorkerRegistration} */
  let registration;
  try {
    registration = await navigator.serviceWorker.register("service-worker.js");
  } catch {
    return;
  }
  const offer = () => {
    const { waiting } = registration;
    if (!waiting || !navigator.serviceWorker.controller) return; // the first one has nothing to replace
    notices.offer("site-updated", "There is a new version of this page.", {
      label: "Use it",
      run() {
        navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
        waiting.postMessage("take over");
      },
    });
  };
  offer();
  registration.addEventListener("updatefound", () => {
    registration.installing?.addEventListener("statechange", offer);
  });
}
