/** What the address of a page says, and the addresses of the site's other pages. */

const here = new URLSearchParams(location.search);

/** What of an address says how the page is connected; it goes with the visitor from page to page. */
const CONNECTING = ["node", "mode", "peer"];

/** Adds what the address says of how the page is connected. @param {URLSearchParams} parameters */
export function withConnection(parameters) {
  for (const [name, value] of here) if (CONNECTING.includes(name)) parameters.append(name, value);
  return parameters;
}

/** The node that the page is opened with; undefined for the one that it comes from. */
export const node = here.get("node") ?? undefined;

/** How it is worked with; see `connect`. */
const mode = here.get("mode") ?? undefined;

/** The nodes that the site was built with: those of a visitor's own choice take their place. */
const [first, ...others] = node === undefined ? (document.querySelector("meta[name=nodes]")?.getAttribute("content") ?? "").split(" ").filter(Boolean) : [node];

/** Other nodes that the page is kept alike with. */
const peers = [...(mode === undefined || mode === "first" ? others : []), ...here.getAll("peer")];

/** What `connect` takes, as the address says it, or else the site. @type {{node?: string, mode?: any, peers?: string[]}} */
export const connection = {
  ...(first === undefined ? {} : { node: first }), ...(mode === undefined ? {} : { mode }), ...(peers.length ? { peers } : {}),
};

/** Whether the address names a peer. @param {string} peer */
export const isNamed = (peer) => here.getAll("peer").some((each) => whole(each) === whole(peer));

/**
 * A page of this site, which goes on with the same node, in the same way.
 *
 * @param {string} page  relative to this one
 * @param {Record<string, string>} [more]  parameters
 */
export function siteLink(page, more = {}) {
  const parameters = withConnection(new URLSearchParams(more));
  return parameters.size ? `${page}?${parameters}` : page;
}

/** This page with the node of its own site. */
export function ownNodeLink() {
  const address = new URL(location.href);
  address.searchParams.delete("node");
  return address.href;
}

/** The masthead's links lead to the site's other pages with the same node. */
export function linkPages() {
  for (const link of document.querySelectorAll("a[data-page]")) link.setAttribute("href", siteLink(link.getAttribute("href") ?? ""));
}

/** This page with one more node. @param {string} peer */
export function withPeer(peer) {
  const address = new URL(withoutPeer(peer));
  address.searchParams.append("peer", peer);
  return address.href;
}

/** This page without one. @param {string} peer */
export function withoutPeer(peer) {
  const address = new URL(location.href);
  address.searchParams.delete("peer");
  for (const each of here.getAll("peer")) if (whole(each) !== whole(peer)) address.searchParams.append("peer", each);
  return address.href;
}

/** @param {string} address */
function whole(address) {
  return URL.canParse(address, location.href) ? new URL(address, location.href).href : address;
}
