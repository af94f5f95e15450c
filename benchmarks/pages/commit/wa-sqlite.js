// wa-sqlite on files of the origin, with the file system that it has for workers, told what our SQLite is told.
import createModule from "./wa-sqlite/dist/wa-sqlite.mjs";
import * as SQLite from "./wa-sqlite/src/sqlite-api.js";
import { AccessHandlePoolVFS } from "./wa-sqlite/src/examples/AccessHandlePoolVFS.js";
import { AUTHOR, ENTRY, PAYLOAD, answer } from "./turns.js";

const SETTINGS = ["locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL", "temp_store=MEMORY", "secure_delete=ON"];

let sqlite;
let database;
let statements;

const all = (text) => sqlite.exec(database, text);

async function value(text) {
  let found;
  await sqlite.exec(database, text, ([first]) => { found = first; });
  return found;
}

async function prepared(text) {
  const { stmt } = await sqlite.prepare_v2(database, sqlite.str_value(sqlite.str_new(database, text)));
  return stmt;
}

async function run(statement, values = []) {
  values.forEach((each, at) => sqlite.bind(statement, at + 1, each));
  await sqlite.step(statement);
  await sqlite.reset(statement);
}

answer({
  async open(create, insert) {
    sqlite = SQLite.Factory(await createModule());
    const files = new AccessHandlePoolVFS("/commits-wa-sqlite");
    await files.isReady;
    sqlite.vfs_register(files, true);
    database = await sqlite.open_v2("commits");
    for (const setting of SETTINGS) await all(`PRAGMA ${setting}`);
    for (const statement of create) await all(statement);
    statements = [];
    for (const text of ["BEGIN IMMEDIATE", ...insert, "COMMIT"]) statements.push(await prepared(text));
    return `${sqlite.libversion()}, journal ${await value("PRAGMA journal_mode")}`;
  },

  async fill(filling) {
    for (const statement of filling) await all(statement);
    await all("PRAGMA wal_checkpoint(TRUNCATE)");
    return await value("PRAGMA page_count") * await value("PRAGMA page_size");
  },

  async write(number, key) {
    const [begin, entry, instance, change, commit] = statements;
    await run(begin);
    await run(entry, [key, AUTHOR, number, ENTRY, PAYLOAD]);
    await run(instance, [key, `talk ${number}`, number]);
    await run(change, [key]);
    await run(commit);
  },
});
