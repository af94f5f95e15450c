/** What one can ask of a field, by its type, in words; and a filter as rows of a form, as far as it is one. */

import * as texts from "texts";

/**
 * @typedef {import("./place.js").Filter} Filter
 * @typedef {import("panda.js").Schema} Schema
 * @typedef {{name: string, op: string, value: unknown}} Condition
 */

/** @type {Record<string, string>} */
export const WORDS = texts.operators;
const ORDERED = ["eq", "ne", "lt", "lte", "gt", "gte", "in", "exists"];

/** @type {Record<string, string[]>} */
const OPERATORS = {
  varchar: ["contains", "eq", "ne", "startsWith", "in", "notIn", "exists"],
  text: ["contains", "eq", "ne", "startsWith", "exists"],
  integer: ORDERED,
  float: ORDERED,
  timestamp: ["gte", "lt", "gt", "lte", "eq", "ne", "exists"],
  boolean: ["eq", "exists"],
  relation: ["eq", "ne", "in", "exists"],
  list: ["contains", "exists"],
  author: ["eq", "ne"],
};

/**
 * The operators of a field, each with its words.
 *
 * @param {string} type  of the schema, or "author"
 * @returns {[string, string][]}
 */
export function operatorsOf(type) {
  const known = OPERATORS[type.endsWith("[]") ? "list" : type] ?? ["eq", "ne"];
  const own = /** @type {Record<string, string>} */ (type === "timestamp" ? texts.momentOperators : {});
  return known.map((op) => [op, own[op] ?? WORDS[op] ?? op]);
}

/**
 * A filter as conditions, all of which must hold; null where it says more than that.
 *
 * @param {Filter} filter
 * @returns {Condition[] | null}
 */
export function conditionsOf(filter) {
  /** @type {Condition[]} */
  const found = [];
  for (const [name, asked] of Object.entries(filter)) {
    if (name === "and" && Array.isArray(asked)) {
      for (const part of asked) {
        const inner = typeof part === "object" && part !== null && !Array.isArray(part) ? conditionsOf(part) : null;
        if (!inner) return null;
        found.push(...inner);
      }
    } else if (["and", "or", "not"].includes(name)) {
      return null;
    } else if (typeof asked === "object" && asked !== null && !Array.isArray(asked)) {
      for (const [op, value] of Object.entries(asked)) {
        if (!Object.hasOwn(WORDS, op)) return null;
        found.push({ name, op, value });
      }
    } else {
      found.push({ name, op: "eq", value: asked });
    }
  }
  return found;
}

/**
 * The other way.
 *
 * @param {Condition[]} conditions
 * @returns {Filter}
 */
export function filterFrom(conditions) {
  const parts = conditions.map(({ name, op, value }) => ({ [name]: op === "eq" ? value : { [op]: value } }));
  const once = new Set(conditions.map(({ name }) => name)).size === conditions.length;
  const plain = once && !conditions.some(({ name }) => ["and", "or", "not"].includes(name));
  return plain ? Object.assign({}, ...parts) : { and: parts };
}
