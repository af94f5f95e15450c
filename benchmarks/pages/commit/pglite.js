// PGlite on files of the origin, as it comes: a transaction is durable when it is over.
import { PGlite } from "./pglite/index.js";
import { AUTHOR, ENTRY, PAYLOAD, answer } from "./turns.js";

let postgres;
let statements;

answer({
  async open(create, insert) {
    postgres = await PGlite.create("opfs-ahp://commits-pglite");
    for (const statement of create) await postgres.exec(statement);
    statements = insert;
    return (await postgres.query("SELECT version()")).rows[0].version;
  },

  async fill(filling) {
    for (const statement of filling) await postgres.exec(statement);
    await postgres.exec("CHECKPOINT");
    const { rows: [{ size }] } = await postgres.query(
      "SELECT sum(pg_total_relation_size(oid))::float8 AS size FROM pg_class WHERE relname IN ('entries', 'instances', 'changes')",
    );
    return size;
  },

  write: (number, key) => postgres.transaction(async (transaction) => {
    const [entry, instance, change] = statements;
    await transaction.query(entry, [key, AUTHOR, number, ENTRY, PAYLOAD]);
    await transaction.query(instance, [key, `talk ${number}`, number]);
    await transaction.query(change, [key]);
  }),
});
