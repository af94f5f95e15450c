// What visitors do, in a Python that starts from a snapshot in Node, and which functions of Pyodide's module are called
// by that: a page that reads and writes, with its own node on SQLite's files, a second node that it is kept alike with,
// a festival's programme, files of entries, what is removed here.
//
// It is the same each time: nothing waits for a clock, a thread or a network (tab.mjs).
import { basename } from "node:path";
import { Disks } from "../web/worker/disk/disk.js";
import { signChain, verifyMany } from "../web/worker/ed25519.js";
import { beTab, ports, reach } from "./tab.mjs";

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
 * @param {Uint8Array} made.seldom
 * @param {{module: string, wheel: string}[]} made.extensions
 * @param {string} made.program the text of session.py
 * @param {(path: string) => Uint8Array} made.read
 */
export async function session({ load, snapshot, seldom, extensions, program, read }) {
  const tab = beTab();
  return tab.until((async () => {
    const pyodide = await load({ _loadSnapshot: snapshot });
    const frozen = pyodide.pyimport("panda_web.browser.frozen");
    frozen.awake("library", "", "seldom", "", () => null);
    disks.begin(pyodide.FS);
    const python = pyodide.pyimport("panda_web.browser.worker");
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
    globals.get("wake")();
  })());
}

/** The page's end of a connection. */
class Page {
  #waiting = new Map();
  #last = 0;

  constructor(python) {
    const [ours, theirs] = ports();
    this.port = ours;
    ours.onmessage = ({ data }) => {
      const { id, result, error } = JSON.parse(data);
      this.#waiting.get(id)?.({ result, error });
    };
    python.start(theirs, signChain, verifyMany, disks.open);
  }

  /** What comes of a call; its error where it fails. */
  async ask(method, ...params) {
    const id = String(this.#last += 1);
    const answer = new Promise((resume) => { this.#waiting.set(id, resume); });
    this.port.postMessage(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    if (process.env.SAY) console.log("ask", method);
    const { result, error } = await answer;
    return result ?? error;
  }

  async call(method, ...params) {
    const id = await this.ask(method, ...params);
    if (id?.code) throw new Error(`${method}: ${JSON.stringify(id)}`);
    return id;
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

async function visits(page) {
  const note = (...what) => { if (process.env.SAY) console.log(...what.map((each) => JSON.stringify(each)?.slice(0, 300))); };
  await page.call("open", "0.1.0", NODE, "first", [], null);
  const schema = (await page.call("define", TALK)).id;
  await page.call("create", ANY, { text: "any", whole: 3, half: 0.5, yes: true });
  const row = (n) => ({ title: `Talk ${n % 7}`, n, weight: n / 3, open: n % 2 === 0, note: "über".repeat(n) });
  const written = await Promise.all(Array.from({ length: 30 }, (_, n) => page.call("create", schema, row(n))));
  note(written[0]);
  await page.call("update", schema, written[1].id, { title: "changed", weight: -1e300 });
  await page.call("delete", schema, written[2].id);
  note(await page.ask("query", schema, {}));
  note(await page.ask("query", schema, { filter: { n: { gte: 3, lt: 9 }, or: [{ title: "changed" }, { open: true }] }, orderBy: ["-weight", "title"], limit: 4, select: ["title"] }));
  note(await page.ask("query", schema, { filter: { title: { startsWith: "Talk" }, not: { n: { in: [1, 2, 3] } } } }));
  note(await page.ask("query", schema, { filter: { nothing: 1 } }));
  note(await page.ask("query", ANY, { filter: { whole: 3 } }));
  note(await page.ask("count", schema, { filter: { open: true } }));
  note(await page.ask("versions", schema, written[1].id));
  note(await page.ask("schema", "talk"), await page.ask("schemas"), await page.ask("schemas", { after: schema }));
  note(await page.some("query", { schema, limit: 7 }, 3));
  note(await page.some("subscribe", { schema, filter: { open: true } }, 3, () => page.call("create", schema, row(8))));
  note(await page.some("status", {}, 1));
  note(await page.ask("flush"), await page.ask("pending"), await page.ask("storage"));
}
