/**
 * A page's `<template>`, filled with an instance. Values become text and nothing else, so no value is ever markup; only
 * web addresses become links.
 *
 *   data-field="title"   the field's value as text; in <time>, a timestamp on the reader's clock
 *   data-longest="80"    on the same element: on one line, of so many characters at most
 *   data-waits           says how far what the reader wrote went, until it is at all nodes; else it is hidden
 *   data-proposal        says that what the reader wrote is by nobody whom the feed is of; else it is hidden
 *   data-href="url"      on <a>: leads to the field's value, if that is an http or https address
 *
 * Names may lead further: `_meta.author`, `_included.room.name`; along a list, to each of its items. What is missing is marked `data-missing`.
 */

import * as texts from "texts";
import { reachWhy, reachWords } from "./nodes.js";
import { parts, plain } from "./foreign.js";
import { clock, line, moment, webAddress, words } from "./values.js";

/** @typedef {import("panda.js").Instance} Instance */

/** Elements that hold code, addresses or inputs and no words: a value does not go there, whatever the page says. */
const NOT_WORDS = "script, style, template, iframe, object, embed, svg, math, base, link, meta";

/**
 * @param {HTMLTemplateElement} template
 * @returns {Element[]}  its elements, new; text between them is left out
 */
export function copyOf(template) {
  return [...document.importNode(template.content, true).children];
}

/**
 * Puts an instance's values where the template says.
 *
 * @param {Element[]} copy
 * @param {Instance} instance
 * @param {string | null} me
 * @param {boolean} apart  its author is nobody whom the feed is of
 */
export function fill(copy, instance, me, apart) {
  for (const top of copy) {
    if (top instanceof HTMLElement) {
      top.dataset.id = instance.id;
      top.toggleAttribute("data-mine", me !== null && instance._meta.author === me);
      top.toggleAttribute("data-waiting", instance._meta.waiting === true);
      top.toggleAttribute("data-apart", apart);
    }
    for (const place of [top, ...top.querySelectorAll("[data-field], [data-href]")]) put(place, instance);
    for (const place of top.querySelectorAll("[data-waits]")) state(place, reachWords(instance._meta), reachWhy(instance._meta));
    for (const place of top.querySelectorAll("[data-proposal]")) state(place, apart ? texts.feed.proposal : "", texts.feed.proposalWhy);
  }
}

/** Says how it stands, as long as there is something to say. @param {Element} place @param {string} words @param {string} why */
function state(place, words, why) {
  if (place instanceof HTMLElement) place.hidden = !words;
  if (place.textContent === words) return;
  place.textContent = words;
  place.setAttribute("title", why);
}

/** @param {Element} place @param {Instance} instance */
function put(place, instance) {
  const [field, href] = ["data-field", "data-href"].map((name) => place.getAttribute(name));
  if (field !== null && field !== undefined && !place.matches(NOT_WORDS)) {
    const value = valueAt(instance, field);
    const text = worded(place, value);
    if (place.textContent !== text) place.textContent = text;
    if (!place.hasAttribute("dir")) place.setAttribute("dir", "auto");
    place.toggleAttribute("data-missing", value === undefined);
  }
  if (href && place instanceof HTMLAnchorElement) {
    const address = webAddress(valueAt(instance, href));
    if (address) {
      place.href = address;
      place.rel = "noopener noreferrer nofollow ugc";
    } else {
      place.removeAttribute("href");
    }
    place.toggleAttribute("data-missing", !address);
  }
}

/** @param {Element} place @param {unknown} value */
function worded(place, value) {
  const date = place instanceof HTMLTimeElement ? moment(value) : null;
  if (date && place instanceof HTMLTimeElement) {
    place.dateTime = String(value);
    return clock(date, place.closest("[lang]")?.getAttribute("lang") ?? "");
  }
  const longest = Number(place.getAttribute("data-longest"));
  if (longest > 0) return line(value, longest);
  const [first = "", second] = parts(words(value));
  const shown = first.replace(/\t/g, "    ").split("\n").map(plain).join("\n");
  return second === undefined ? shown : `${shown}…`;
}

/**
 * @param {Instance} instance
 * @param {string} path
 * @returns {unknown}
 */
function valueAt(instance, path) {
  if (Object.hasOwn(instance, path)) return instance[path]; // a field's own name may have dots
  return path.split(".").reduce(step, instance);
}

/** @param {any} at @param {string} name @returns {unknown} */
function step(at, name) {
  if (typeof at !== "object" || at === null) return undefined;
  if (Object.hasOwn(at, name)) return at[name];
  if (!Array.isArray(at)) return undefined;
  const each = at.map((item) => step(item, name)).filter((value) => value !== undefined);
  return each.length ? each : undefined;
}
