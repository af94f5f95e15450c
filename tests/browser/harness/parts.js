// The parts of the long texts of a talk that are shown: of which field, how many characters, and lines.
(id) => {
  let field = "";
  return [...document.querySelectorAll(`article[data-id="${id}"] .prose`)].map((part) => {
    field = part.dataset.field ?? field;
    return [field, part.textContent.length, part.textContent.split("\n").length];
  });
}
