/** Authors that this reader follows, and those of whom they want to see nothing: kept in this browser, told to nobody. */

const FOLLOWED = "panda-web followed authors";
const MUTED = "panda-web hidden authors";
/** With those that a site or a link names, no more than a filter takes. */
const MOST = 400;

/** The authors that a text names, each once. @param {string} text */
export const authorsIn = (text) => [...new Set(text.toLowerCase().split(/[\s,]+/).filter((author) => /^[0-9a-f]{64}$/.test(author)))];

/** @param {string} place @returns {Set<string>} */
function read(place) {
  try {
    const kept = JSON.parse(localStorage.getItem(place) ?? "[]");
    return new Set(Array.isArray(kept) ? authorsIn(kept.join(" ")).slice(-MOST) : []);
  } catch {
    return new Set(); // no storage, or another script's text: nobody is
  }
}

/** @param {string} place @param {Set<string>} authors */
function write(place, authors) {
  try {
    localStorage.setItem(place, JSON.stringify([...authors].slice(-MOST)));
  } catch {
    // then it holds until this page is left
  }
}

/** @param {() => void} onChange  others are chosen now: here or in another tab */
export function makeChoices(onChange) {
  const chosen = new Map([FOLLOWED, MUTED].map((place) => [place, read(place)]));

  /** @param {string} place @returns {Set<string>} */
  const of = (place) => chosen.get(place) ?? new Set();

  /** @param {string} place @param {string} author @param {boolean} is */
  function choose(place, author, is) {
    const authors = new Set(of(place));
    if (is) authors.add(author);
    else authors.delete(author);
    chosen.set(place, authors);
    write(place, authors);
  }

  window.addEventListener("storage", ({ key }) => {
    if (key !== FOLLOWED && key !== MUTED && key !== null) return;
    for (const place of [FOLLOWED, MUTED]) chosen.set(place, read(place));
    onChange();
  });

  return {
    followed: () => [...of(FOLLOWED)],
    muted: () => [...of(MUTED)],
    /** Whoever is followed is not muted. @param {string} author @param {boolean} [is] */
    follow(author, is = true) {
      choose(FOLLOWED, author, is);
      if (is) choose(MUTED, author, false);
      onChange();
    },
    /** Whoever is muted may be followed: it counts again once they are heard. @param {string} author @param {boolean} [is] */
    mute(author, is = true) {
      choose(MUTED, author, is);
      onChange();
    },
  };
}
