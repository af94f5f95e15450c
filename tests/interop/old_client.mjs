// p2panda-js 0.2.1, unmodified, under the command of a test: a JSON object a line in, one out.
//
//   node old_client.mjs PACKAGE-DIRECTORY
//
// {"do": NAME, ...} is answered with {"value": ...}, or {"error": TEXT} where the library throws.
//
// `create`, `update` and `delete` of its Session resolve before they have asked the node for anything, and what
// goes wrong afterwards is an unhandled rejection. So a write counts as done when the session was given the next
// arguments, or when a rejection came.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { resolve } from "node:path";

const require = createRequire(resolve(process.argv[2], "package.json"));
const { Session, recoverKeyPair, wasm } = require("p2panda-js");
const library = await wasm;

let rejections = [];
let settled = () => {};
process.on("unhandledRejection", (error) => {
  rejections.push(String(error?.message ?? error));
  settled();
});

const sessions = new Map();

async function open({ session: name, endpoint, privateKey }) {
  const keyPair = await recoverKeyPair(privateKey);
  const session = new Session(endpoint).setKeyPair(keyPair);
  const seen = { session, published: [], done: 0 };
  const { publishEntry, setNextEntryArgs } = session;
  session.publishEntry = (entry, message) => {
    seen.published.push({ entry, message });
    return publishEntry.call(session, entry, message);
  };
  session.setNextEntryArgs = (...given) => {
    setNextEntryArgs.apply(session, given);
    seen.done += 1;
    settled();
  };
  sessions.set(name, seen);
  return keyPair.publicKey();
}

// Begins all writes at once, and waits for the end of each.
async function write({ session: name, writes }) {
  const seen = sessions.get(name);
  Object.assign(seen, { published: [], done: 0 });
  rejections = [];
  const all = new Promise((resolve) => {
    settled = () => {
      if (seen.done + rejections.length >= writes.length) resolve();
    };
  });
  for (const { action, schema, id, fields } of writes) {
    if (action === "create") seen.session.create(fields, { schema });
    if (action === "update") seen.session.update(id, fields, { schema });
    if (action === "delete") seen.session.delete(id, { schema });
  }
  await all;
  return { published: seen.published, done: seen.done, errors: rejections };
}

// A list of [name, type, value], since an object would put names like "1" first.
function fieldsOf(list) {
  const fields = new library.MessageFields();
  for (const [name, type, value] of list) fields.add(name, type, value);
  return fields;
}

const operations = {
  open,
  write,
  query: ({ session, schema }) => sessions.get(session).session.query({ schema }),
  encode({ action, schema, id, fields }) {
    if (action === "create") return library.encodeCreateMessage(schema, fieldsOf(fields));
    if (action === "update") return library.encodeUpdateMessage(id, schema, fieldsOf(fields));
    return library.encodeDeleteMessage(id, schema);
  },
  async sign({ privateKey, message, skiplink, backlink, seqNum, logId }) {
    const keyPair = await recoverKeyPair(privateKey);
    return library.signEncodeEntry(keyPair, message, skiplink, backlink, seqNum, logId);
  },
  decode: ({ entry, message }) => library.decodeEntry(entry, message),
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let reply;
  try {
    reply = { value: await operations[request.do](request) };
  } catch (error) {
    reply = { error: String(error?.message ?? error) };
  }
  process.stdout.write(JSON.stringify(reply) + "\n");
}
