// Scrolls to an element; gives whether it is there and stays where it is, so that a click does not miss it.
async (css) => {
  const place = () => JSON.stringify(document.querySelector(css)?.getBoundingClientRect() ?? null);
  document.querySelector(css)?.scrollIntoView({ block: "center" });
  const before = place();
  await new Promise((resolve) => { setTimeout(resolve, 50); });
  return before === place() && before !== "null";
}
