/** What there is to say about a key: where it is kept, and what became of its copy. */

/** @type {Record<string, string>} by what became of the offer to copy it */
const COPIES = {
  saved: "A copy of it was saved: with that and its passphrase you can go on elsewhere.",
  declined: "It is only here, and you wanted no copy: clear this site's data and it is gone, and with it the power to change what you published.",
};
const LOSS = "It is only here: clear this site's data and it is gone, and with it the power to change what you published.";

/** @type {Record<string, {short: string, strong: string, words: string}>} */
const KINDS = {
  webcrypto: {
    short: "key kept by the browser",
    strong: "Kept by the browser.",
    words: "The key pair (Ed25519) was made in this browser. This site can sign with it, and no script can read it.",
  },
  pure25519: {
    short: "weaker key",
    strong: "The weaker choice.",
    words: "This browser has no Ed25519 of its own, so the key lies in the site's storage, where every script of this site can read it. Good for trying things out; for more, use an up-to-date browser.",
  },
  none: {
    short: "reading only",
    strong: "Reading only.",
    words: "The browser gives this page no storage, so no key can be kept and nothing can be written. What is published can be read and checked all the same. Private windows and blocked site data are the usual causes.",
  },
};

/** Browsers give no cryptography to pages that came over plain http from another machine. */
const PLAIN =
  "This page came over plain http, and browsers keep no key for such a page: so it lies in the site's storage, where every script of this site can read it. Good for trying things out; for more, open the page with https.";
const FULL =
  "This browser has no room left for this page, so no key can be kept and nothing can be written. What is published can be read and checked all the same.";

/**
 * @param {import("panda.js").Panda} panda
 */
export function keyWords(panda) {
  const kind = panda.author ? (panda.keyKind ?? "") : "none";
  const known = (Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined) ?? { short: kind, strong: kind, words: "" };
  const full = panda.readOnly?.reason === "storage-full" && FULL;
  const about = full || (kind === "pure25519" && !isSecureContext ? PLAIN : known.words);
  const copied = panda.author ? (COPIES[panda.copy ?? ""] ?? LOSS) : "";
  return { kind, short: known.short, strong: known.strong, words: `${about} ${copied}`.trim() };
}
