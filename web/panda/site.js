// Which site this is, and what it starts. In the built site all of panda.js is one file, so its address is the site's.

export const VERSION = "0.1.0";
/** The site's address. */
export const BASE = new URL(".", import.meta.url).href;

// Written by the build: the directory of all that the worker starts from, and the hashes of two files there.
const RUNTIME = "";
export const WORKER = "";
export const MANIFEST = "";

export const FILES = new URL(RUNTIME, BASE).href;
/** What this file starts. */
export const STARTS = `${WORKER} ${MANIFEST}`;
