/** Errors and news in words: in a live region, dismissible, with what to do. */

import * as texts from "texts";
import { button, el } from "../../elements/dom.js";
import { explain } from "../../elements/words.js";

/**
 * @typedef {{label: string, run: () => void}} Action
 * @typedef {{error: (error: unknown, action?: Action, lead?: string, advice?: boolean, onDismiss?: () => void) => void, say: (text: string) => void, offer: (reason: string, text: string, action: Action, later?: string) => void, clear: (...reasons: string[]) => void}} Notices
 */

const NEWS_STAYS = 8000;
const AT_MOST = 4;

/**
 * @param {HTMLElement} region
 * @returns {Notices}
 */
export function makeNotices(region) {
  // It stands at the top, above what it would cover; what sticks there as well stands below it.
  const bars = region.parentElement ?? region;
  new ResizeObserver(() => {
    document.documentElement.style.setProperty("--notices", `${bars.offsetHeight}px`);
    const focused = document.activeElement;
    if (!focused || focused === document.body || focused === document.querySelector("main") || bars.contains(focused)) return;
    const [under, box] = [bars.getBoundingClientRect(), focused.getBoundingClientRect()];
    if (box.top < under.bottom && box.bottom > under.top) scrollBy({ top: box.top - under.bottom - 8 });
  }).observe(bars);

  /** @param {HTMLElement} notice */
  function dismiss(notice) {
    const next = notice.nextElementSibling ?? notice.previousElementSibling;
    const focused = notice.contains(document.activeElement);
    notice.remove();
    if (!focused) return;
    const heir = next?.querySelector("button") ?? document.querySelector("main");
    heir?.focus({ preventScroll: true });
  }

  /** @param {string[]} reasons */
  function clear(...reasons) {
    for (const old of [...region.children]) {
      if (old instanceof HTMLElement && reasons.includes(old.dataset.reason ?? "")) dismiss(old);
    }
  }

  /** @param {HTMLElement} notice */
  function add(notice) {
    clear(notice.dataset.reason ?? "");
    while (region.children.length >= AT_MOST) region.firstElementChild?.remove();
    notice.addEventListener("keydown", (event) => {
      if (event.key === "Escape") dismiss(notice);
    });
    region.append(notice);
  }

  return {
    clear,
    error(error, action, lead = "", advice = true, onDismiss = undefined) {
      const { reason, title, text, hint } = explain(error);
      if (reason === "cancelled") return;
      const notice = el(
        "div",
        { class: "notice", data: { kind: "error", reason } },
        el("h3", {}, title),
        ...(lead ? [el("p", {}, lead)] : []),
        el("p", { class: "foreign", attrs: { dir: "auto" } }, text.slice(0, 1000)),
        ...(hint && advice ? [el("p", {}, hint)] : []),
      );
      const row = el("div", { class: "row" });
      if (action) {
        row.append(
          button(action.label, () => {
            dismiss(notice);
            action.run();
          }),
        );
      }
      row.append(button(texts.shared.dismiss, () => (onDismiss?.(), dismiss(notice)), "quiet dismiss"), el("code", { class: "muted" }, reason.slice(0, 80)));
      notice.append(row);
      add(notice);
    },
    offer(reason, text, action, later = texts.shared.later) {
      const notice = el("div", { class: "notice news", data: { kind: "news", reason } }, el("p", {}, text));
      notice.append(
        el("div", { class: "row" }, button(action.label, action.run), button(later, () => dismiss(notice), "quiet dismiss")),
      );
      add(notice);
    },
    say(text) {
      const notice = el("div", { class: "notice news", data: { kind: "news", reason: "news" } }, el("p", { attrs: { dir: "auto" } }, text));
      notice.append(button(texts.shared.dismiss, () => dismiss(notice), "quiet dismiss"));
      add(notice);
      setTimeout(() => {
        if (!notice.matches(":hover, :focus-within")) notice.remove();
      }, NEWS_STAYS);
    },
  };
}
