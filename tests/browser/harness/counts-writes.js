// Before everything else in the worker: counts how often something is written to files of the origin, and in what order
// with what is asked to be on the disk.
{
  globalThis.fileCalls = [];
  const handle = FileSystemSyncAccessHandle.prototype;
  const { write, flush } = handle;
  handle.write = function counted(...what) {
    globalThis.fileCalls.push("write");
    return write.apply(this, what);
  };
  handle.flush = function counted() {
    globalThis.fileCalls.push("flush");
    return flush.apply(this);
  };
}
