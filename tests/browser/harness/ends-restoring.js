// Before everything else in the worker: one that ends as soon as a restored key is in the place of the one before.
const { put } = IDBObjectStore.prototype;
IDBObjectStore.prototype.put = function (value, key) {
  if (String(key).startsWith("before/")) this.transaction.addEventListener("complete", () => self.close());
  return put.call(this, value, key);
};
