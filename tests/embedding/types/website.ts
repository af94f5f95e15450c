// A website in TypeScript. tests/embedding/test_types.py compiles it.

import { connect, PandaError, type Answer, type Instance, type Page, type Panda, type Progress } from "https://host.example/panda.js";

interface Talk {
  title: string;
  seats?: number;
  rooms: string[];
  views: bigint;
}

const show = ({ stage, done, total }: Progress) => console.log(stage, total > 0 ? done / total : 0);

export async function run(schema: string): Promise<string> {
  const panda: Panda = await connect({
    node: "https://node.example",
    onProgress: show,
    signal: AbortSignal.timeout(60_000),
    patience: 30,
    worker: new URL("panda-worker.js", import.meta.url),
  });
  if (panda.author === null) return panda.readOnly?.message ?? "";
  const { id, entryHash, acknowledged } = await panda.create(schema, { title: "Opening", seats: 200, open: true });
  const talk: Talk = { title: "Closing", rooms: ["A"], views: 2n ** 53n };
  await panda.create(schema, talk);
  const order = ["-title", "id"] as const;
  await panda.query(schema, { filter: talk, orderBy: order });
  const room = await panda.define({ name: "room", description: "", fields: { area: { type: "float[]", optional: true } } });
  const kind: string | undefined = (await panda.schema(room.id)).fields["area"]?.type;
  await panda.update(schema, id, { seats: { type: "int", value: 100 } });
  const page: Page = await panda.query(schema, { filter: { author: panda.author }, orderBy: ["-title"], limit: 10 });
  const first: Instance | undefined = page[0];
  const verified: boolean | undefined = first?._meta.verified;
  for (const { id, reason } of page.rejected) console.warn(id, reason);
  await panda.query(schema, { after: page.after });
  for await (const { id, _meta } of panda.query("post", { orderBy: ["-date"], signal: AbortSignal.timeout(60_000) })) {
    console.log(id, _meta.author);
  }
  const there: number = await panda.count("post", { filter: { date: { gte: "2026-01-01T00:00:00Z" } } });
  for await (const { title, _included } of panda.query("post", { select: ["title"], include: ["by", "by.home"] })) {
    const by = _included?.["by"];
    console.log(title, Array.isArray(by) ? by.length : by?._included?.["home"], there);
  }
  for await (const { instances, changes } of panda.subscribe("post", { orderBy: ["-date"] })) {
    console.log(instances.length, changes.filter(({ kind }) => kind === "added").map(({ instance }) => instance?.["title"]));
    break;
  }
  const all: Instance[] = await panda.query(schema).toArray();
  const answer: Answer = panda.query(schema);
  await answer.catch(() => []);
  console.log(all.length, answer.rejected.length);
  for await (const { state, pending, error } of panda.status({ signal: AbortSignal.timeout(60_000) })) {
    console.log(state === "connected", pending > 0, error?.reason);
    break;
  }
  await panda.delete(schema, id);
  const waiting: number = (await panda.pending()) + (await panda.flush());
  if (panda.canBackUp) await panda.restore(await panda.backUp("a passphrase"), "a passphrase");
  panda.close();
  return [kind, entryHash, acknowledged, verified, waiting].join();
}

export function tell(error: unknown): string {
  if (!(error instanceof PandaError)) throw error;
  const { reason, data, message } = error;
  return `${reason}: ${message} ${JSON.stringify(data)}`;
}

// What a script tag sets.
const shared: typeof connect = globalThis.panda.connect;
const same: typeof PandaError = panda.PandaError;
void [shared, same];

// And what does not compile.
// @ts-expect-error a connection comes later
connect().author;
// @ts-expect-error there is no such option
void connect({ nodes: [] });
// @ts-expect-error a controller is no signal
void connect({ signal: new AbortController() });
export async function wrong(panda: Panda) {
  // @ts-expect-error an update needs an id
  await panda.update("schema", { title: "Opening" });
  // @ts-expect-error there is no such type of field
  await panda.define({ name: "room", description: "", fields: { area: { type: "number" } } });
  // @ts-expect-error nobody chooses the author
  panda.author = "me";
  // @ts-expect-error fields of others are not known to be texts
  const title: string = (await panda.query("schema"))[0].title;
  return title;
}
