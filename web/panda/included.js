// What relations lead to: the worker gives each instance once, and says by its place who leads to it.

/**
 * An answer in which `talk._included.room` is an instance, a list of them, or null. What many lead to is one object, and
 * none leads back, since paths have an end: nothing here can multiply.
 *
 * @param {any} answer  as panda_web/browser/answers.py writes it
 * @returns {{instances: import("./panda.d.ts").Instance[], rejected: import("./panda.d.ts").Rejected[], after: string | null, here?: import("./panda.d.ts").Here | null}}
 */
export function resolved({ instances, included, ...about }) {
  /** @param {number | null} place */
  const at = (place) => (place === null ? null : included[place]);
  for (const each of [...instances, ...included]) {
    if (!each._included) continue;
    const led = /** @type {[string, number | number[] | null][]} */ (Object.entries(each._included));
    each._included = Object.fromEntries(led.map(([name, to]) => [name, Array.isArray(to) ? to.map(at) : at(to)]));
  }
  return { instances, ...about };
}
