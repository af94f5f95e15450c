/** How much of the programme is here, and what there is to see in its place. */

import * as texts from "texts";
import { byId } from "../../../web/elements/dom.js";
import { explain, momentWords, number, say } from "../../../web/elements/words.js";

const main = byId("programme", HTMLElement);

/** @param {"loading" | "empty" | "shown" | "failed"} now */
function state(now) {
  main.dataset.state = now;
  byId("loading", HTMLElement).hidden = now !== "loading";
  byId("empty", HTMLElement).hidden = now !== "empty";
  byId("no-answer", HTMLElement).hidden = now !== "failed";
  byId("filters", HTMLElement).hidden = now !== "shown";
}

/** @param {unknown} error  why there is nothing to show */
export function drawFailed(error) {
  const { title, text, hint } = explain(error);
  byId("no-answer-title", HTMLElement).textContent = texts.programmePage.theProgrammeCouldNotBe;
  byId("no-answer-words", HTMLElement).textContent = `${title}. ${text} ${hint}`;
  state("failed");
  main.setAttribute("aria-busy", "false");
}

/** @param {import("panda.js").Here | null} here @param {number} total  talks in the programme */
export function drawHere(here, total) {
  const whole = !here || here.state === "whole";
  const away = here?.error;
  const note = byId("here", HTMLElement);
  const bar = byId("here-progress", HTMLProgressElement);
  note.dataset.here = here?.state ?? "";
  note.hidden = whole ? !away : total === 0; // where nothing is shown yet, that is said in its place
  bar.hidden = whole || Boolean(away) || !here?.total;
  if (here?.total) Object.assign(bar, { max: here.total, value: here.done });
  const values = { done: number(here?.done ?? 0), total: number(here?.total ?? 0) };
  byId("here-words", HTMLElement).textContent = away
    ? here?.asOf ? say(texts.programme.asOf, { time: momentWords(here.asOf) }) : texts.programme.away
    : whole ? "" : say(here?.total ? texts.programme.comingOf : texts.programme.coming, values);
  if (total > 0 || whole) return state(total > 0 ? "shown" : "empty");
  byId("no-answer-title", HTMLElement).textContent = texts.programme.notHereYet;
  byId("no-answer-words", HTMLElement).textContent = `${texts.programme.notSeen} ${explain(Object.assign(new Error(away?.message), away)).text}`;
  state(away ? "failed" : "loading");
}

/** Which clock the times are of. @param {string} offset  the programme's; empty where it has none */
export function drawZone(offset) {
  const zone = byId("zone", HTMLElement);
  zone.hidden = !offset;
  zone.textContent = say(texts.programme.times, { zone: offset === "Z" ? "UTC" : `UTC${offset.replace("-", "−")}` });
}
