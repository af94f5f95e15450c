// For a service worker that begins with it: once it is active, the browser refuses to give what it keeps.
addEventListener("activate", () => {
  const refuse = () => Promise.reject(new Error("there is no storage today"));
  Object.assign(CacheStorage.prototype, { open: refuse, match: refuse });
  Cache.prototype.match = refuse;
});
