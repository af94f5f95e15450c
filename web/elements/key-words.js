/** What there is to say about a key: where it is kept, and what became of its copy. */

import * as texts from "texts";

/** @type {Record<string, string>} by what became of the offer to copy it */
const COPIES = {
  saved: texts.keys.savedCopy,
  declined: texts.keys.declined,
};
const LOSS = texts.keys.loss;

/** @type {Record<string, {short: string, strong: string, words: string}>} */
const KINDS = {
  webcrypto: {
    short: texts.keys.webcryptoShort,
    strong: texts.keys.webcryptoStrong,
    words: texts.keys.webcrypto,
  },
  pure25519: {
    short: texts.keys.pureShort,
    strong: texts.keys.pureStrong,
    words: texts.keys.pure,
  },
  none: {
    short: texts.keys.noneShort,
    strong: texts.keys.noneStrong,
    words: texts.keys.none,
  },
};

/** Browsers give no cryptography to pages that came over plain http from another machine. */
const PLAIN =
  texts.keys.plain;
const FULL =
  texts.keys.full;

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
