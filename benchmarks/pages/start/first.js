// A website that uses panda.js as it comes: milliseconds from the navigation to the first entry that the node has. It is
// in this browser before that.
import { connect } from "./panda.js";

const SCHEMA = "0040" + "c0ffee00".repeat(16);

globalThis.result = (async () => {
  const panda = await connect();
  const { error } = await panda.create(SCHEMA, { title: "Opening", seats: 120 });
  if (error) throw error;
  for await (const { state, pending } of panda.status()) {
    if (state === "connected" && pending === 0) return performance.now();
  }
  throw new Error("the connection has ended");
})();
