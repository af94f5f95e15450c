// What a worker of a browser has and Node has not, or has with a clock or threads of its own: for the sessions that a
// build runs, which must be the same each time. Time passes where nothing else is to be done.
import { createRequire } from "node:module";
import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";

const { setImmediate: soon } = globalThis;
/** Turns of who never rests, until time passes all the same. */
const TURNS = 50;

/** Puts all of it in place, and gives what lets the time pass until work is done. */
export function beTab() {
  let now = 0;
  let last = 0;
  const timers = new Map();
  performance.now = () => now;
  globalThis.setTimeout = (call, wait = 0, ...rest) => {
    timers.set(last += 1, { at: now + wait, call: () => call(...rest) });
    return last;
  };
  globalThis.clearTimeout = (timer) => timers.delete(timer);
  let ready = 0;
  globalThis.setImmediate = (call, ...rest) => {
    ready += 1;
    return soon(() => {
      ready -= 1;
      call(...rest);
    });
  };
  globalThis.setInterval = () => 0;
  globalThis.clearInterval = () => {};
  // What is collected, and when, is another matter each time.
  globalThis.FinalizationRegistry = class {
    register() {}
    unregister() {}
  };
  let drawn = 0;
  const draw = (view) => {
    for (let at = 0; at < view.length; at += 1) view[at] = (drawn = (drawn * 1664525 + 1013904223) >>> 0) >>> 24;
    return view;
  };
  define(crypto, "getRandomValues", draw);
  createRequire(import.meta.url)("node:crypto").randomFillSync = draw;
  define(crypto, "subtle", subtle);
  define(globalThis, "navigator", { storage: storage(), locks: locks(), onLine: true, userAgent: "a build" });
  define(globalThis, "indexedDB", { open: openDatabase });
  globalThis.IDBKeyRange = { bound: (lower, upper) => ({ has: (key) => key >= lower && key < upper }) };
  globalThis.BroadcastChannel = Channel;
  globalThis.self = globalThis;
  globalThis.origin = "http://localhost";
  const page = new EventTarget();
  for (const name of ["addEventListener", "removeEventListener", "dispatchEvent"]) globalThis[name] = page[name].bind(page);

  return {
    draw,
    async until(work) {
      let over = false;
      const end = () => { over = true; };
      work.then(end, end);
      let busy = 0;
      while (!over) {
        await new Promise((resume) => { soon(resume); });
        const [timer] = [...timers].sort(([one, { at }], [other, its]) => at - its.at || one - other);
        busy = ready > 0 ? busy + 1 : 0; // and not by what passes: files are read meanwhile
        if (over || busy % TURNS || !timer) continue;
        const [number, { at, call }] = timer;
        timers.delete(number);
        now = Math.max(now, at);
        call();
      }
      return work;
    },
  };
}

function define(object, name, value) {
  Object.defineProperty(object, name, { value, configurable: true, writable: true });
}

const arrayBuffer = ({ buffer, byteOffset, length }) => buffer.slice(byteOffset, byteOffset + length);
const bytesOf = (data) => (ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data));

