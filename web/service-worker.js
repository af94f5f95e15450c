// Keeps the site's own files, so that the second visit asks nobody for them and the page opens without a network.
// (What Python starts from is kept by worker-files.js, for embedding websites too.)
//
// A version is a list of files with their hashes. A new one is fetched beside the old, takes over when the page says
// so, or when no page uses the old one any more, and never mixes with it.

/// <reference lib="webworker" />

/** Path below the site's root to hash. Written by build.py. @type {Record<string, string>} */
const FILES = {};
const NAME = "panda-web site";
const ROOT = new URL("./", self.location.href);

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

/** @param {string} path */
const keyOf = (path) => new URL(`${path}?${encodeURIComponent(FILES[path] ?? "")}`, ROOT).href;

worker.addEventListener("install", (event) => event.waitUntil(install()));

async function install() {
  const kept = await caches.open(NAME);
  await Promise.all(Object.entries(FILES).map(async ([path, integrity]) => {
    const key = keyOf(path);
    if (await kept.match(key)) return;
    const response = await fetch(new URL(path, ROOT), { integrity, cache: "no-cache", credentials: "omit" });
    if (!response.ok) throw new Error(`${path} answered with status ${response.status}.`);
    await kept.put(key, response);
  }));
}

worker.addEventListener("activate", (event) => event.waitUntil(forgetOthers()));

async function forgetOthers() {
  const kept = await caches.open(NAME);
  const wanted = new Set(Object.keys(FILES).map(keyOf));
  for (const { url } of await kept.keys()) if (!wanted.has(url)) await kept.delete(url);
}

worker.addEventListener("message", ({ data }) => {
  if (data === "take over") void worker.skipWaiting();
});

worker.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== "GET" || origin !== ROOT.origin || !pathname.startsWith(ROOT.pathname)) return;
  const path = pathname.slice(ROOT.pathname.length) || "index.html";
  if (Object.hasOwn(FILES, path)) event.respondWith(answer(path, event.request));
});

/** @param {string} path @param {Request} request */
async function answer(path, request) {
  const kept = await (await caches.open(NAME)).match(keyOf(path));
  return kept ?? fetch(request); // a browser may throw away what is kept
}
