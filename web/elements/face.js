/**
 * A small panda for every author, derived from the key's digits: the same key, the same panda. A help for the
 * eye, no proof: two keys can look alike, so the digits stand beside it.
 */

const SVG = "http://www.w3.org/2000/svg";
/** The pictures, as rules; a shadow adopts it to show them. */
export const faces = new CSSStyleSheet();
/** @type {Set<string>} the classes that have a rule: thousands of rows share one picture */
const drawn = new Set();
document.adoptedStyleSheets.push(faces);

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attrs
 * @param {SVGElement[]} children
 */
function shape(tag, attrs, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attrs)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/**
 * The author's panda. Decorative: whoever uses it writes the author beside it.
 *
 * @param {string} author
 */
export function face(author) {
  const key = /^[0-9a-f]{64}$/.test(author) ? author : "0".repeat(64);
  const name = `face-${key}`;
  if (!drawn.has(name)) {
    drawn.add(name);
    const picture = encodeURIComponent(new XMLSerializer().serializeToString(draw(key)));
    faces.insertRule(`.${name} { background-image: url("data:image/svg+xml,${picture}"); }`);
  }
  const place = document.createElement("span");
  place.className = `face ${name}`;
  return place;
}

/** @param {string} key */
function draw(key) {
  let at = 0;
  /** @param {number} options  the next byte of the key, as one of so many options */
  const pick = (options) => parseInt(key.slice(at, (at += 2)), 16) % options;

  const hue = pick(16) * 22.5;
  const back = `hsl(${hue} ${[38, 55][pick(2)]}% ${[46, 62, 76][pick(3)]}%)`;
  const dark = `hsl(${pick(12) * 30} ${[8, 45][pick(2)]}% 15%)`;
  const head = ["#fdfdfa", "#f3efe3", "#e9f0ea"][pick(3)] ?? "#fdfdfa";
  const ear = [8, 10, 12][pick(3)] ?? 10;
  const tilt = [0, 18, 34, 50][pick(4)] ?? 18;
  const patch = [5.5, 6.5, 7.5][pick(3)] ?? 6.5;
  const look = [-1.2, 0, 1.2][pick(3)] ?? 0;
  const leaf = `hsl(${[95, 130, 340, 45][pick(4)]} 55% 45%)`;

  const parts = [
    shape("rect", { width: 64, height: 64, fill: back }),
    shape("circle", { cx: 14, cy: 19, r: ear, fill: dark }),
    shape("circle", { cx: 50, cy: 19, r: ear, fill: dark }),
    shape("ellipse", { cx: 32, cy: 37, rx: 24, ry: 21, fill: head }),
    shape("ellipse", { cx: 22, cy: 35, rx: patch, ry: patch * 1.45, fill: dark, transform: `rotate(${tilt} 22 35)` }),
    shape("ellipse", { cx: 42, cy: 35, rx: patch, ry: patch * 1.45, fill: dark, transform: `rotate(${-tilt} 42 35)` }),
    shape("circle", { cx: 22.5 + look, cy: 34, r: 2.4, fill: head }),
    shape("circle", { cx: 41.5 + look, cy: 34, r: 2.4, fill: head }),
    shape("ellipse", { cx: 32, cy: 45, rx: 4, ry: 2.8, fill: dark }),
  ];
  const line = { fill: "none", stroke: dark, "stroke-width": 2, "stroke-linecap": "round" };
  const mouth = ["M27 50c2 3 8 3 10 0", "M32 48v3", "M28 51h8", "M26 49c3 4 9 4 12 0"][pick(4)] ?? "";
  parts.push(shape("path", { d: mouth, ...line }));
  const extra = pick(6);
  if (extra === 0) parts.push(shape("path", { d: "M48 8c6-4 11-3 14-1-3 6-8 8-14 7z", fill: leaf }));
  if (extra === 1) parts.push(shape("path", { d: "M34 50l22 8", ...line, stroke: leaf, "stroke-width": 4 }));
  if (extra === 2) {
    parts.push(shape("path", { d: "M13 34a9 9 0 1 0 18 0a9 9 0 1 0-18 0zM33 34a9 9 0 1 0 18 0a9 9 0 1 0-18 0zM31 33h2", ...line, stroke: leaf }));
  }
  if (extra === 3) {
    parts.push(shape("circle", { cx: 15, cy: 46, r: 4, fill: leaf, opacity: 0.6 }));
    parts.push(shape("circle", { cx: 49, cy: 46, r: 4, fill: leaf, opacity: 0.6 }));
  }
  if (extra === 4) parts.push(shape("path", { d: "M8 22c8-16 40-16 48 0-10-6-38-6-48 0z", fill: leaf }));
  return shape("svg", { viewBox: "0 0 64 64" }, ...parts);
}
