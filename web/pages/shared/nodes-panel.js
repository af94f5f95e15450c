/** The nodes that the page works with besides its node: how it goes with each, one more, one less. */

import * as texts from "texts";
import { button, byId, el } from "../../elements/dom.js";
import { nodesList } from "../../elements/nodes.js";
import { explain, momentWords, say } from "../../elements/words.js";
import { isNamed, withPeer, withoutPeer } from "./address.js";

/** @typedef {import("./types.js").Panda} Panda */

export function makeNodes() {
  const place = byId("more-nodes", HTMLElement);
  const list = byId("peers", HTMLElement);
  const input = el("input", { attrs: { type: "url", inputmode: "url", id: "peer-url", required: "", placeholder: "https://", autocomplete: "off", spellcheck: "false" } });
  const add = el("button", { attrs: { type: "submit", id: "peer-add" } }, texts.nodes.add);
  const form = el("form", { class: "row" }, el("label", { class: "grow" }, texts.nodes.address, " ", input), add);
  place.append(el("details", { class: "fold" }, el("summary", {}, texts.nodes.another), form, el("p", { class: "note" }, texts.nodes.what)));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    location.assign(withPeer(input.value));
  });

  const their = el("div", { attrs: { role: "status" } });
  const theirs = el("details", { class: "fold", attrs: { id: "their-peers" } }, el("summary", {}, texts.nodes.theirs), their);
  list.before(theirs);
  /** @type {Panda | undefined} */
  let open;
  theirs.addEventListener("toggle", () => theirs.open && void showTheirs());

  /** Whom the node names, as it is now. */
  async function showTheirs() {
    try {
      const peers = await open?.nodePeers() ?? [];
      their.replaceChildren(peers.length ? el("ul", {}, ...peers.map(({ url, lastContact }) => el("li", {},
        el("code", {}, url), " ", el("span", { class: "note" }, say(texts.nodes.theirLast, { when: momentWords(lastContact) }))))) : el("p", { class: "note" }, texts.nodes.theirNobody));
    } catch (error) {
      their.replaceChildren(el("p", { class: "note" }, explain(error).text));
    }
  }

  return {
    /** Shows it as long as the page is open. @param {Panda} panda */
    async show(panda) {
      open = panda;
      place.hidden = panda.mode !== "first";
      theirs.hidden = panda.mode === "local";
      try {
        for await (const { nodes } of panda.status()) {
          const peers = nodes.slice(1);
          const shown = nodesList(peers);
          for (const [at, row] of [...shown.children].entries()) {
            const { url } = peers[at] ?? { url: "" };
            if (isNamed(url)) row.append(" ", button(texts.nodes.leaveOut, () => location.assign(withoutPeer(url)), "quiet"));
          }
          list.replaceChildren(...(peers.length ? [shown] : []));
        }
      } catch {
        // the connection has ended, and whoever calls hears why
      }
    },
  };
}
