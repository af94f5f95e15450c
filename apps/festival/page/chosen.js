/** Following and muting from the page: done at once, said, and taken back by a press. */

import * as texts from "texts";
import { say } from "../../../web/elements/words.js";

/**
 * @param {object} use
 * @param {ReturnType<typeof import("./whose.js").makeWhose>} use.whose
 * @param {ReturnType<typeof import("./names.js").makeNames>} use.names
 * @param {import("../../../web/pages/shared/notices.js").Notices} use.notices
 */
export function makeChosen({ whose, names, notices }) {
  /** @param {string} words @param {string} author @param {() => void} back */
  function tell(words, author, back) {
    notices.offer("author-chosen", say(words, { author: names.label(author) }), {
      label: texts.programme.undo,
      run() {
        notices.clear("author-chosen");
        back();
      },
    }, texts.shared.dismiss);
  }

  return {
    /** Follows an author, or no more. @param {string} author */
    follow(author) {
      const is = !whose.follows(author);
      const by = whose.by();
      whose.follow(author, is);
      const words = !is ? texts.whose.left : by === "nobody" ? texts.whose.nowTheirs : by === "link" ? texts.whose.joinsLater : texts.whose.joined;
      tell(words, author, () => whose.follow(author, !is));
    },
    /** @param {string} author */
    mute(author) {
      whose.mute(author);
      tell(texts.whose.nowMuted, author, () => whose.mute(author, false));
    },
  };
}
