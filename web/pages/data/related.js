/** What relations lead to: links, each called as what is there, which comes with the query that shows the rest. */

import * as texts from "texts";
import { el } from "../../elements/dom.js";
import { isHash, line, titleFields, titleOf } from "../../elements/values.js";
import { addressOf } from "./place.js";

/**
 * @typedef {import("panda.js").Instance} Instance
 * @typedef {import("panda.js").Panda} Panda
 * @typedef {import("panda.js").Schema} Schema
 * @typedef {Map<string, {id: string, schema: Schema | null}>} Targets  by relation, the schema that it leads to
 */

/** Relations that a query includes (panda_web/query/reading.py). */
const INCLUDES = 16;
/** Instances of a list whose words make a name. */
const NAMED = 3;

/** @param {Panda} panda @param {Schema} schema @returns {Promise<Targets>} */
export async function targetsOf(panda, schema) {
  const relations = Object.entries(schema.fields).filter(([, { type }]) => type.startsWith("relation")).slice(0, INCLUDES);
  return new Map(await Promise.all(relations.map(async ([name, { schema: to = "self" }]) => {
    const id = to === "self" ? schema.id : to;
    const target = id === schema.id ? schema : await panda.schema(id).catch(() => null);
    return /** @type {const} */ ([name, { id, schema: target }]);
  })));
}

/**
 * What an instance is called: its own words, else those of what it leads to, where that came with it; else its id.
 *
 * @param {Instance} instance
 * @param {{schema: Schema | null, targets: Targets}} kind
 */
export function called(instance, { schema, targets }) {
  if (schema && !titleFields(schema).some((name) => line(instance[name], 120))) {
    for (const [name, led] of Object.entries(instance._included ?? {})) {
      const words = [led ?? []].flat().slice(0, NAMED).map((one) => titleOf(one, targets.get(name)?.schema ?? null)).join(", ");
      if (words) return line(words, 120);
    }
  }
  return titleOf(instance, schema);
}

/**
 * A link for each instance that a relation leads to. Where it is not there, its id says so; where nobody could ask, as
 * at nodes of earlier versions, the id stands alone.
 *
 * @param {Instance} instance
 * @param {string} name
 * @param {Targets} targets
 * @param {number} most
 */
export function links(instance, name, targets, most) {
  const value = instance[name];
  const led = instance._included?.[name];
  const found = new Map([led ?? []].flat().map((each) => [each.id, each]));
  const target = targets.get(name);
  return (Array.isArray(value) ? value : [value]).filter(isHash).slice(0, most).map((id) => {
    const one = found.get(id);
    const called = one ? titleOf(one, target?.schema ?? null) : `${line(id, 16)}${led === undefined ? "" : texts.data.notHereNote}`;
    return el("a", { data: { open: id }, attrs: { href: addressOf({ schema: target?.id ?? "", open: id }) } }, el("bdi", {}, called));
  });
}
