// Which site this is, and what it starts. In the built site all of panda.js is one file, so its address is the site's.

export const VERSION = "0.1.0";
/** The site's address. */
export const BASE = new URL(".", import.meta.url).href;

/** @typedef {{file: string, bytes: number, integrity: string, packed?: number}} First as the manifest has it */

// Written by the build: the directory of all that the worker starts from, the hashes of two files there, and what else
// each first start needs.
const RUNTIME = "";
export const WORKER = "";
export const MANIFEST = "";
/** @type {First[]} */
export const FIRST = [];

export const FILES = new URL(RUNTIME, BASE).href;
/** What this file starts. */
export const STARTS = `${WORKER} ${MANIFEST}`;
