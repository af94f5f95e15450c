/** What a reader removes from this browser, and fetches again; and why something is not here. */

import * as texts from "texts";
import { button, byId, el } from "../../elements/dom.js";
import { quoted } from "../../elements/foreign.js";
import { count, errorOf } from "../../elements/words.js";

/**
 * @typedef {import("panda.js").Instance} Instance
 * @typedef {import("panda.js").Panda} Panda
 * @typedef {{instance?: string, author?: string, schema?: string}} Which
 */

/** Characters of the words of whoever runs a node: it may send no more. */
const WORDS = 200;
const REMOVED = "removed";

/** The words of whoever runs the node, as a text. @param {string} words */
const quote = (words) => el("q", { class: "foreign", attrs: { dir: "auto" } }, quoted(words, WORDS));

/**
 * @param {object} use
 * @param {import("../shared/session.js").Session} use.session
 * @param {import("../shared/notices.js").Notices} use.notices
 */
export function makeRemoving({ session, notices }) {
  const menu = byId("away", HTMLDetailsElement);
  const size = byId("away-size", HTMLSelectElement);
  let schema = "";
  byId("away-large", HTMLButtonElement).addEventListener("click", () => {
    menu.open = false;
    void drop({ schema }, Number(size.value));
  });
  byId("away-keep", HTMLButtonElement).addEventListener("click", () => {
    menu.open = false;
    void keep({ schema });
  });

  /** @param {Which} which @param {number} [largerThan] */
  async function drop(which, largerThan) {
    try {
      const { instances } = await (await session.panda()).drop({ ...which, ...(largerThan === undefined ? {} : { largerThan }) });
      if (!instances) return notices.say(texts.data.nothingRemoved);
      notices.offer(REMOVED, count(instances, texts.data.removedSome), { label: texts.data.fetchAgain, run: () => void keep(which) }, texts.shared.dismiss);
    } catch (error) {
      notices.error(error);
    }
  }

  /** @param {Which} which */
  async function keep(which) {
    notices.clear(REMOVED);
    try {
      const { instances } = await (await session.panda()).keep(which);
      notices.say(instances ? count(instances, texts.data.comeAgain) : texts.data.nothingWasRemoved);
    } catch (error) {
      notices.error(error);
    }
  }

  return {
    /** What can be done with a kind of data. @param {Panda} panda @param {string} id */
    show(panda, id) {
      schema = id;
      menu.hidden = panda.mode === "remote";
    },

    /** Says it where the node takes nothing of who writes here, with the words of whoever runs it. @param {Panda} panda */
    async watch(panda) {
      let said = "";
      try {
        for await (const { error } of panda.status()) {
          const refused = error?.reason === "author-refused" ? error.message : "";
          if (error && refused && refused !== said) notices.error(errorOf(error));
          said = refused;
        }
      } catch {
        // the connection has ended, and whoever calls hears why
      }
    },

    /** What a reader can remove with an instance before them. @param {Panda} panda @param {Instance} instance */
    fold(panda, instance) {
      if (panda.mode === "remote") return [];
      const one = button(texts.data.removeThis, () => void drop({ instance: instance.id }));
      const all = button(texts.data.removeAuthor, () => void drop({ author: instance._meta.author }));
      one.id = "remove-this";
      all.id = "remove-author";
      return [el("details", { class: "fold removing" }, el("summary", {}, texts.data.removeHere), el("p", { class: "note" }, texts.data.removeWhat), el("div", { class: "row" }, one, all))];
    },

    /**
     * Why an instance is not here: a title, and what there is to say and do.
     *
     * @param {Panda} panda
     * @param {string} id
     * @param {boolean} wasHere  whether it was seen before
     * @returns {Promise<{state: string, title: string, words: (Node | string)[]}>}
     */
    async absent(panda, id, wasHere) {
      const found = await panda.removed({ instances: [id] }).catch(() => ({ instances: [] }));
      const here = found.instances.find(({ where }) => where === "here");
      const there = found.instances.find(({ where }) => where === "node");
      if (here?.state === "deleted" || there?.state === "deleted") return { state: "deleted", title: texts.data.deletedTitle, words: [el("p", {}, texts.data.isDeleted)] };
      if (here) {
        const again = button(texts.data.fetchAgain, () => void keep({ instance: id }));
        again.id = "open-keep";
        return { state: "dropped", title: texts.data.removedTitle, words: [el("p", {}, texts.data.removedHere), el("p", {}, again)] };
      }
      if (there) {
        const why = there.words === null ? [] : [el("p", {}, `${texts.data.theySay} `, quote(there.words))];
        return { state: "dropped-there", title: texts.data.removedThereTitle, words: [el("p", {}, texts.data.removedThere), ...why] };
      }
      if (wasHere) return { state: "deleted", title: texts.data.deletedTitle, words: [el("p", {}, texts.data.isDeleted)] };
      return { state: "never-held", title: texts.data.notHere, words: [el("p", {}, texts.data.itIsNotHere)] };
    },

    /**
     * What whoever runs the node says of an author of whom it takes nothing, where nothing of theirs is found.
     *
     * @param {Panda} panda
     * @param {unknown} filter
     * @param {boolean} empty
     */
    async refused(panda, filter, empty) {
      const place = byId("refused", HTMLElement);
      const asked = filter && typeof filter === "object" && "author" in filter ? filter.author : "";
      place.hidden = true;
      if (!empty || typeof asked !== "string" || !/^[0-9a-f]{64}$/.test(asked)) return;
      const { authors } = await panda.removed({ authors: [asked] }).catch(() => ({ authors: [] }));
      const [there] = authors;
      if (!there) return;
      place.replaceChildren(texts.data.refusedAuthor, " ", quote(there.words));
      place.hidden = false;
    },
  };
}

/** Which payloads a node lacks between the versions of an instance, each kind apart. @param {Readonly<Record<string, number>>} lacking */
export function lackingView(lacking) {
  const said = [
    ["dropped", texts.data.lackingDropped], ["deleted", texts.data.lackingDeleted], ["never-held", texts.data.lackingNever],
  ].flatMap(([state, forms]) => {
    const n = lacking[/** @type {string} */ (state)] ?? 0;
    return n ? [el("li", { data: { lacking: /** @type {string} */ (state) } }, count(n, /** @type {any} */ (forms)))] : [];
  });
  return said.length ? [el("p", { class: "note" }, texts.data.inBetween), el("ul", { class: "note lacking" }, ...said)] : [];
}
