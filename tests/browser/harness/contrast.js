// The contrast of some elements' text with what is behind it (WCAG 2), by selector.
(selectors) => {
  const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 })
    .getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data];
  };
  const light = (colour) => {
    const [r, g, b] = rgba(colour).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement ?? at.getRootNode().host) {
      const { backgroundColor } = getComputedStyle(at);
      if (rgba(backgroundColor)[3] === 255) return light(backgroundColor);
    }
    return light("Canvas");
  };
  return Object.fromEntries(selectors.map((css) => {
    const element = css.split(" >>> ").reduce((at, part) => (at.shadowRoot ?? at).querySelector(part), document);
    const [darker, lighter] = [light(getComputedStyle(element).color), behind(element)].sort((a, b) => a - b);
    return [css, (lighter + 0.05) / (darker + 0.05)];
  }));
}
