// What visitors do, in a Python that starts from a snapshot in Node, and which functions of Pyodide's module are called
// by that: a page that reads and writes, with its own node on SQLite's files, a second node that it is kept alike with,
// a festival's programme, files of entries, what is removed here.
//
// It is the same each time: nothing waits for a clock, a thread or a network (tab.mjs).
import { basename } from "node:path";
import { Disks } from "../web/worker/disk/disk.js";
import { signChain, verifyMany } from "../web/worker/ed25519.js";
import { beTab, ports, reach, suffer } from "./tab.mjs";

/** Where the database of the session is. */
export const disks = new Disks();
const NODE = "http://localhost:2020/";
const ANY = `0040${"5a".repeat(64)}`;
const TALK = {
  name: "talk",
  description: "What is said.",
  fields: {
    title: { type: "varchar" },
    n: { type: "integer" },
    weight: { type: "float" },
    open: { type: "boolean" },
    note: { type: "text" },
  },
};

/**
 * @param {object} made
 * @param {(more: object) => Promise<any>} made.load starts Pyodide
 * @param {ArrayBuffer} made.snapshot its memory
 * @param {Uint8Array} made.asleep what sleeps in it, as asleep.py writes it
 * @param {Uint8Array} made.seldom what sleeps beside it
 * @param {{module: string, wheel: string}[]} made.extensions
 * @param {string} made.program the text of session.py
 * @param {(path: string) => Uint8Array} made.read
 */
export async function session({ load, snapshot, asleep, seldom, extensions, program, read }) {
  const tab = beTab();
  return tab.until((async () => {
    const pyodide = await load({ _loadSnapshot: snapshot });
    const frozen = pyodide.pyimport("panda_web.browser.frozen");
    frozen.awake("library", "", "seldom", "", () => null);
    disks.begin(pyodide.FS);
    const python = await Promise.resolve(pyodide.pyimport("panda_web.browser.worker")); // asked for `then`, which it has not
    for (const { module, wheel } of extensions) {
      pyodide.FS.writeFile(`/${basename(wheel)}`, read(wheel));
      python.extend(`/${basename(wheel)}`, module);
    }
    frozen.arrived(seldom);
    const globals = pyodide.toPy({ __name__: "session" });
    const page = new Page(python);
    pyodide.runPython(program, { globals });
    await globals.get("begin")(signChain, verifyMany);
    reach(globals.get("answer"), globals.get("meet"));
    await visits(page);
    for (const how of ["away", "cut", "odd"]) for (const mode of ["first", "remote"]) await suffers(page.another(), how, mode);
    await globals.get("odds")();
    pyodide.FS.writeFile("/asleep", asleep);
    globals.get("wake")();
  })());
}

/** The page's end of a connection. */
class Page {
  #waiting = new Map();
  last = 0;

  constructor(python) {
    this.python = python;
    const [ours, theirs] = ports();
    this.port = ours;
    ours.onmessage = ({ data }) => {
      const { id, result, error } = JSON.parse(data);
      this.#waiting.get(id)?.({ result, error });
    };
    python.start(theirs, signChain, verifyMany, disks.open);
  }

  another() {
    return new Page(this.python);
  }

  /** Says what has no answer. */
  say(method, params) {
    this.port.postMessage(JSON.stringify({ jsonrpc: "2.0", method, params }));
  }

