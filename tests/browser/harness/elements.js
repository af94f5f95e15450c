// What the programme is made of: the names of all elements, all that could run or lead away, and whether texts that
// were written by somebody keep their direction to themselves.
() => {
  const all = [...document.querySelectorAll("#days *, #withheld *, datalist *, select *")];
  return {
    names: [...new Set(all.map(({ localName }) => localName))],
    handlers: all.flatMap(({ attributes }) => [...attributes]).filter(({ name }) => name.startsWith("on")).length,
    links: all.filter(({ localName }) => localName === "a").map(({ href }) => href),
    notIsolated: [...document.querySelectorAll("[data-field=title], [data-field=subtitle], .prose")]
      .filter((element) => element.dir !== "auto" || !/isolate|plaintext/.test(getComputedStyle(element).unicodeBidi))
      .map((element) => element.dataset.field),
    ran: Object.hasOwn(globalThis, "ran"),
  };
}
