// A BigInt, for which JSON has no word, travels as {"$int": "9007199254740993"}, both ways. JSON.stringify leaves out,
// or makes null, what JSON cannot carry: a filter would be gone, a field emptied. So this writes the JSON itself, and
// what it has no word for is refused. A number is written as an integer only where JavaScript holds it exactly.

import { PandaError } from "./errors.js";

/** Levels of JSON. Python reads no more. */
const MAX_DEPTH = 64;

/** @param {Record<string, unknown>} message */
export function toJson(message) {
  try {
    return written(message, []);
  } catch (cause) {
    if (cause instanceof PandaError) throw cause;
    const words = String(cause).slice(0, 300); // a getter of the page's own
    throw new PandaError("invalid-params", `What was given cannot be sent to Python: ${words}`);
  }
}

/** @param {unknown} value @param {string[]} path where it stands @returns {string} */
function written(value, path) {
  /** @param {string} what @param {string} [remedy] */
  const refuse = (what, remedy = "give texts, numbers, BigInts, booleans, and lists and plain objects of them") => {
    const param = path.slice(1).join(".").slice(0, 200); // the first is "params"
    return new PandaError("invalid-params", `${param || "What was given"} is ${what}: ${remedy}.`, { param });
  };
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `{"$int":"${value}"}`;
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw refuse(String(value), "numbers are finite");
    if (Object.is(value, -0)) return "-0.0";
    return Number.isSafeInteger(value) || /[.e]/.test(String(value)) ? String(value) : `${value}.0`;
  }
  if (value === undefined) throw refuse("undefined", "leave the name out, or, to empty a field, give null");
  if (typeof value !== "object") throw refuse(`a ${typeof value}`);
  if (path.length >= MAX_DEPTH) throw refuse("in itself, or in too many objects and lists");
  /** @param {string} name @param {unknown} part */
  const inner = (name, part) => written(part, [...path, name]);
  if (Array.isArray(value)) return `[${Array.from(value, (part, index) => inner(String(index), part)).join()}]`;
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  if (kind !== "Object" || "toJSON" in value) throw refuse(`a ${kind.slice(0, 40)}`);
  const symbols = Object.getOwnPropertySymbols(value).filter((name) => Object.prototype.propertyIsEnumerable.call(value, name));
  if (symbols.length > 0) throw refuse("an object with a symbol for a name");
  return `{${Object.entries(value).map(([name, part]) => `${JSON.stringify(name)}:${inner(name, part)}`).join()}}`;
}

/** @param {string} text */
export function fromJson(text) {
  if (!text.includes('"$int"')) return JSON.parse(text);
  return JSON.parse(text, (_, part) => {
    const digits = Object.keys(part ?? {}).length === 1 && part.$int;
    return typeof digits === "string" && /^-?[0-9]{1,19}$/.test(digits) ? BigInt(digits) : part;
  });
}
