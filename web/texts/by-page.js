/** The texts of elements.js, which stand on anybody's pages: in the language of the page, where there is one for it. */

import * as de from "./de.json";
import * as en from "./en.json";

const german = /^de\b/i.test(document.documentElement.lang);

// One by one, so that the build leaves out what no element says.
export const choice = german ? de.choice : en.choice;
export const elements = german ? de.elements : en.elements;
export const errors = german ? de.errors : en.errors;
export const feed = german ? de.feed : en.feed;
export const fields = german ? de.fields : en.fields;
export const form = german ? de.form : en.form;
export const identity = german ? de.identity : en.identity;
export const keys = german ? de.keys : en.keys;
export const language = german ? de.language : en.language;
export const log = german ? de.log : en.log;
export const nodeStates = german ? de.nodeStates : en.nodeStates;
export const reasons = german ? de.reasons : en.reasons;
export const start = german ? de.start : en.start;
export const withheld = german ? de.withheld : en.withheld;
