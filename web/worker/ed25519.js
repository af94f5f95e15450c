// Ed25519 in bulk, by WebCrypto: the border between Python and JavaScript is crossed once for a whole batch,
// because awaiting one promise from Python costs four times what the browser needs to sign.
//
// The Python side is panda_web/browser/webcrypto.py. It has done the strict check before anything comes here.

const KEY = 32;
const SIGNATURE = 64;

// Promises under way together. More are not faster, and every one of them holds memory.
const AT_ONCE = 256;

// Answers of WebCrypto come before timers and messages (seen in Chromium: a chain of a million held up a timer to
// its end), so long work pauses now and then. A chain that is cancelled ends at its next step; verifying goes on to its
// end.
const BUSY_MS = 50;
/** @type {() => Promise<void>} */
const pause = () => new Promise((resume) => { setTimeout(resume); });

/**
 * Signs what `step` returns until that is undefined. It is told whether a signature lies in `place`: none does at the
 * first call, and at each later one that of the bytes that it returned before.
 *
 * @param {CryptoKey} privateKey
 * @param {(signed: boolean) => BufferSource | undefined} step
 * @param {Uint8Array} place 64 bytes
 */
export async function signChain(privateKey, step, place) {
  let since = performance.now();
  let unsigned = step(false);
  while (unsigned !== undefined) {
    if (performance.now() - since > BUSY_MS) {
      await pause();
      since = performance.now();
    }
    place.set(new Uint8Array(await crypto.subtle.sign("Ed25519", privateKey, unsigned)));
    unsigned = step(true);
  }
}

/**
 * One byte for each claim: 1 where it holds, 0 where it does not. Rejects where the browser itself fails.
 *
 * @param {Uint8Array<ArrayBuffer>} keys 32 bytes for each distinct author
 * @param {Uint8Array<ArrayBuffer>} claims for each claim the author's place among the keys, and the data's
 *   length (both 32 bits, little-endian), then 64 bytes of signature, then the data
 * @returns {Promise<Uint8Array>}
 */
export async function verifyMany(keys, claims) {
  const authors = await inTurns(split(keys, KEY), importKey);
  const verdicts = await inTurns(unpack(claims), ({ place, signature, data }) => {
    const author = authors[place];
    return author ? crypto.subtle.verify("Ed25519", author, signature, data) : false;
  });
  return Uint8Array.from(verdicts, Number);
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
async function importKey(bytes) {
  try {
    return await crypto.subtle.importKey("raw", bytes, "Ed25519", false, ["verify"]);
  } catch (error) {
    // Some browsers look at once whether the bytes are a point of the curve.
    if (error instanceof DOMException && error.name === "DataError") return null;
    throw error;
  }
}

/** @param {Uint8Array<ArrayBuffer>} bytes @param {number} size */
function* split(bytes, size) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** @param {Uint8Array<ArrayBuffer>} claims */
function* unpack(claims) {
  const numbers = new DataView(claims.buffer, claims.byteOffset, claims.byteLength);
  for (let at = 0; at < claims.length;) {
    const place = numbers.getUint32(at, true);
    const length = numbers.getUint32(at + 4, true);
    const signature = at + 8;
    const data = signature + SIGNATURE;
    at = data + length;
    yield { place, signature: claims.subarray(signature, data), data: claims.subarray(data, at) };
  }
}

/**
 * @template T, R
 * @param {Iterable<T>} items
 * @param {(item: T) => R | Promise<R>} task
 * @returns {Promise<R[]>} in the order of the items
 */
async function inTurns(items, task) {
  let since = performance.now();
  /** @type {R[]} */
  const results = [];
  /** @type {(R | Promise<R>)[]} */
  let turn = [];
  for (const item of items) {
    turn.push(task(item));
    if (turn.length === AT_ONCE) {
      results.push(...await Promise.all(turn));
      turn = [];
      if (performance.now() - since > BUSY_MS) {
        await pause();
        since = performance.now();
      }
    }
  }
  results.push(...await Promise.all(turn));
  return results;
}
