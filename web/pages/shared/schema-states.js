/** What the node says of a schema, in words. */

/** @type {Record<import("panda.js").ListedSchema["state"], string>} */
export const STATES = {
  registered: "the node checks its data",
  pending: "registered, and waiting for another one",
  "not-registered": "not checked here",
  "not-defined": "nobody has defined it here",
  unlisted: "not registered at this node",
};
