// For a worker that begins with it: what may take a hundred seconds while it waits may take one.
const { set } = /** @type {{set: (ms: number) => void}} */ (Object.getOwnPropertyDescriptor(XMLHttpRequest.prototype, "timeout"));
Object.defineProperty(XMLHttpRequest.prototype, "timeout", { set(ms) { set.call(this, ms / 100); } });
