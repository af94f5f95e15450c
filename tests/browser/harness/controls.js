// Everything on the page that can be used: what it is called, and how large it is to hit, its labels included.
() => [...document.querySelectorAll("button, input, select, textarea, summary, [tabindex='0']")]
  .filter((control) => control.checkVisibility())
  .map((control) => {
    const named = (control.getAttribute("aria-labelledby") ?? "").split(" ").map((id) => document.getElementById(id));
    const sources = [{ innerText: control.ariaLabel ?? "" }, ...named, ...(control.labels ?? []), control];
    const boxes = [control, ...(control.labels ?? [])].map((element) => element.getBoundingClientRect());
    return {
      what: `${control.localName} ${control.id || control.dataset.part || control.dataset.act || control.innerText}`,
      name: sources.map((source) => source?.innerText.trim() ?? "").find(Boolean) ?? "",
      width: Math.max(...boxes.map(({ width }) => width)),
      height: Math.max(...boxes.map(({ height }) => height)),
      described: (control.getAttribute("aria-describedby") ?? "").split(" ").every((id) => !id || document.getElementById(id)),
    };
  })
