/** Authors whose talks this reader does not want to see: kept in this browser, told to nobody. */

const PLACE = "panda-web hidden authors";
const MOST = 1000;

/** @returns {string[]} */
function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(PLACE) ?? "[]");
    return Array.isArray(kept) ? kept.filter((author) => /^[0-9a-f]{64}$/.test(author)).slice(-MOST) : [];
  } catch {
    return []; // no storage, or another script's text: nobody is hidden
  }
}

/** @param {() => void} onChange  others are hidden now: here or in another tab */
export function makeHidden(onChange) {
  let authors = new Set(read());

  /** @param {Set<string>} changed */
  function set(changed) {
    authors = changed;
    try {
      localStorage.setItem(PLACE, JSON.stringify([...authors].slice(-MOST)));
    } catch {
      // then it holds until this page is left
    }
    onChange();
  }

  window.addEventListener("storage", ({ key }) => {
    if (key !== PLACE) return;
    authors = new Set(read());
    onChange();
  });

  return {
    /** @param {string} author */
    has: (author) => authors.has(author),
    /** @param {string} author */
    hide: (author) => set(new Set([...authors, author])),
    /** @param {string} author */
    show: (author) => set(new Set([...authors].filter((other) => other !== author))),
  };
}
