// A file that the page has begun to fetch (panda/ahead.js): piece by piece, and at last whether that was all.

/** @param {MessagePort} port @returns {ReadableStream<Uint8Array<ArrayBuffer>>} not checked */
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
