/**
 * A click is one only where it begins and ends on the same element. So what changes by itself waits while the reader
 * presses: else what they press would be replaced, or moved away, under the pointer, and nothing would happen.
 */

let pressed = false;
/** @type {Set<() => void>} */
const waiting = new Set();

/** Until nothing is pressed. @returns {Promise<void>} */
export async function released() {
  if (pressed) await new Promise((resolve) => { waiting.add(() => resolve(undefined)); });
}

function press() {
  pressed = true;
}

/** The click comes right behind the end of a press. */
function release() {
  if (!pressed) return;
  pressed = false;
  setTimeout(() => {
    for (const go of waiting) go();
    waiting.clear();
  });
}

addEventListener("pointerdown", press, { capture: true, passive: true });
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, release, { capture: true, passive: true });
// The window's own alone: a press takes the focus from some element, which is told too where events are captured.
addEventListener("blur", release);
// Where a press ends on a menu of the browser's, or outside of the window, nobody may be told.
addEventListener("pointermove", ({ buttons }) => { if (buttons === 0) release(); }, { capture: true, passive: true });
