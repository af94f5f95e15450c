// What a page does when its reader wants the new version: `node taking_over.mjs UPDATES`, UPDATES being the address of
// web/pages/shared/updates.js. Told: what the worker is asked, and how often the page loads again in which case.

let loads = 0;
let registration;
/** @type {() => void} */
let choose = () => {};
globalThis.location = { reload() { loads += 1; } };
const serviceWorker = Object.assign(new EventTarget(), { controller: {}, register: async () => registration });
Object.defineProperty(globalThis, "navigator", { value: { serviceWorker } });

class Worker extends EventTarget {
  asked = [];
  constructor(state) {
    super();
    this.state = state;
  }
  postMessage(what) {
    this.asked.push(what);
  }
  become(state) {
    this.state = state;
    this.dispatchEvent(new Event("statechange"));
  }
}

/** A page to which a version is offered that waits. */
async function page() {
  loads = 0;
  const waiting = new Worker("installed");
  registration = Object.assign(new EventTarget(), { waiting, installing: null });
  const { keepSite } = await import(`${process.argv[2]}?${Math.random()}`);
  await keepSite({ offer: (_, __, { run }) => { choose = run; } });
  return waiting;
}

const told = {};
let waiting = await page();
serviceWorker.dispatchEvent(new Event("controllerchange")); // another tab has used it
choose();
told.asked = waiting.asked;
waiting.become("activating");
told["answers before the rest is heard"] = loads;

waiting = await page();
waiting.state = "activated";
choose();
told["activated, and still called waiting"] = loads;

await page();
registration.waiting = null;
choose();
told["nothing waits"] = loads;

waiting = await page();
choose();
waiting.become("redundant");
told["replaced by a newer one"] = loads;
const newer = registration.waiting = new Worker("installed");
choose();
newer.become("activating");
told["the newer one"] = loads;
console.log(JSON.stringify(told));
