// One page with everybody in it: `measure(who, work, count, fields)` gives the seconds that they need.
//
// The work is the same for all: messages with these fields, the number of each in its title, encoded and signed in
// one log with all links; or entries, from how they travel to the proof that their signatures hold. Keys are in
// memory. Each one gets its values in the form that it takes: p2panda-js hexadecimal text, ours bytes.

import * as later from "./p2panda-js-0.8.1/index.js";

const SCHEMA = "0040" + "c0ffee00".repeat(16);
const LATER_SCHEMA = "benchmark_0020" + "c0ffee00".repeat(8);
const LOG = 1;
// Verifications under way together, as in web/worker/ed25519.js.
const AT_ONCE = 256;

const numbered = (fields, number) => ({ ...fields, title: `${fields.title} ${number}` });

const seconds = async (work) => {
  const before = performance.now();
  await work();
  return (performance.now() - before) / 1000;
};

// The seq num that an entry's skiplink points to, as panda_web/bamboo/links.py has it.
function lipmaa(n) {
  let power = 1;
  while ((power - 1) / 2 < n) power *= 3;
  let rest = n;
  while (rest !== (power - 1) / 2) {
    rest -= (power / 3 - 1) / 2;
    while (power > 1 && (power / 3 - 1) / 2 >= rest) power /= 3;
  }
  return rest === n ? n - power / 3 : n - rest;
}

// Signs one entry after the other; `append(number, seqNum, backlink, skiplink)` gives the hash of each.
async function log(count, append) {
  const hashes = [];
  for (let seqNum = 1; seqNum <= count; seqNum++) {
    const target = lipmaa(seqNum);
    const skiplink = seqNum > 1 && target !== seqNum - 1 ? hashes[target - 1] : undefined;
    hashes.push(await append(seqNum - 1, seqNum, hashes.at(-1), skiplink));
  }
}

// --- p2panda-js 0.2.1 --------------------------------------------------------------------------------------------

const early = await globalThis.p2panda.wasm;

const kindOf = (value) => ({ string: "str", boolean: "bool" })[typeof value] ?? "int";

async function signEarly(count, fields) {
  const keyPair = await globalThis.p2panda.createKeyPair();
  return seconds(() => log(count, (number, seqNum, backlink, skiplink) => {
    const values = new early.MessageFields();
    for (const [name, value] of Object.entries(numbered(fields, number))) values.add(name, kindOf(value), value);
    const message = early.encodeCreateMessage(SCHEMA, values);
    return early.signEncodeEntry(keyPair, message, skiplink, backlink, seqNum, LOG).entryHash;
  }));
}

// --- p2panda-js 0.8.1 --------------------------------------------------------------------------------------------

await later.initWebAssembly();

async function signedLater(count, fields) {
  const keyPair = new later.KeyPair();
  const entries = [];
  const took = await seconds(() => log(count, (number, seqNum, backlink, skiplink) => {
    const operation = later.encodeOperation({ schemaId: LATER_SCHEMA, fields: numbered(fields, number) });
    const entry = later.signAndEncodeEntry({ logId: LOG, seqNum, skiplink, backlink, operation }, keyPair);
    entries.push(entry);
    return later.generateHash(entry);
  }));
  return { entries, took };
}

async function verifyLater(count, fields) {
  const { entries } = await signedLater(count, fields);
  refuses(entries[0]);
  return seconds(() => {
    for (const entry of entries) later.decodeEntry(entry);
  });
}

// It is the same work only where a false signature is noticed.
function refuses(entry) {
  const last = entry.slice(-8);
  const damaged = entry.slice(0, -8) + (last === "00000001" ? "00000002" : "00000001");
  try {
    later.decodeEntry(damaged);
  } catch {
    return;
  }
  throw new Error("decodeEntry takes a false signature: it does not verify.");
}

// --- The browser alone -------------------------------------------------------------------------------------------

// The bytes of an entry that are signed: 241.
const unsigned = (number) => new Uint8Array(241).fill(number);

const generate = () => crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);

async function signAlone(count) {
  const { privateKey } = await generate();
  const data = Array.from({ length: count }, (_, number) => unsigned(number));
  return seconds(async () => {
    for (const bytes of data) await crypto.subtle.sign("Ed25519", privateKey, bytes);
  });
}

async function verifyAlone(count) {
  const { privateKey, publicKey } = await generate();
  const claims = [];
  for (let number = 0; number < count; number++) {
    const data = unsigned(number);
    claims.push({ data, signature: await crypto.subtle.sign("Ed25519", privateKey, data) });
  }
  return seconds(async () => {
    for (let at = 0; at < count; at += AT_ONCE) {
      const turn = claims.slice(at, at + AT_ONCE);
      const verdicts = await Promise.all(turn.map(({ data, signature }) =>
        crypto.subtle.verify("Ed25519", publicKey, signature, data)));
      if (!verdicts.every(Boolean)) throw new Error("A signature does not hold.");
    }
  });
}

// --- Ours --------------------------------------------------------------------------------------------------------

const worker = new Worker("worker.js", { type: "module" });

const ours = (work) => (count, fields) => new Promise((resolve, reject) => {
  worker.onerror = ({ message }) => reject(new Error(message));
  worker.onmessage = ({ data: { took, error } }) => (error ? reject(new Error(error)) : resolve(took));
  worker.postMessage({ work, count, fields });
});

const everybody = {
  "panda-web": { sign: ours("sign"), verify: ours("verify"), check: ours("check") },
  "p2panda-js 0.2.1": { sign: signEarly },
  "p2panda-js 0.8.1": { sign: async (count, fields) => (await signedLater(count, fields)).took, verify: verifyLater },
  "WebCrypto alone": { sign: signAlone, verify: verifyAlone },
};

globalThis.measure = (who, work, count, fields) => everybody[who][work](count, fields);
