/** What the node says of a schema, in words. */

import * as texts from "texts";

/** @type {Record<import("panda.js").ListedSchema["state"], string>} */
export const STATES = texts.schemaStates;
