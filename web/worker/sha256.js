// SHA-256 at once (FIPS 180-4): WebCrypto has it with a promise alone, and who calls a function that is not here yet
// cannot wait.

const BLOCK = 64;
const primes = [2];
for (let next = 3; primes.length < 64; next += 2) if (primes.every((prime) => next % prime)) primes.push(next);
/** The first 32 bits of a number's fraction. @param {number} value */
const fraction = (value) => (value - Math.floor(value)) * 2 ** 32 | 0;
const START = primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));
const ROUND = Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));

/** @param {number} word @param {number} bits */
const turned = (word, bits) => word >>> bits | word << 32 - bits;

/** @param {Uint8Array} data @returns {string} in hexadecimal */
export function sha256(data) {
  const whole = data.length - data.length % BLOCK;
  const rest = data.subarray(whole);
  const end = new Uint8Array(rest.length + 9 > BLOCK ? 2 * BLOCK : BLOCK);
  end.set(rest);
  end[rest.length] = 0x80;
  new DataView(end.buffer).setBigUint64(end.length - 8, 8n * BigInt(data.length));
  const state = Int32Array.from(START);
  add(state, data.subarray(0, whole));
  add(state, end);
  return Array.from(state, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

/** @param {Int32Array} state @param {Uint8Array} blocks */
function add(state, blocks) {
  const words = new Int32Array(64);
  const source = new DataView(blocks.buffer, blocks.byteOffset, blocks.length);
  const at = (/** @type {Int32Array} */ list, /** @type {number} */ place) => /** @type {number} */ (list[place]);
  for (let begin = 0; begin < blocks.length; begin += BLOCK) {
    for (let n = 0; n < 16; n += 1) words[n] = source.getInt32(begin + 4 * n);
    for (let n = 16; n < 64; n += 1) {
      const [one, other] = [at(words, n - 15), at(words, n - 2)];
      const small = turned(one, 7) ^ turned(one, 18) ^ one >>> 3;
      const large = turned(other, 17) ^ turned(other, 19) ^ other >>> 10;
      words[n] = at(words, n - 16) + small + at(words, n - 7) + large | 0;
    }
    let [a, b, c, d, e, f, g, h] = /** @type {[number, number, number, number, number, number, number, number]} */ (/** @type {unknown} */ (state));
    for (let n = 0; n < 64; n += 1) {
      const one = h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + (e & f ^ ~e & g) + at(ROUND, n) + at(words, n) | 0;
      const two = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + (a & b ^ a & c ^ b & c) | 0;
      h = g;
      g = f;
      f = e;
      e = d + one | 0;
      d = c;
      c = b;
      b = a;
      a = one + two | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((word, place) => { state[place] = at(state, place) + word | 0; });
  }
}
