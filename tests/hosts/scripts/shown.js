// The text of the elements that a selector finds, once it contains the last word.
(selector, last) => {
  const text = [...document.querySelectorAll(selector)].map((element) => element.textContent).join("");
  return text.includes(last) && text;
}
