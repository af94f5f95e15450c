/** What the address of the programme says: its filter, and the talk that is open. So it can be sent, and Back leads back. */

/**
 * @typedef {"day" | "room" | "track" | "search" | "talk"} Part
 * @typedef {Record<Part, string>} Place  empty: all, or none is open
 */

const PARTS = /** @type {const} */ (["day", "room", "track", "search", "talk"]);
/** Characters of one part: more would not fit into an address. */
const LONGEST = 300;

/** @returns {Place} */
export function place() {
  const said = new URLSearchParams(location.search);
  return /** @type {Place} */ (Object.fromEntries(PARTS.map((part) => [part, (said.get(part) ?? "").slice(0, LONGEST)])));
}

/**
 * Goes to another place.
 *
 * @param {Partial<Place>} change
 * @param {boolean} [typing]  it takes the place of the one before: Back does not lead through each letter
 */
export function go(change, typing = false) {
  const address = new URL(location.href);
  for (const part of PARTS) {
    const value = change[part];
    if (value) address.searchParams.set(part, value.slice(0, LONGEST));
    else if (value !== undefined) address.searchParams.delete(part);
  }
  if (address.href === location.href) return;
  if (typing) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
}
