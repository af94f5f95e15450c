// The second part of Python's module: what few visits call. It comes once a page is at rest; whoever calls one of its
// functions before that has it at once (tools/split.py).

/** One at a time works with an instance of the first part. */
export class Second {
  #missed;
  /** What the first part exports. @type {WebAssembly.Exports} */
  #exports = {};
  /** Whether an instance of the second one works with it. */
  #works = false;
  /** @type {BufferSource | null} */
  #here = null;
  /** Where it has been compiled. @type {WebAssembly.Module | null} */
  #module = null;

  /** @param {() => Uint8Array<ArrayBuffer>} missed has it at once, checked, or ends Python */
  constructor(missed) {
    this.#missed = missed;
  }

  /** @param {WebAssembly.Imports | undefined} imports of the first part, of which no instance has been made */
  replace(imports) {
    if (imports) imports["panda"] = { load: () => this.#load() };
  }

  /** @param {WebAssembly.Exports} exports of the instance of the first part that there is from now on */
  follow(exports) {
    this.#exports = exports;
    this.#works = false;
  }

  /** It has come, checked. It is compiled when somebody calls it, and few do. @param {BufferSource} data */
  take(data) {
    this.#here = data;
  }

  /** Whether nobody has to wait for it. */
  get isHere() {
    return this.#here !== null || this.#module !== null;
  }

  /** Before Python begins, where it begins without a snapshot: that calls most of it, and reads its tables. */
  async work() {
    this.#module ??= await WebAssembly.compile(/** @type {BufferSource} */ (this.#here));
    this.#make();
  }

  /** The memory has become another one: its tables are written anew, if they had been. */
  again() {
    if (this.#works) this.#make();
  }

  #load() {
    if (this.#works) return;
    this.#module ??= new WebAssembly.Module(this.#here ?? this.#missed());
    this.#make();
  }

  /** Makes an instance, which writes its tables into the memory. */
  #make() {
    new WebAssembly.Instance(/** @type {WebAssembly.Module} */ (this.#module), { panda: this.#exports });
    this.#here = null;
    this.#works = true;
  }
}
