// What an answer keeps of what failed the checks: `node rejected.mjs SERIES`, the address of web/panda/series.js.

const { Answer } = await import(process.argv[2]);

const page = (rejected) => ({ instances: [{ id: "one" }], included: [], rejected, after: null });
const bad = (count) => Array.from({ length: count }, (_, id) => ({ id, reason: "proof-incomplete", message: "" }));
async function* pages() {
  for (let number = 0; number < 30; number++) yield page(bad(70));
}
const answer = new Answer(null, () => Object.assign(pages(), { check() {} }));
const all = await answer.toArray();
const again = await answer.toArray();
const told = ({ length, rejected, rejectedCount }) => ({ length, kept: rejected.length, counted: rejectedCount });
console.log(JSON.stringify([told(all), told(again), { kept: answer.rejected.length, counted: answer.rejectedCount }]));
