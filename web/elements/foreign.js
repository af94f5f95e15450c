/** Text that anybody may have written, as a page can show it: it neither stops the tab nor passes for another text. */

/** Marks on one letter. No language has more, and a browser takes time that grows with the square of their number. */
const MARKS = 8;
const PILED = new RegExp(`((?:\\p{M}(?:(?!\\p{M})\\p{DI})*){${MARKS}})[\\p{M}\\p{DI}]+`, "gu"); // also with unseen characters between

/** Characters, and lines, of a long text that are shown at once. */
const LONG = 8000;
const LINES = 300;
/** So far before its end a part may end, where a word does. */
const BACK = 500;

const EMOJI = String.raw`\p{Extended_Pictographic}[\uFE0E\uFE0F]?\p{Emoji_Modifier}?`;
const JOINING = String.raw`[\p{sc=Arab}\p{sc=Deva}\p{sc=Beng}\p{sc=Guru}\p{sc=Gujr}\p{sc=Orya}\p{sc=Taml}\p{sc=Telu}\p{sc=Knda}\p{sc=Mlym}\p{sc=Sinh}\p{sc=Syrc}]`;
const FLAG = String.raw`\u{1F3F4}[\u{E0020}-\u{E007E}]{1,8}\u{E007F}`; // England's, for one
/** What belongs there (emoji, letters that join, other forms of Han characters), or characters that nobody sees and that turn others around. */
const UNSEEN = new RegExp(
  String.raw`(${FLAG}|${EMOJI}(?:\u200D${EMOJI})*|[0-9#*]\uFE0F?\u20E3|(?<=${JOINING}\p{M}{0,3})[\u200C\u200D](?=${JOINING})|(?<=\p{sc=Han})[\u{E0100}-\u{E01EF}])|[\p{DI}\p{Cc}]`,
  "gu",
);

/**
 * Without marks that are piled up.
 *
 * @param {string} value
 */
const unpiled = (value) => value.replace(PILED, "$1");

/**
 * A name as it can be told from others: what nobody would see in it is written out, such as [U+202E].
 *
 * @param {string} value
 */
export function plain(value) {
  return unpiled(value).replace(UNSEEN, (found, fine) => fine ?? `[U+${(found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}]`);
}

/**
 * Words that may quote a stranger's, on one line and not endless.
 *
 * @param {string} value
 * @param {number} longest
 */
export function quoted(value, longest) {
  return plain(value.slice(0, longest).replace(/\s+/gu, " ").trim());
}

/**
 * A text in parts of bounded length and height, which together are all of it, but for piled-up marks.
 *
 * @param {string} value
 * @returns {string[]}  one at least
 */
export function parts(value) {
  const whole = unpiled(value.replace(/\r\n?/g, "\n").trim());
  const found = [];
  let at = 0;
  do {
    const end = endOf(whole, at);
    found.push(whole.slice(at, end));
    at = end;
  } while (at < whole.length);
  return found;
}

/**
 * @param {string} whole
 * @param {number} from
 */
function endOf(whole, from) {
  let end = Math.min(from + LONG, whole.length);
  for (let lines = 0, at = whole.indexOf("\n", from); at >= 0 && at < end; at = whole.indexOf("\n", at + 1)) {
    lines += 1;
    if (lines === LINES) return at + 1;
  }
  if (end === whole.length) return end;
  const last = whole.slice(end - BACK, end);
  const space = Math.max(last.lastIndexOf("\n"), last.lastIndexOf(" "));
  if (space >= 0) return end - BACK + space + 1;
  if (/[\uDC00-\uDFFF]/.test(whole.charAt(end))) end -= 1; // not within a character
  return end;
}
