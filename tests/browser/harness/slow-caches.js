// For a service worker that begins with it: the browser answers what it keeps after more than the five seconds that are waited.
const match = CacheStorage.prototype.match;
CacheStorage.prototype.match = async function (...question) {
  await new Promise((resolve) => { setTimeout(resolve, 5500); });
  return match.apply(this, question);
};
