/** Numbers and errors in words. */

import { quoted } from "./foreign.js";

/**
 * @param {number} n
 * @param {string} one
 * @param {string} [many]
 */
export function count(n, one, many = `${one}s`) {
  return `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
}

/** Characters of an error's words, which may quote what a stranger wrote. */
const LONGEST = 1000;

/** @param {number} bytes */
export function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1);
}

/** The reasons which say that there was no answer. */
export const AWAY = ["node-unreachable", "node-silent", "node-slow", "node-down", "node-overloaded", "offline"];

/**
 * What each reason means to a reader: a heading, and what to do.
 *
 * @type {Record<string, {title: string, hint: string}>}
 */
const REASONS = {
  "node-unreachable": {
    title: "The node does not answer",
    hint: "Nothing that was acknowledged is lost. Check the connection, or that the node is running, and try again.",
  },
  offline: {
    title: "You are offline",
    hint: "Nothing that was signed is lost. It goes on as soon as there is a network.",
  },
  "node-down": {
    title: "The node is down",
    hint: "Nothing that was signed is lost. Whoever runs it can start it again.",
  },
  "node-overloaded": {
    title: "The node has too much to do",
    hint: "Nothing that was signed is lost.",
  },
  "node-full": {
    title: "The node has too much to do",
    hint: "Nothing that was signed is lost. Try again in a moment.",
  },
  "too-many-queries": {
    title: "The node has too much to do",
    hint: "Nothing that was signed is lost. Try again in a moment.",
  },
  "query-too-expensive": {
    title: "This is too much work for the node",
    hint: "Nothing that was signed is lost. Try again later. If it stays so, tell whoever runs the node.",
  },
  "rate-exceeded": {
    title: "The node asks for a pause",
    hint: "Nothing that was signed is lost. It takes only so much at a time from one address, and from one author.",
  },
  "author-quota-reached": {
    title: "Your room at this node is used up",
    hint: "What you delete makes room. Or use another node.",
  },
  "disk-budget-reached": {
    title: "This node is full",
    hint: "What is there can still be read and deleted. Use another node, or ask whoever runs this one.",
  },
  "disk-full": {
    title: "The disk of this node is full",
    hint: "What is there can still be read. Use another node, or ask whoever runs this one.",
  },
  "request-too-large": {
    title: "This is too much at once",
    hint: "Nothing that was signed is lost. Ask whoever runs the node.",
  },
  "policy-forbids": {
    title: "This website does not allow that node",
    hint: "Ask whoever runs this website, or use its own node.",
  },
  "node-silent": {
    title: "The node takes too long",
    hint: "Nothing that was acknowledged is lost. The line may be bad, or the node busy: try again later.",
  },
  "node-slow": {
    title: "The node does not finish its answer",
    hint: "Nothing that was acknowledged is lost. The line may be bad: try again later, or use another node.",
  },
  "node-address-wrong": {
    title: "This is not a node's address",
    hint: "Look at what stands behind ?node= in this page's address. Without it, the page asks the node that it comes from.",
  },
  "pages-endless": {
    title: "The node does not come to an end",
    hint: "It gives page after page without anything new. Use another node, or ask whoever runs this one.",
  },
  "page-left": {
    title: "This page was left before that was done",
    hint: "Nothing that was signed is lost. Try again.",
  },
  "storage-refused": {
    title: "This browser gives the page no storage",
    hint: "Without storage there is no key, so nothing can be written here; reading works. A private window or blocked site data is the usual cause.",
  },
  "storage-full": {
    title: "This browser's storage for the page is full",
    hint: "Reading goes on. To write, make room on the device and open this page again. Nothing that was signed is lost.",
  },
  "no-key": {
    title: "There is no key to sign with",
    hint: "Open this page where it may store data: not in a private window, and with site data allowed.",
  },
  "store-conflict": {
    title: "Another tab was writing at the same moment",
    hint: "Nothing was signed twice. Try again.",
  },
  "instance-not-own": {
    title: "This is not yours to change",
    hint: "Only the key that published it can change or delete it.",
  },
  "log-diverged": {
    title: "This key is in use elsewhere",
    hint: "Another browser or program wrote with your key at the same time, and its entry was first. Write again what is named here; everything else of yours can be changed and deleted as before.",
  },
  "log-refused": {
    title: "This node refuses something that you signed",
    hint: "Open this page at another node, or press “Send now” later.",
  },
  "message-refused": {
    title: "The node does not take what you wrote",
    hint: "It is part of your log there, and nobody is shown it. Everything else of yours goes on as before.",
  },
  "log-not-proven": {
    title: "The node does not show what you signed",
    hint: "So nothing is built on it. Use another node: everything you signed is kept here and goes there.",
  },
  "node-too-old": {
    title: "This node is too old for that",
    hint: "It was not sent there. Use a present-day node: open this page there, or with its address behind ?node=.",
  },
  "refused-unclearly": {
    title: "The node refuses this, and does not say why",
    hint: "It is kept here. Try again later; if it does not pass then, use another node.",
  },
  "answer-too-long": {
    title: "The node has more than can be read at once",
    hint: "",
  },
  "slot-blocked": {
    title: "Somebody has blocked your log at this node",
    hint: "It took an altered copy of what you signed, as old nodes do. Use another node: everything is kept here.",
  },
  "node-error": {
    title: "The node has a problem",
    hint: "It answered, and could not do what was asked. Try again later.",
  },
  "node-lags": {
    title: "The node has lost entries",
    hint: "It no longer has entries that yours must follow. Use another node, or ask whoever runs this one.",
  },
  "node-contradicts-itself": {
    title: "The node contradicts itself",
    hint: "Nothing was signed on the strength of its answers. Use another node, or ask whoever runs this one.",
  },
  "talk-missing": {
    title: "This talk is not here",
    hint: "",
  },
  "not-a-schedule": {
    title: "This file is not a schedule",
    hint: "",
  },
  "schedule-format-unread": {
    title: "This kind of file is not read",
    hint: "",
  },
  "schedule-empty": {
    title: "This schedule has no talks",
    hint: "",
  },
  "file-unreadable": {
    title: "This file cannot be read",
    hint: "",
  },
  "start-failed": {
    title: "Python did not start",
    hint: "Try again. If it keeps failing, an extension, a policy that blocks WebAssembly, or an incomplete copy of this site may be the cause.",
  },
  "insecure-node": {
    title: "A secure page cannot talk to this node",
    hint: "This page came over https and the node's address is plain http, which browsers forbid. Open the page from the node itself, or use a node with an https address.",
  },
};

/**
 * An error's stable reason, heading, sentence and advice. Takes anything that was thrown.
 *
 * @param {unknown} error
 */
export function explain(error) {
  const known = error instanceof Error ? error : new Error(String(error));
  const given = "reason" in known ? known.reason : undefined;
  const reason = typeof given === "string" && given ? given : known.name === "AbortError" ? "cancelled" : "error";
  const words = Object.hasOwn(REASONS, reason) ? REASONS[reason] : undefined;
  const refused = reason.startsWith("node-");
  return {
    reason,
    title: words?.title ?? (refused ? "The node refused" : "That did not work"),
    text: quoted(known.message, LONGEST) || "There is no further explanation.",
    hint: words?.hint ?? "",
  };
}

/**
 * Why an item was withheld, in words a newcomer understands.
 *
 * @type {Record<string, string>}
 */
const WITHHELD = {
  "not-signed": "No signature by the author was checked.",
  "invalid-signature": "The signature does not hold: these are not the author's bytes.",
  "signature-mismatch": "The signature does not hold: these are not the author's bytes.",
  "payload-hash-mismatch": "The text is not the one that was signed.",
  "proof-incomplete": "Signed entries are missing or do not belong: the talk cannot be rebuilt from them.",
  "proof-mismatch": "The node shows other values than the author signed.",
  "filter-mismatch": "Sound, but not what was asked for.",
};

/**
 * @param {string} reason
 * @param {string} message  the first sentence given with it
 */
export function withheldWords(reason, message) {
  return (Object.hasOwn(WITHHELD, reason) ? WITHHELD[reason] : "") || quoted(message, LONGEST) || reason;
}
