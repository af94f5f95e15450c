// SQLite asks by `fdatasync` that what it wrote survives a power cut, and Emscripten answers that with "return 0". So
// nothing would be durable, and every test that cuts no power would pass all the same. What Python's module imports
// under that name is replaced before an instance is made of it, in a start from a snapshot as in any other.
//
// panda_web/browser/disk.py proves at each opening that the request arrives here.

const EIO = 29;

/** Has SQLite's request reach the file that it is about. */
export class Sync {
  /** Times that it did. */
  reached = 0;
  /** Emscripten's file system, once Python is there. @type {any} */
  #files = null;

  /** @param {WebAssembly.Imports | undefined} imports of Python's module, of which no instance has been made */
  replace(imports) {
    const env = /** @type {any} */ (imports?.["env"]);
    const theirs = env?.__syscall_fdatasync;
    if (typeof theirs !== "function") return; // whoever opens a disk hears that nothing arrives
    env.__syscall_fdatasync = (/** @type {number} */ descriptor) => this.#sync(descriptor) ?? theirs(descriptor);
  }

  /** @param {any} files Emscripten's file system */
  begin(files) {
    this.#files = files;
  }

  /** Zero, or a negative errno; null where it is no file that could be synced. @param {number} descriptor */
  #sync(descriptor) {
    const stream = this.#files?.getStream(descriptor);
    const fsync = stream?.stream_ops?.fsync;
    if (!fsync) return null;
    try {
      fsync(stream);
    } catch (error) {
      return -((/** @type {{errno?: number}} */ (error)).errno ?? EIO);
    }
    this.reached += 1;
    return 0;
  }
}
