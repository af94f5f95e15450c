/**
 * The shapes that the page takes from panda.js. Types only.
 *
 * @typedef {object} Meta
 * @property {string} author
 * @property {number} logId
 * @property {number} seqNum
 * @property {unknown} edited
 * @property {string} lastEntry
 * @property {string} cursor
 * @property {boolean} signed
 * @property {boolean} verified
 * @property {boolean} complete
 *
 * @typedef {{id: string, _meta: Meta} & {[field: string]: unknown}} Instance
 * @typedef {{id: string, reason: string, message: string}} Rejected
 * @typedef {Instance[] & {rejected: Rejected[], after: string | null}} Page
 * @typedef {{filter?: object, orderBy?: string[], limit?: number, after?: string | null}} Query
 * @typedef {{id: string, entryHash: string, acknowledged: boolean, error: {reason: string, message: string} | null}} Published
 * @typedef {{done: number, total: number}} Progress
 *
 * @typedef {import("../../panda/panda.js").FieldDefinition} FieldDefinition
 * @typedef {import("../../panda/panda.js").SchemaDefinition} SchemaDefinition
 * @typedef {import("../../panda/panda.js").Schema} Schema
 * @typedef {import("../../panda/panda.js").SchemaDraft} SchemaDraft
 * @typedef {import("../../panda/panda.js").DescribedDraft} DescribedDraft
 * @typedef {import("../../panda/panda.js").DraftProblem} DraftProblem
 * @typedef {import("../../panda/panda.js").ListedSchema} ListedSchema
 *
 * @typedef {object} Panda
 * @property {string | null} author
 * @property {string | null} keyKind
 * @property {string} node
 * @property {{reason: string, message: string} | null} readOnly  why nothing can be written
 * @property {(schema: string, fields: Record<string, unknown>) => Promise<Published>} create
 * @property {(schema: string, id: string, fields: Record<string, unknown>) => Promise<Published>} update
 * @property {(schema: string, id: string) => Promise<Published>} delete
 * @property {(schema: string, query: Query) => Promise<Page>} query
 * @property {boolean} canBackUp
 * @property {string | null} copy  waiting, saved or declined
 * @property {(passphrase: string) => Promise<string>} backUp
 * @property {() => Promise<void>} declineBackup
 * @property {(text: string, passphrase: string) => Promise<void>} restore
 * @property {(schema: SchemaDefinition) => Promise<Schema>} define
 * @property {(id: string) => Promise<Schema>} schema
 * @property {() => Promise<ListedSchema[]>} schemas
 * @property {(draft: SchemaDraft) => Promise<DescribedDraft>} describe
 * @property {(text: string) => Promise<SchemaDefinition>} schemaFromToml
 * @property {() => Promise<number>} pending
 * @property {() => Promise<unknown>} flush
 * @property {() => void} close
 */
export {};
