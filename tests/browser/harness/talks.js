// What the programme shows, one object a talk. Every talk is opened for it, and its long texts in full.
() => [...document.querySelectorAll("article.talk")].map((article) => {
  if (article.querySelector(".open").ariaExpanded === "false") article.querySelector(".open").click();
  for (let more; (more = article.querySelector(".words > .more")) !== null; ) more.click();
  const fields = {};
  for (const element of article.querySelectorAll("[data-field]")) {
    if (element.closest(".also")) continue; // of others' versions
    fields[element.dataset.field] = element.dataset.value ?? allOf(element);
  }
  const badges = [...article.querySelectorAll("[data-badge][data-holds=true]")].map(({ dataset }) => dataset.badge);
  const { waiting, ...data } = article.dataset; // it passes by itself
  return { ...data, fields, badges, buttons: article.querySelectorAll(".edit, .delete").length };

  // What is shown of a long text on demand follows its beginning.
  function allOf(element) {
    let words = element.textContent;
    for (let next = element.nextElementSibling; next?.matches(".prose:not([data-field])"); next = next.nextElementSibling) words += next.textContent;
    return words;
  }
})
