// p2panda for any website, in one file:
//
//   <script type="module" src="https://HOST/panda.js"></script>      sets globalThis.panda = { connect, PandaError }
//   import { connect } from "https://HOST/panda.js";
//
//   const panda = await connect();
//   const { id } = await panda.create(schema, { title: "Opening" });
//
// Nothing starts before `connect`, unless the tag says `data-connect`. Then a worker runs Python, and the page talks
// JSON-RPC with it. A browser starts no worker from another origin, so HOST's worker.js is fetched, checked by its hash,
// and started from a blob; it runs in the page's origin, where keys and storage are. The rest comes from HOST too, and
// the worker checks it by the hashes in manifest.json, whose own hash stands here: who trusts this file needs to trust
// nobody else.
//
// The build makes one file of this and all that it imports.

import { connect } from "./connect.js";
import { PandaError } from "./errors.js";
import { ensure } from "./runtime.js";

export { PandaError, connect };

// A page that has something of this name keeps it; so does one that loads this file twice.
if (!Object.hasOwn(globalThis, "panda")) globalThis.panda = { connect, PandaError };

// A page that will connect says so in its tag: Python does not wait for the page's other scripts then.
const tags = [...globalThis.document?.scripts ?? []];
if (tags.some(({ src, dataset }) => src === import.meta.url && "connect" in dataset)) ensure();

// A website's service worker that began in the middle of a visit asks what the page is made of (keep.js). What scripts
// fetched is left out: it may have been sent by POST, or not be for keeping.
const QUESTION = "panda-web: what is this page made of?";

if (globalThis.origin !== "null") {
  globalThis.navigator?.serviceWorker?.addEventListener("message", ({ data, source }) => {
    if (data !== QUESTION) return;
    const entries = /** @type {PerformanceResourceTiming[]} */ (performance.getEntriesByType("resource"));
    const parts = entries.filter(({ initiatorType }) => !["fetch", "xmlhttprequest", "beacon"].includes(initiatorType));
    const addresses = [location.href, import.meta.url, ...parts.map(({ name }) => name)];
    /** @type {ServiceWorker} */ (source).postMessage({ [QUESTION]: addresses });
  });
}