  /** What comes of a call; its error where it fails. Its params are said in their order, or by name. */
  async ask(method, ...given) {
    const [named] = given;
    const params = given.length === 1 && named?.constructor === Object ? named : given;
    const id = this.last += 1;
    const answer = new Promise((resume) => { this.#waiting.set(id, resume); });
    this.port.postMessage(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    const { result, error } = await answer;
    if (process.env.SAY) console.log(method, JSON.stringify(error) ?? "", JSON.stringify(result)?.slice(0, 150));
    return result ?? error;
  }

  /** The same, where nothing must fail. */
  async call(method, ...params) {
    const result = await this.ask(method, ...params);
    if (result?.code) throw new Error(`${method}: ${JSON.stringify(result)}`);
    return result;
  }

  /** Some values of a series. */
  async some(series, params, most, meanwhile = async () => {}) {
    const number = await this.call("begin", series, params);
    const seen = [];
    for (let at = 0; at < most; at += 1) {
      const next = this.call("next", number);
      if (at) await meanwhile(at);
      const value = await next;
      seen.push(value);
      if (value.done) return seen;
    }
    await this.call("stop", number);
    return seen;
  }
}

/** What a page asks for, and a few things that it is refused. */
async function visits(page) {
  const { author } = await page.call("open", "0.1.0", NODE, "first", [], null);
  const schema = (await page.call("define", { schema: TALK })).id;
  await page.call("create", ANY, { text: "any", whole: 3, half: 0.5, yes: true });
  const row = (n) => ({ title: `Talk ${n % 7}`, n, weight: n / 3, open: n % 2 === 0, note: "über".repeat(n) });
  const written = await Promise.all(Array.from({ length: MANY }, (_, n) => page.call("create", schema, row(n))));
  const [, second, third] = written.map(({ id }) => id);
  await page.call("update", schema, second, { title: "changed", weight: -1e300 });
  await page.call("delete", schema, third);
  const either = [{ title: { contains: "hang" } }, { weight: { lt: 0.5 } }, { open: { ne: true } }];
  for (const filter of [
    undefined, { n: { gte: 3, lt: 9 } }, { or: either }, { title: { startsWith: "Talk" }, not: { n: { in: [1, 2, 3] } } },
    { nothing: 1 }, { and: either, author },
  ]) {
    await page.ask("query", { schema, filter, orderBy: ["-weight", "title"], limit: 4, select: ["title", "n"] });
    await page.ask("count", { schema, filter });
  }
  const found = await page.call("query", { schema, limit: 3 });
  await page.call("query", { schema, limit: 3, after: found.after });
  await page.ask("query", { schema: ANY, filter: { whole: 3 }, orderBy: ["half"] });
  for (const [method, ...params] of [
    ["versions", schema, second], ["schema", schema], ["schema", "talk"], ["schemas"], ["storage"], ["pending"],
    ["create", schema, { title: 3 }], ["create", schema, {}], ["nobody"], ["query"], ["gather"],
    ["describe", { draft: { name: "talk!", description: "", fields: [{ name: "1", type: "none" }] } }],
    ["schemaFromToml", TOML], ["schemaFromToml", "no = ["], ["log", author, 1], ["log", author, 1, 1], ["log", author, 3, 20, 40],
    ["backUp", "a long passphrase"], ["removed", [second], [author]],
  ]) await page.ask(method, ...params);
  await page.call("nodePeers");
  await page.some("query", { schema, limit: 7 }, 6);
  await page.some("subscribe", { schema, filter: { open: true } }, 3, () => page.call("create", schema, row(8)));
  await page.some("status", {}, 1);

  for (const text of [schedule(5), schedule(6), "{"]) {
    await page.ask("planImport", text);
    await page.ask("importSchedule", text, true);
  }
  await page.ask("room", "Meadow");
  await page.ask("writeProfile", "Somebody", "who speaks");
  const { schemas } = await page.ask("schemas");
  for (const { id } of schemas ?? []) await page.ask("query", { schema: id });
  const told = { id: second, author, seqNum: 3, fields: { title: "Talk", start: "2026-08-01T10:00:00+02:00", duration: 45, room: "Meadow", description: "What, and why; \n".repeat(9) } };
  for (const format of ["ics", "json"]) await page.ask("programmeFile", JSON.stringify([told]), format, "A festival");
  await page.ask("arrange", [told], [author]);

  const file = await page.some("export", {}, MANY);
  await page.ask("importBegin");
  for (const { value } of file) await page.ask("importPart", value?.text ?? "");
  await page.ask("importEnd");
  await page.ask("drop", { instance: second });
  await page.ask("drop", { schema, largerThan: 20 });
  await page.ask("removed", [second]);
  await page.ask("keep", { instance: second });
  await page.ask("keep", {});
  await page.ask("flush");
  const cancelled = page.ask("importSchedule", schedule(9));
  page.say("cancel", { id: page.last });
  await cancelled;
  const other = page.another();
  await other.call("open", "0.1.0", NODE, "remote", [], null);
  await other.call("query", { schema, orderBy: ["n"] });
  await other.call("create", schema, row(1));
  const following = await other.call("begin", "subscribe", { schema });
  await other.call("next", following);
  const next = other.ask("next", following);
  page.say("close");
  other.say("close");
  const last = page.another();
  await last.call("open", "0.1.0", NODE, "first", [], null);
  await last.call("create", schema, row(2));
  await last.ask("importSchedule", schedule(7));
  await Promise.race([next, last.ask("forget", true)]);
}

/** Somebody reads and writes, and the network is not what it was; and then it is. */
async function suffers(page, how, mode) {
  await page.call("open", "0.1.0", NODE, mode, [], null);
  const { id } = await page.call("create", ANY, { text: how });
  const following = await page.call("begin", "subscribe", { schema: ANY });
  await page.call("next", following);
  const next = page.ask("next", following);
  suffer(how);
  await page.some("status", {}, 1);
  for (const [method, ...params] of [
    ["query", { schema: ANY }], ["count", { schema: ANY }], ["schemas"], ["create", ANY, { text: "lost" }], ["update", ANY, id, { text: "lost" }],
    ["versions", ANY, id], ["importSchedule", schedule(2)], ["pending"], ["flush"], ["delete", ANY, id], ["nodePeers"], ["room", "Meadow"],
  ]) await page.ask(method, ...params);
  suffer(null);
  await page.ask("flush");
  await next;
  await page.ask("query", { schema: ANY });
  page.say("close");
}

const MANY = 40;
const TOML = `name = "blog"\ndescription = """A
blog."""\n[fields.title]\ntype = "varchar"\nmax = 10\n[fields.at]\ntype = "integer"\n`;

function schedule(count) {
  const talks = Array.from({ length: count }, (_, n) => ({
    id: n,
    guid: `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`,
    date: `2026-08-01T1${n % 10}:00:00+02:00`,
    duration: "00:45",
    room: "Meadow",
    title: `Talk ${n} of ${count}`,
    track: "Odds",
    language: "en",
    abstract: "<p>What <b>is</b> said &amp; heard.</p>",
    description: `What talk ${n} is about.`,
    persons: [{ id: n, public_name: `Person ${n}` }],
    links: [{ url: "https://example.org", title: "more" }],
  }));
  const day = { index: 1, date: "2026-08-01", day_start: "2026-08-01T05:00:00+02:00", rooms: { Meadow: talks } };
  return JSON.stringify({ schedule: { version: "1.0", conference: { acronym: "odd", title: "Odd", time_zone_name: "Europe/Berlin", days: [day] } } });
}
