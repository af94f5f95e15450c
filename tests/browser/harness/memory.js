// For a worker that begins with it: tells each size that Python's memory has had to whoever asks.
const { instantiate } = WebAssembly;
/** @type {WebAssembly.Memory | undefined} */
let memory;
WebAssembly.instantiate = async (...given) => {
  const made = await instantiate.apply(WebAssembly, given);
  const { memory: found } = made.exports ?? {};
  if (found instanceof WebAssembly.Memory) memory = found;
  return made;
};
const asked = new BroadcastChannel("memory");
asked.onmessage = ({ data }) => { if (data === "bytes?") asked.postMessage(memory?.buffer.byteLength ?? 0); };
