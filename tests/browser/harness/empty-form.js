// Makes the form of schemas.html new: as the way back to it does, and then as a person does who clears it.
() => {
  history.pushState(null, "", location.pathname);
  dispatchEvent(new PopStateEvent("popstate"));
  for (const each of document.querySelectorAll(".notice .dismiss, .schema-field [data-act=remove]")) each.click();
  document.getElementById("add").click();
  for (const id of ["name", "description"]) {
    const input = document.getElementById(id);
    input.value = "";
    delete input.dataset.left; // nobody has been there
    input.dispatchEvent(new Event("input"));
  }
}
