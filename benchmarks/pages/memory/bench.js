// A website that uses panda.js. It goes on when it may, and tells its server how far it is (benchmarks/memory.py).
import { connect } from "./panda.js";

const PAUSE_MS = 500;

/** @param {string} step */
async function may(step) {
  while (!(await fetch(step, { cache: "no-store" })).ok) await new Promise((go) => { setTimeout(go, PAUSE_MS); });
}

async function work() {
  await may("may-open");
  const panda = await connect({ node: new URLSearchParams(location.search).get("node") ?? undefined });
  await fetch("opened");
  await may("may-publish");
  const { published } = await panda.importSchedule(await (await fetch("talks.json")).text());
  await fetch(`published/${published}`);
}

work().catch((error) => fetch(`failed?${encodeURIComponent(error)}`));
