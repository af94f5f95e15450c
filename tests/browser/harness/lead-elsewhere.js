// Writes beside all that is kept that it leads elsewhere; gives how much that was.
async (address) => {
  let found = 0;
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const key of await cache.keys()) {
      const kept = await cache.match(key);
      const headers = new Headers(kept.headers);
      headers.set("Refresh", `0; url=${address}`);
      await cache.put(key, new Response(await kept.arrayBuffer(), { headers }));
      found += 1;
    }
  }
  return found;
}
