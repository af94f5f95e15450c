// Before everything else in the worker: a browser that refuses storage, as private windows and strict settings do.
IDBFactory.prototype.open = () => {
  throw new DOMException("The operation is insecure.", "SecurityError");
};
