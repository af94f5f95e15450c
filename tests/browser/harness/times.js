// What the programme shows of each talk's time, in its order: day, title, clock; and the rooms and tracks to choose from.
() => {
  const menu = (css) => [...document.querySelectorAll(`${css} option`)].slice(1).map((option) => option.textContent);
  const talks = [...document.querySelectorAll("#days article.talk")].map((talk) => [
    talk.closest(".day").dataset.day,
    talk.querySelector("[data-field=title]").textContent,
    talk.querySelector(".clock")?.textContent ?? talk.querySelector(".facts [data-field=start]")?.textContent ?? "",
  ]);
  return { talks, rooms: menu("#filter-room"), tracks: menu("#filter-track") };
}
