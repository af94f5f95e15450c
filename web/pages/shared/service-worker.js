// Keeps the site's own files, so that the second visit asks nobody for them and the page opens without a network.
// (What Python starts from is kept by worker/files.js, for embedding websites too.)
//
// A version is a list of files with their hashes, and has a cache of its own. A new one is fetched beside the old, takes
// over when the page says so, or when no page uses the old one any more, and never mixes with it.

/// <reference lib="webworker" />

/** Path below the site's root to hash. Written by build.py. @type {Record<string, string>} */
const FILES = {};
const ROOT = new URL("./", self.location.href);
const LONG_MS = 5000;
const SHORT_MS = 100;
let patience = LONG_MS;
/** How the caches of all versions begin; other sites of this origin have other paths. */
const OURS = `panda-web site ${ROOT.pathname} `;
const NAME = hashOf(new TextEncoder().encode(JSON.stringify(FILES))).then((hash) => OURS + hash);

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

/**
 * The headers of a file, besides what its name says that it is: what the host lets a page do. Others could lead a visit elsewhere (Refresh), and
 * what lies beside kept bytes has no hash.
 */
const HEADERS = [
  "content-security-policy",
  "referrer-policy",
  "x-content-type-options",
  "access-control-allow-origin",
  "cross-origin-resource-policy",
  "cross-origin-embedder-policy",
  "cross-origin-opener-policy",
];

/** By the ends of names. @type {Record<string, string>} */
const TYPES = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
  webmanifest: "application/manifest+json",
};

/**
 * A response with headers that are built anew.
 *
 * @param {string} path
 * @param {ArrayBuffer} data  whose hash is the file's
 * @param {Headers} from
 */
function anew(path, data, from) {
  const type = TYPES[path.slice(path.lastIndexOf(".") + 1)] ?? "application/octet-stream";
  const known = [...from].filter(([name]) => HEADERS.includes(name));
  return new Response(data, { headers: [...known, ["content-type", type]] });
}

/** As `integrity` has it. @param {BufferSource} data */
async function hashOf(data) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  return `sha256-${btoa(String.fromCharCode(...digest))}`;
}

/** @param {string} path */
const keyOf = (path) => new URL(`${path}?${encodeURIComponent(FILES[path] ?? "")}`, ROOT).href;

worker.addEventListener("install", (event) => event.waitUntil(install()));

async function install() {
  const cache = await caches.open(await NAME);
  await Promise.all(Object.keys(FILES).map(async (path) => {
    await cache.put(keyOf(path), await soon(kept(path)) ?? await fetched(path));
  }));
}

/**
 * A file that this version keeps, or another one that has the same. Whoever got at this storage may have changed it, so its
 * bytes are checked each time.
 *
 * @param {string} path
 */
async function kept(path) {
  try {
    const response = await caches.match(keyOf(path));
    const data = await response?.arrayBuffer();
    return response && data && await hashOf(data) === FILES[path] ? anew(path, data, response.headers) : null;
  } catch {
    return null; // a browser may refuse to give what it keeps
  } finally {
    patience = LONG_MS;
  }
}

/**
 * Null where it takes long: WebKitGTK now and then never answers about what it has thrown away. Until there is an answer
 * to something, nobody waits so long again.
 *
 * @param {Promise<Response | null>} stored
 */
async function soon(stored) {
  const found = await Promise.race([stored, sleep(patience)]);
  if (found === undefined) patience = SHORT_MS;
  return found ?? null;
}

/** @param {number} ms @returns {Promise<undefined>} */
const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** A file of this version, from the host. @param {string} path */
async function fetched(path) {
  const integrity = FILES[path] ?? "";
  const response = await fetch(new URL(path, ROOT), { integrity, cache: "no-cache", credentials: "omit" });
  if (!response.ok) throw new Error(`${path} answered with status ${response.status}.`);
  const type = response.headers.get("Content-Type") ?? "";
  // No browser runs it, and what is kept would go on to be of the wrong kind when the host is right again.
  if (path.endsWith(".js") && !/javascript/i.test(type)) throw new Error(`${path} came as ${type}.`);
  // A new response, because some hosts redirect /index.html to /, and pages may not come from one that was redirected.
  return anew(path, await response.arrayBuffer(), response.headers);
}

worker.addEventListener("activate", (event) => event.waitUntil(forgetOlder()));

/** Caches are listed in the order in which they were made: what a newer version has begun to put into its own stays. */
async function forgetOlder() {
  const names = await caches.keys();
  const older = names.slice(0, Math.max(0, names.indexOf(await NAME)));
  await Promise.all(older.filter((name) => name.startsWith(OURS)).map((name) => caches.delete(name)));
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

/**
 * A browser may throw away what is kept. Then this version's file is fetched; where the host has another version by now,
 * that one's is better than nothing: the page can offer the new version only where it runs, and panda.js starts no Python
 * but its own.
 *
 * @param {string} path
 * @param {Request} request
 */
async function answer(path, request) {
  const stored = kept(path);
  try {
    return await soon(stored) ?? await fetched(path);
  } catch {
    return await Promise.race([stored, sleep(LONG_MS)]) ?? fetch(request);
  }
}
