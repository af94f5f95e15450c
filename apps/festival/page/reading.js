/** Reading the programme from the node: talks, and the rooms that they lead to. */

/**
 * @typedef {import("../../../web/pages/shared/types.js").Instance} Instance
 * @typedef {import("./festival.d.ts").FestivalPanda} Panda
 * @typedef {import("../../../web/pages/shared/types.js").Rejected} Rejected
 */

const PAGE = 1000;
const MOST_PAGES = 200;

/**
 * All talks, the names of rooms by their ids, and what of both did not pass the checks.
 *
 * @param {Panda} panda
 */
export async function readProgramme(panda) {
  const [talks, rooms] = await Promise.all([readAll(panda, panda.talkSchema), readAll(panda, panda.roomSchema)]);
  return { talks: talks.found, rooms: names(rooms.found), refused: new Map([...talks.refused, ...rooms.refused]) };
}

/**
 * The names of all rooms that pass the checks, by their ids.
 *
 * @param {Panda} panda
 */
export async function readRooms(panda) {
  return names((await readAll(panda, panda.roomSchema)).found);
}

/** @param {Map<string, Instance>} rooms */
function names(rooms) {
  return new Map([...rooms].map(([id, { name }]) => [id, name]));
}

/**
 * All instances of a schema, page by page.
 *
 * @param {Panda} panda
 * @param {string} schema
 */
async function readAll(panda, schema) {
  /** @type {Map<string, Instance>} */
  const found = new Map();
  /** @type {Map<string, Rejected>} */
  const refused = new Map();
  /** @type {string | null} */
  let after = null;
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const before = found.size + refused.size;
    const page = await panda.query(schema, { limit: PAGE, after });
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
