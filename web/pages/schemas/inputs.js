/** What every form does with its inputs. */

/** @typedef {HTMLInputElement | HTMLTextAreaElement} TextInput */

/**
 * A text in an input, which may not be able to hold it as it is (other line ends, say): what nobody touched is
 * given back as it came.
 *
 * @param {TextInput} input
 */
export function keeping(input) {
  /** @type {string | undefined} */
  let given;
  let shown = input.value;
  return {
    input,
    /** @param {string} [text]  undefined: there is none */
    write(text) {
      given = text;
      input.value = text ?? "";
      shown = input.value;
    },
    /** @returns {string | undefined} */
    read() {
      return input.value === shown ? given : input.value || undefined;
    },
  };
}

/**
 * Says under an input what is wrong with it, or takes that back.
 *
 * @param {HTMLElement} input
 * @param {HTMLElement} problem  which describes it to those who do not see
 * @param {string} words  empty: nothing
 */
export function mark(input, problem, words) {
  problem.textContent = words.slice(0, 500);
  if (words) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
}

