// A website that uses panda.js.
import { connect } from "./panda.js";

globalThis.open = async (node) => {
  globalThis.panda = await connect({ node });
};

globalThis.publish = async (schedule) => (await globalThis.panda.importSchedule(schedule)).published;
