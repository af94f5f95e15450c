// What a database is asked to do in its worker: what page_tab.py has ours do.

// `database` has `open(create, insert)`, `fill(statements)`, which gives bytes, and `write(number, key)`, which returns
// once one transaction is durable.
export function answer(database) {
  let written = 0;

  const asked = {
    open: ({ create, insert }) => database.open(create, insert),
    fill: (statements) => database.fill(statements),
    turn: async (count) => {
      const before = performance.now();
      for (let number = 0; number < count; number++) {
        await database.write(++written, crypto.getRandomValues(new Uint8Array(34)));
      }
      return (performance.now() - before) / count;
    },
  };

  self.onmessage = async ({ data: { what, argument } }) => {
    try {
      self.postMessage({ value: await asked[what](argument) });
    } catch (error) {
      self.postMessage({ error: `${error}\n${error.stack}` });
    }
  };
}

export const AUTHOR = new Uint8Array(32);
export const ENTRY = new Uint8Array(250);
export const PAYLOAD = new Uint8Array(500);
