// Files that somebody waits for in the middle of something, where no promise can be kept.

import { Problem } from "./files.js";
import { sha256 } from "./sha256.js";

/** @typedef {import("./files.js").Part & {sha256: string}} Part one whose hash can be had at once, too */

/** How long: a line of 70 kbit/s brings the largest of these files meanwhile. */
const MISSED_MS = 300_000;

/** A file, at once. It cannot be ended, so it ends by itself. @param {string} address @returns {Uint8Array<ArrayBuffer> | null} */
export function fetchNow(address) {
  const request = new XMLHttpRequest();
  request.open("GET", address, false);
  request.responseType = "arraybuffer";
  request.timeout = MISSED_MS;
  try {
    request.send();
  } catch {
    return null;
  }
  return request.status === 200 ? new Uint8Array(request.response) : null;
}

/** A part that somebody may miss. */
export class Missed {
  #failed;
  #address = "";
  #sha256 = "";

  /** @param {(problem: Problem) => void} failed hears that Python cannot go on */
  constructor(failed) {
    this.#failed = failed;
  }

  /** @param {import("./files.js").Downloads} downloads who knows where files are @param {Part} part */
  begin(downloads, { file, sha256 }) {
    this.#address = downloads.address(`${file}?missed`); // whoever serves it sees that somebody had to wait
    this.#sha256 = sha256;
  }

  /** It, checked. An error that is thrown here ends Python: it may be in the middle of anything. */
  bring = () => {
    const data = fetchNow(this.#address);
    if (data && sha256(data) === this.#sha256) return data;
    const problem = new Problem("part-missing", "A part of this site that is seldom needed is not in this browser yet, and "
      + "cannot be had now, so Python ended. Nothing is lost. Go online, and load the page again.", {});
    console.error(problem.stack); // with the numbers of functions that led here
    this.#failed(problem);
    throw problem;
  };
}
