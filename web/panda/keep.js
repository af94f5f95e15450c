// A service worker for websites that embed panda.js from another origin. Theirs is a file of one line:
//
//   importScripts("https://HOST/keep.js");
//
// It keeps what the website's pages ask for within its scope, and HOST's panda.js, so that they open without a network.
// The network is asked first, always: nobody is left on an old version. What Python starts from panda.js keeps itself.

/// <reference lib="webworker" />

{ // the names in here are not the website's
  const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
  const { scope } = worker.registration;
  const NAME = `panda-web website ${scope}`;
  /** Bytes of one file, and how many files: a website's films are not for keeping. */
  const LARGEST = 2 ** 21;
  const MOST = 100;
  /** What is kept of a response besides its body. Others could act on the page whenever it opens: `Refresh`, `Link`, … */
  const HEADERS = [
    "Content-Type", "Content-Language", "Content-Security-Policy", "Cross-Origin-Embedder-Policy", "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy", "Permissions-Policy", "Referrer-Policy", "X-Content-Type-Options", "X-Frame-Options",
  ];
  /** Also written in panda.js, which answers. */
  const QUESTION = "panda-web: what is this page made of?";

  // `self.location` is the website's file, and nothing tells a script that is imported where it came from, but an error
  // that it makes: the first place in it is here, in all browsers.
  const here = /https?:\/\/\S+\/keep\.js/.exec(new Error("where").stack ?? "")?.[0];
  const embedded = here ? ["panda.js", "elements.js"].map((name) => new URL(name, here).href) : [];

  /** @param {string} url */
  const isOurs = (url) => embedded.includes(url) || url.startsWith(scope);

  worker.addEventListener("fetch", (event) => {
    const { method, url, headers, cache } = event.request;
    if (method !== "GET" || !isOurs(url) || headers.has("Range") || cache === "no-store") return;
    event.respondWith(answer(event));
  });

  /** @param {FetchEvent} event */
  async function answer(event) {
    const { request } = event;
    try {
      const response = await fetch(request);
      event.waitUntil(keep(request, response.clone()));
      return response;
    } catch (error) {
      const kept = await caches.match(request, { cacheName: NAME }).catch(() => undefined);
      if (kept) return kept;
      throw error;
    }
  }

  /** @param {Request} request @param {Response} response */
  async function keep(request, response) {
    const { status, url, headers } = response;
    const secret = /no-store/i.test(headers.get("Cache-Control") ?? "");
    if (status !== 200 || secret || !isOurs(url)) return void response.body?.cancel(); // or redirected elsewhere
    try {
      const body = await small(response);
      if (!body) return;
      const cache = await caches.open(NAME);
      const some = HEADERS.flatMap((name) => headers.has(name) ? [[name, headers.get(name) ?? ""]] : []);
      await cache.put(request, new Response(body, { headers: Object.fromEntries(some) })); // new, as pages may not come from one that was redirected
      const old = (await cache.keys()).slice(0, -MOST); // what was fetched lately comes last
      await Promise.all(old.filter((key) => !embedded.includes(key.url)).map((key) => cache.delete(key)));
    } catch {
      // no room, or no such storage, or the connection broke
    }
  }

  /** A response's bytes, or null where there are too many. @param {Response} response */
  async function small(response) {
    const reader = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (response.body).getReader();
    const parts = [];
    let size = 0;
    for (let { value } = await reader.read(); value; { value } = await reader.read()) {
      size += value.length;
      parts.push(value);
      if (size > LARGEST) return void reader.cancel();
    }
    return new Blob(parts);
  }

  // The page that registers this has loaded already, and is to open without a network as well: it is asked what it is
  // made of. From here on its requests come through here.
  worker.addEventListener("activate", (event) => event.waitUntil(begin()));

  async function begin() {
    await worker.clients.claim();
    for (const page of await worker.clients.matchAll({ type: "window" })) page.postMessage(QUESTION);
  }

  worker.addEventListener("message", (event) => {
    const addresses = event.data?.[QUESTION];
    if (Array.isArray(addresses)) event.waitUntil(Promise.all(addresses.filter(isOurs).slice(0, MOST).map(bring)));
  });

  /** @param {string} url */
  async function bring(url) {
    const request = new Request(url);
    try {
      await keep(request, await fetch(request));
    } catch {
      // the next visit is another chance
    }
  }
}
