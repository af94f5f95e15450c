// Files that come from the page.

/**
 * A file that is kept (panda/kept.js). What a start needs the page hands on by itself, and the rest when it is asked.
 *
 * @param {MessagePort} port
 * @returns {Promise<ArrayBuffer | WebAssembly.Module | null>} checked; null where it is another one than its hash says
 */
export const handed = (port) => new Promise((resolve) => {
  port.onmessage = ({ data }) => {
    port.close();
    resolve(data);
  };
  port.postMessage(null);
});

/**
 * A file that the page has begun to fetch (panda/ahead.js): piece by piece, and at last whether that was all.
 *
 * @param {MessagePort} port
 * @returns {ReadableStream<Uint8Array<ArrayBuffer>>} not checked
 */
export const received = (port) => new ReadableStream({
  start(controller) {
    port.onmessage = ({ data }) => {
      if (data === true) controller.close();
      else if (data === false) controller.error(new TypeError("The page could not fetch it."));
      else controller.enqueue(data);
    };
  },
  cancel() {
    port.onmessage = null;
    port.postMessage(null);
  },
});
