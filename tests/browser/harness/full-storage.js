// Before everything else in the worker: a browser that has no room left, so that whatever is written is undone.
{
  const { put } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.put = function full(...what) {
    const { transaction } = this;
    Object.defineProperty(transaction, "error", {
      value: new DOMException("There is no room left.", "QuotaExceededError"),
      configurable: true,
    });
    setTimeout(() => {
      try {
        transaction.abort();
      } catch {
        // it is undone already
      }
    });
    return put.apply(this, what);
  };
}
