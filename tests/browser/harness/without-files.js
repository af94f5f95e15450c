// Before everything else in the worker: a browser without files for sites, as in many a private window.
StorageManager.prototype.getDirectory = () => Promise.reject(new DOMException("no", "SecurityError"));
