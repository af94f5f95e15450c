// What the programme shows, one object a talk. Every talk is opened for it, and its long texts in full.
() => [...document.querySelectorAll("article.talk")].map((article) => {
  if (article.querySelector(".open").ariaExpanded === "false") article.querySelector(".open").click();
  for (const more of article.querySelectorAll(".words > button")) more.click();
  const fields = {};
  for (const element of article.querySelectorAll("[data-field]")) {
    fields[element.dataset.field] = element.dataset.value ?? element.textContent;
  }
  const badges = [...article.querySelectorAll("[data-badge][data-holds=true]")].map(({ dataset }) => dataset.badge);
  return { ...article.dataset, fields, badges, buttons: article.querySelectorAll(".edit, .delete").length };
})
