/** The nodes that the page works with besides its node: how it goes with each, one more, one less. */

import * as texts from "texts";
import { button, byId, el } from "../../elements/dom.js";
import { nodesList } from "../../elements/nodes.js";
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

  return {
    /** Shows it as long as the page is open. @param {Panda} panda */
    async show(panda) {
      place.hidden = panda.mode !== "first";
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
