// Which of the many things is wrong that browsers give one word for.

import { PandaError, cancelled } from "./errors.js";
import { BASE } from "./site.js";

/**
 * Fetches, or says which of the many things is wrong that browsers give one word for.
 *
 * @param {string} address
 * @param {string} integrity
 * @param {AbortSignal} signal
 */
export async function fetched(address, integrity, signal) {
  // A cache may give another file than the hash says: asked again without it.
  for (const cache of /** @type {const} */ (["default", "reload"])) {
    try {
      const response = await fetch(address, { integrity, signal, cache, credentials: "omit" });
      if (response.ok) return await response.arrayBuffer();
    } catch {
      // explained below
    }
  }
  throw signal.aborted ? cancelled() : await whyNot(address, true);
}

/** @param {any} error @returns {Promise<PandaError>} */
export async function explained(error) {
  const { reason, message, data } = error;
  if (reason === "policy-forbids" && data.url) return forbidden(data.directive, data.url);
  if (reason === "fetch-failed") return whyNot(data.url, data.checked);
  return error instanceof PandaError ? error : new PandaError(reason ?? "start-failed", message, data);
}

/**
 * @param {string} url what could not be fetched
 * @param {boolean} checked whether its hash was looked at
 * @returns {Promise<PandaError>}
 */
async function whyNot(url, checked) {
  /** @param {RequestInit} how @param {boolean} [whole] to its end, and not its head only @returns {Promise<Response | null>} */
  const ask = async (how, whole = false) => {
    const enough = new AbortController();
    const late = setTimeout(() => enough.abort(), whole ? 60_000 : 10_000);
    try {
      const answer = await fetch(url, { ...how, signal: enough.signal, credentials: "omit", cache: "no-store" });
      // Some browsers take half a body for a whole one. Where it was packed, it is longer than the header says.
      const length = Number(answer.headers.get("Content-Length"));
      return whole && (await answer.arrayBuffer()).byteLength < length ? null : answer;
    } catch {
      return null;
    } finally {
      clearTimeout(late);
      enough.abort(); // what was asked for is here
    }
  };
  const { origin } = new URL(url);
  try {
    return await underPolicy("connect-src", origin, async () => {
      const answer = await ask({});
      if (answer && !answer.ok) {
        const { status } = answer;
        const words = `${url} answered with status ${status}: the site there is not whole.`;
        return new PandaError("file-missing", words, { url, status });
      }
      if (answer && checked && await ask({}, true)) {
        return new PandaError("wrong-hash", `${url} is not the file that panda.js was built with. Reload the page; `
          + "if that does not help, the host mixes two versions, or somebody has changed the file.", { url });
      }
      if (answer) {
        return new PandaError("host-unreachable", `${url} could not be fetched to its end: try again.`, { url });
      }
      if (await ask({ mode: "no-cors" })) {
        return new PandaError("cors-missing", `${origin} does not allow other websites to read ${url}: `
          + "it must send the header Access-Control-Allow-Origin: *", { url });
      }
      if (!navigator.onLine) {
        throw new PandaError("offline", `${url} cannot be reached: this device is offline.`, { url });
      }
      throw new PandaError("host-unreachable", `${url} cannot be reached: `
        + `is ${origin} running, and does nothing block it?`, { url });
    });
  } catch (error) {
    return /** @type {PandaError} */ (error);
  }
}

/**
 * Does it; where it fails and the page's content security policy forbade it meanwhile, that is the reason.
 *
 * @template T
 * @param {string} directive the one that is likely, where the browser does not tell
 * @param {string} origin  what it is about; empty for the worker: what else the page does meanwhile is none of it
 * @param {() => Promise<T>} work
 */
export async function underPolicy(directive, origin, work) {
  /** @type {SecurityPolicyViolationEvent[]} */
  const seen = [];
  /** @param {SecurityPolicyViolationEvent} event */
  const see = (event) => {
    const isAbout = origin ? originOf(event.blockedURI) === origin : event.effectiveDirective !== "connect-src";
    if (event.disposition === "enforce" && isAbout) seen.push(event);
  };
  globalThis.addEventListener("securitypolicyviolation", see);
  try {
    return await work();
  } catch (error) {
    await new Promise((resume) => { setTimeout(resume, 100); }); // browsers tell a little later
    const [event] = seen;
    if (event) throw forbidden(event.effectiveDirective, event.blockedURI);
    if (error instanceof PandaError) throw error;
    throw forbidden(directive, String(error));
  } finally {
    globalThis.removeEventListener("securitypolicyviolation", see);
  }
}

/** @param {string} address */
function originOf(address) {
  return URL.canParse(address) ? new URL(address).origin : "";
}

/** @param {string} directive @param {string} what */
function forbidden(directive, what) {
  const host = new URL(BASE).origin;
  const remedy = directive === "connect-src" ? `connect-src must allow ${host}`
    : /trusted-types/.test(directive) ? "trusted-types must allow panda (two versions on a page: and 'allow-duplicates')"
    : what === "wasm" ? "script-src must allow 'wasm-unsafe-eval'"
    : "worker-src must allow blob:, or else connect needs a worker file of this website's own";
  const words = `The content security policy of this page forbids it (${directive}, ${what}): ${remedy}.`;
  return new PandaError("policy-forbids", words, { directive, remedy });
}
