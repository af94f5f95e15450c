// Errors, as a website sees them; and what is wrong with what it gave.

/** What went wrong: `reason` is a stable word for programs, `message` a sentence for people. */
export class PandaError extends Error {
  /** @param {string} reason @param {string} message @param {Record<string, unknown>} [data] */
  constructor(reason, message, data = {}) {
    super(message);
    this.name = "PandaError";
    this.reason = reason;
    this.data = data;
  }
}

/** A controller is easily given for its signal. @param {unknown} signal @returns {PandaError | null} what is wrong */
export function unusable(signal) {
  if (signal === undefined || signal === null || "aborted" in Object(signal)) return null;
  return new PandaError("invalid-params", "signal must be an AbortSignal, such as controller.signal.", { param: "signal" });
}

export const cancelled = (words = "Cancelled before Python was there.") => new PandaError("cancelled", words);

export const left = () => (
  new PandaError("page-left", "The page was left before this was done. What was signed is not lost.")
);

/** @param {AbortSignal | undefined} signal @returns {Promise<PandaError>} once it is aborted */
export const aborted = (signal) => new Promise((resolve) => {
  signal?.addEventListener("abort", () => resolve(cancelled()));
});
