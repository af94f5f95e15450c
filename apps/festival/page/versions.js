/** Talks by where they stand, and the several versions of one event. What stands where is said by the worker. */

import { toTalk } from "./talk.js";

/**
 * @typedef {import("../../../web/pages/shared/types.js").Instance} Instance
 * @typedef {import("./festival.d.ts").FestivalPanda} Panda
 * @typedef {import("./talk.js").Talk} Talk
 * @typedef {Record<"programme" | "own" | "proposed", Talk[]>} Parts  own: the reader's proposals
 */

/** Versions of one event that are asked for. */
const MOST = 20;

/**
 * @param {Instance[]} all
 * @param {import("./festival.d.ts").Standing[]} stands  of each
 * @param {string | null} me
 * @param {Map<string, unknown>} rooms  names by id
 * @returns {{talks: Map<string, Talk>, parts: Parts, behind: Map<string, string>}}  talks: all; behind: which is shown in place of another
 */
export function sortOut(all, stands, me, rooms) {
  const inRooms = new Map([...roomsOf(all), ...rooms]);
  const talks = new Map(all.map((item) => [item.id, toTalk(item, me, inRooms)]));
  /** @type {Parts} */
  const parts = { programme: [], own: [], proposed: [] };
  /** @type {Map<string, string>} */
  const fronted = new Map();
  all.forEach(({ id }, at) => {
    const [talk, stand] = [talks.get(id), stands[at]];
    if (!talk || !stand || stand.place === "muted") return;
    talk.place = stand.place;
    const front = talks.get(stand.behind ?? "");
    if (front) {
      front.behind.push({ talk, differs: stand.differs });
      fronted.set(id, front.id);
    } else {
      parts[stand.place === "programme" ? "programme" : talk.mine ? "own" : "proposed"].push(talk);
    }
  });
  return { talks, parts, behind: fronted };
}

/**
 * What others say of the same event, whether it is shown elsewhere or not.
 *
 * @param {(ask: (panda: Panda) => Promise<Instance[]>) => Promise<Instance[]>} asking
 * @param {Talk} talk
 * @param {string[]} muted
 * @param {string | null} me
 */
export async function versionsOf(asking, { item: { guid, _meta: { author } }, behind }, muted, me) {
  const found = new Map(behind.map(({ talk }) => [talk.id, talk]));
  if (typeof guid !== "string" || !guid) return [...found.values()];
  const filter = { guid, author: { notIn: [author, ...muted] } };
  const page = await asking((panda) => panda.query(panda.talkSchema, { filter, limit: MOST, include: ["room"] })).catch(() => []);
  for (const item of page) if (item._meta.signed) found.set(item.id, toTalk(item, me, roomsOf([item])));
  return [...found.values()];
}

/** The rooms that came with talks: names by id. @param {Instance[]} items @returns {Map<string, unknown>} */
function roomsOf(items) {
  return new Map(items.flatMap(({ _included }) => {
    const room = _included?.room;
    return room && !Array.isArray(room) ? [[room.id, room.name]] : [];
  }));
}
