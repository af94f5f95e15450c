/** Reading the talks from the node. */

/**
 * @typedef {import("./types.js").Instance} Instance
 * @typedef {import("./types.js").Panda} Panda
 * @typedef {import("./types.js").Rejected} Rejected
 */

const PAGE = 1000;
const MOST_PAGES = 200;

/**
 * All talks, page by page.
 *
 * @param {Panda} panda
 */
export async function readAll(panda) {
  /** @type {Map<string, Instance>} */
  const found = new Map();
  /** @type {Map<string, Rejected>} */
  const refused = new Map();
  /** @type {string | null} */
  let after = null;
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const before = found.size + refused.size;
    const page = await panda.query(panda.talkSchema, { limit: PAGE, after });
    sort(page, page.rejected, found, refused);
    after = page.after;
    // A page may be short because items of it were withheld; a node that repeats itself is not followed.
    if (!after || found.size + refused.size === before) break;
  }
  return { found, refused };
}

/**
 * Puts a page's items to the found ones, and what did not pass the checks to the refused ones.
 *
 * @param {Instance[]} page
 * @param {Rejected[]} bad
 * @param {Map<string, Instance>} found
 * @param {Map<string, Rejected>} refused
 */
export function sort(page, bad, found, refused) {
  for (const item of page) {
    if (item._meta.signed) found.set(item.id, item);
    else refused.set(item.id, { id: item.id, reason: "not-signed", message: "" });
  }
  for (const one of bad) refused.set(`${one.id} ${one.reason}`, one);
}
