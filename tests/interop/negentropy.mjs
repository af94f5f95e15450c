// The reference implementation of Negentropy, as @welshman/net has it, under the command of a test: a JSON object a
// line in, one out.
//
//   node negentropy.mjs PACKAGE-DIRECTORY
//
// {"do": "hold", "ids": [HEX]} says what there is; "begin" and "go_on" are the one role, "respond" is the other.

import { createInterface } from "node:readline";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

globalThis.window = globalThis; // it asks for the browser's arithmetic, which Node has too
const place = "node_modules/@welshman/net/dist/net/src/negentropy.js";
const { Negentropy, NegentropyStorageVector } = await import(pathToFileURL(resolve(process.argv[2], place)));

let storage;
let begun;

const roles = {
  hold({ ids }) {
    storage = new NegentropyStorageVector();
    for (const id of ids) storage.insert(0, id);
    storage.seal();
  },
  async begin({ most }) {
    begun = new Negentropy(storage, most);
    return begun.initiate();
  },
  async go_on({ message }) {
    const [next, have, need] = await begun.reconcile(message);
    return { next, have, need };
  },
  async respond({ message, most }) {
    const [answer] = await new Negentropy(storage, most).reconcile(message);
    return answer;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { do: role, ...given } = JSON.parse(line);
  let said;
  try {
    said = { value: (await roles[role](given)) ?? null };
  } catch (error) {
    said = { error: String(error?.message ?? error) };
  }
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
