// For a service worker that begins with it: the browser never answers what it keeps.
CacheStorage.prototype.match = () => new Promise(() => {});
