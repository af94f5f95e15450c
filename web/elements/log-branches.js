/** The branches of a forked log: which of them is followed, who votes for it, and the reader's own vote. */

import * as texts from "texts";
import { button, el, hexView, shortAuthor } from "./dom.js";
import { face } from "./face.js";
import { forkWords } from "./log-words.js";
import { count, number, say } from "./words.js";

/**
 * @typedef {import("panda.js").Log} Log
 * @typedef {import("panda.js").LogFork} LogFork
 */

/** Voters of a branch that are named. */
const NAMED = 50;

/** The entries that can be voted for at a fork: those that prove it, that are shown, or that others vote for. @param {Log} log @param {LogFork} fork */
export function branchesOf(log, fork) {
  if (!fork.branches.length) return [];
  const there = log.entries.filter(({ seqNum }) => seqNum === fork.position).sort((a, b) => a.lane - b.lane).map(({ entryHash }) => entryHash);
  return [...new Set([...there, ...[...fork.branches].sort(), ...fork.votes.map(({ entry }) => entry).sort()])];
}

/** @param {number} n  from 0 */
const letter = (n) => (n < 26 ? String.fromCharCode(65 + n) : String(n + 1));

/** By which letter a branch is called that begins with an entry; empty where none does. @param {Log} log @param {string} hash */
export function letterOf(log, hash) {
  for (const fork of log.forks) {
    const n = branchesOf(log, fork).indexOf(hash);
    if (n >= 0) return letter(n);
  }
  return "";
}

/**
 * What is said of a fork, with a button for each branch.
 *
 * @param {Log} log
 * @param {LogFork} fork
 * @param {object} use
 * @param {string | null} use.me  the reader's key
 * @param {(entry: string) => void} use.onFollow
 * @param {(() => void) | null} use.onShow  the fork is not in the picture
 */
export function forkView(log, fork, { me, onFollow, onShow }) {
  const here = log.where === "here";
  const branches = branchesOf(log, fork);
  const mine = fork.votes.find(({ voter }) => voter === me)?.entry;
  const box = el("section", { class: "fork", data: { position: String(fork.position) } }, el("p", { class: "problem" }, forkWords(fork), " ", texts.log.halves));
  if (onShow) box.append(el("p", {}, button(texts.log.showFork, onShow, "quiet")));
  if (!branches.length) {
    box.append(el("p", { class: "note" }, texts.log.noVoteOnEnd));
    return box;
  }
  box.append(el("p", { class: "note" }, here ? texts.log.whoseVotes : texts.log.whoseVotesThere));
  if (!fork.followed && fork.votes.some(({ counted }) => counted)) box.append(el("p", {}, here ? texts.log.noneHere : texts.log.noneThere));
  box.append(el("ul", { class: "branches" }, ...branches.map((entry, n) => {
    const votes = fork.votes.filter((vote) => vote.entry === entry);
    const counted = votes.filter((vote) => vote.counted).length;
    const followed = entry === fork.followed;
    const row = el("li", { class: "branch", data: { entry, votes: String(votes.length), counted: String(counted), ...(followed ? { followed: "" } : {}) } },
      el("div", { class: "row" }, el("strong", {}, say(texts.log.branch, { name: letter(n) })), hexView(entry, texts.log.hash, "branch"),
        ...(followed ? [el("span", { class: "badge" }, here ? texts.log.followedHere : texts.log.followedThere)] : [])),
      el("p", {}, votes.length ? `${count(votes.length, texts.log.votes)} ${count(counted, here ? texts.log.countHere : texts.log.countThere)}` : texts.log.noVotes));
    if (votes.length) row.append(votersView(votes, me));
    if (entry === mine) row.append(el("p", { class: "mine" }, texts.log.yourVote));
    else row.append(button(followed ? texts.log.followToo : mine ? texts.log.followInstead : texts.log.follow, () => onFollow(entry), "follow"));
    return row;
  })));
  return box;
}

/** @param {import("panda.js").LogVote[]} votes @param {string | null} me */
function votersView(votes, me) {
  const rows = votes.slice(0, NAMED).map(({ voter, counted }) => el("li", { data: { voter, ...(counted ? { counted: "" } : {}) } }, face(voter), " ",
    el("span", { attrs: { title: voter } }, shortAuthor(voter)), ...(voter === me ? [" ", el("strong", { class: "mine" }, texts.log.you)] : []),
    " ", el("span", { class: "note" }, counted ? texts.log.counts : texts.log.countsNot)));
  const more = votes.length - rows.length;
  return el("details", {}, el("summary", {}, texts.log.whoVoted), el("ul", { class: "voters" }, ...rows), ...(more > 0 ? [el("p", { class: "note" }, say(texts.log.moreVoters, { n: number(more) }))] : []));
}
