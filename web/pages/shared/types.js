/**
 * The shapes that the pages take from panda.js. Types only.
 *
 * @typedef {import("panda.js").Panda} Panda
 * @typedef {import("panda.js").Instance} Instance
 * @typedef {import("panda.js").Rejected} Rejected
 * @typedef {import("panda.js").SchemaDefinition} SchemaDefinition
 * @typedef {import("panda.js").Schema} Schema
 * @typedef {import("panda.js").SchemaDraft} SchemaDraft
 * @typedef {import("panda.js").DescribedDraft} DescribedDraft
 * @typedef {import("panda.js").DraftProblem} DraftProblem
 * @typedef {import("panda.js").ListedSchema} ListedSchema
 */
export {};
