// Before everything else in the worker: files that have on the disk what was flushed, and nothing else. So each end of
// the worker is a power cut.
{
  const { createSyncAccessHandle } = FileSystemFileHandle.prototype;
  FileSystemFileHandle.prototype.createSyncAccessHandle = async function create() {
    const handle = await createSyncAccessHandle.call(this);
    let bytes = new Uint8Array(1 << 20);
    let size = 0;
    const resize = (to) => {
      if (to > bytes.length) {
        const more = new Uint8Array(Math.max(to, 2 * bytes.length));
        more.set(bytes.subarray(0, size));
        bytes = more;
      }
      if (to < size) bytes.fill(0, to, size);
      size = to;
    };
    resize(handle.getSize());
    handle.read(bytes.subarray(0, size), { at: 0 });
    return {
      getSize: () => size,
      read: (view, { at }) => {
        const part = bytes.subarray(Math.min(at, size), Math.min(at + view.length, size));
        view.set(part);
        return part.length;
      },
      write: (view, { at }) => {
        if (at + view.length > size) resize(at + view.length);
        bytes.set(view, at);
        return view.length;
      },
      truncate: resize,
      flush: () => {
        handle.truncate(size);
        handle.write(bytes.subarray(0, size), { at: 0 });
        handle.flush();
      },
      close: () => handle.close(),
    };
  };
}