/** Ed25519, at once. */
const subtle = {
  async importKey(format, data, algorithm) {
    if (algorithm !== "Ed25519") return {};
    if (format === "pkcs8") return { made: createPrivateKey({ key: Buffer.from(bytesOf(data)), format: "der", type: "pkcs8" }) };
    const x = Buffer.from(bytesOf(data)).toString("base64url");
    return { made: createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" }) };
  },
  exportKey: async (_, { made }) => made.export({ format: "jwk" }),
  sign: async (_, { made }, data) => arrayBuffer(sign(null, bytesOf(data), made)),
  verify: async (_, { made }, signature, data) => verify(null, bytesOf(data), made, bytesOf(signature)),
  generateKey: async () => ({}),
  deriveKey: async () => ({}),
  encrypt: async (_, __, data) => arrayBuffer(bytesOf(data)),
  decrypt: async (_, __, data) => arrayBuffer(bytesOf(data)),
};

function locks() {
  const queues = new Map();
  const request = (name, ...rest) => {
    const work = (queues.get(name) ?? Promise.resolve()).then(() => rest.at(-1)({ name }));
    queues.set(name, work.catch(() => {}));
    return work;
  };
  return { request };
}

function storage() {
  const file = () => {
    let data = new Uint8Array();
    const resize = (size) => {
      const larger = new Uint8Array(size);
      larger.set(data.subarray(0, size));
      data = larger;
    };
    return {
      getSize: () => { return data.length; },
      read(view, { at }) {
        const part = data.subarray(at, at + view.length);
        view.set(part);
        return part.length;
      },
      write(view, { at }) {
        if (at + view.length > data.length) resize(at + view.length);
        data.set(view, at);
        return view.length;
      },
      truncate: resize,
      flush() {},
      close() {},
    };
  };
  const files = new Map();
  const folder = {
    getDirectoryHandle: async () => folder,
    getFileHandle: async (name) => ({ createSyncAccessHandle: async () => files.get(name) ?? files.set(name, file()).get(name) }),
    removeEntry: async (name) => files.delete(name),
  };
  const estimate = async () => ({ usage: 1, quota: 1e9 });
  return { getDirectory: async () => folder, estimate, persisted: async () => true, persist: async () => true };
}

/** IndexedDB, as far as Python asks it. */
function openDatabase() {
  const request = new EventTarget();
  const stores = new Map();
  request.result = {
    createObjectStore: (name) => stores.set(name, new Map()),
    transaction: () => transaction(stores),
    close() {},
  };
  queueMicrotask(() => {
    request.dispatchEvent(new Event("upgradeneeded"));
    request.dispatchEvent(new Event("success"));
  });
  return request;
}

function transaction(stores) {
  const made = new EventTarget();
  const undo = [];
  let open = 0;
  const end = (name) => {
    if (made.over) return;
    made.over = true;
    made.dispatchEvent(new Event(name));
  };
  const asked = (result) => {
    const request = new EventTarget();
    open += 1;
    queueMicrotask(() => {
      request.result = result;
      const event = new Event("success");
      request.addEventListener("success", (each) => request.onsuccess?.(each));
      request.dispatchEvent(event);
      open -= 1;
      queueMicrotask(() => { if (open === 0) end("complete"); });
    });
    return request;
  };
  const change = (store, key, value) => {
    const before = store.get(key);
    undo.push(() => (before === undefined ? store.delete(key) : store.set(key, before)));
    if (value === undefined) store.delete(key);
    else store.set(key, value);
    return asked(key);
  };
  const among = (store, window) => [...store].filter(([key]) => window.has(key)).sort(([one], [other]) => (one < other ? -1 : 1));
  made.abort = () => {
    for (const each of undo.reverse()) each();
    made.error = new DOMException("", "AbortError");
    queueMicrotask(() => end("abort"));
  };
  made.objectStore = (name) => {
    const store = stores.get(name);
    return {
      transaction: made,
      get: (key) => asked(store.get(key)),
      getAll: (window, most) => asked(among(store, window).slice(0, most).map(([, value]) => value)),
      getAllKeys: (window, most) => asked(among(store, window).slice(0, most).map(([key]) => key)),
      put: (value, key) => change(store, key, value),
      delete: (key) => change(store, key),
      clear: () => store.clear(),
    };
  };
  return made;
}

/** Two ends, each of which gets what the other one posts. */
export function ports() {
  const [one, other] = [{}, {}];
  for (const [port, its] of [[one, other], [other, one]]) {
    const waiting = [];
    const deliver = () => { while (port.onmessage && waiting.length) port.onmessage({ data: waiting.shift() }); };
    port.take = (data) => {
      waiting.push(data);
      setImmediate(deliver);
    };
    port.postMessage = (data) => its.take(data);
    port.close = () => {};
  }
  return [one, other];
}

class Channel {
  static #all = new Set();

  constructor(name) {
    this.name = name;
    Channel.#all.add(this);
  }

  postMessage(data) {
    for (const other of Channel.#all) {
      if (other !== this && other.name === this.name) setImmediate(() => other.onmessage?.({ data }));
    }
  }

  close() {
    Channel.#all.delete(this);
  }
}

/** What becomes of requests: nothing, where the network is well. @type {"away" | "cut" | "odd" | null} */
let trouble = null;
const open = new Set();

/** The network is lost, its answers end in the middle, or somebody else answers; or it is well again. @param how */
export function suffer(how) {
  trouble = how;
  navigator.onLine = how !== "away";
  dispatchEvent(new Event(navigator.onLine ? "online" : "offline"));
  for (const socket of how ? open : []) socket.lose();
}

/** A node over HTTP and over a WebSocket. @param answer of a request's body @param meet gives it a port */
export function reach(answer, meet) {
  globalThis.fetch = async (_, { body }) => {
    if (trouble === "away") throw new TypeError("Failed to fetch");
    const parts = trouble === "odd" ? [new TextEncoder().encode("<html>Bad gateway")] : [await answer(body)];
    const read = async () => {
      if (trouble === "cut") throw new TypeError("network error");
      return parts.length ? { done: false, value: parts.pop() } : { done: true };
    };
    return { status: trouble === "odd" ? 502 : 200, headers: new Headers(), body: { getReader: () => ({ read, cancel: async () => {} }) } };
  };
  globalThis.WebSocket = class extends EventTarget {
    bufferedAmount = 0;

    constructor() {
      super();
      if (trouble) return void setImmediate(() => this.lose());
      const [ours, theirs] = ports();
      ours.onmessage = ({ data }) => this.dispatchEvent(Object.assign(new Event("message"), { data }));
      this.send = (text) => ours.postMessage(text);
      meet(theirs);
      open.add(this);
      setImmediate(() => this.dispatchEvent(new Event("open")));
    }

    lose() {
      open.delete(this);
      this.dispatchEvent(new Event("error"));
      this.dispatchEvent(Object.assign(new Event("close"), { code: 1006, reason: "", wasClean: false }));
    }

    close() {
      open.delete(this);
    }
  };
}
