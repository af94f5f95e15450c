// A website that uses panda.js: milliseconds from the navigation to the first entry that the node has.
import { connect } from "./panda.js";

const SCHEMA = "0040" + "c0ffee00".repeat(16);

globalThis.result = (async () => {
  const panda = await connect({ mode: "remote" });
  const { error } = await panda.create(SCHEMA, { title: "Opening", seats: 120 });
  if (error) throw error;
  return performance.now();
})();
