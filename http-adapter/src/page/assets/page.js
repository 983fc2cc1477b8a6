// What the page can do beyond what it is without scripts: short addresses, live views, zooming.
import { brush } from "./brush.js";
import { live } from "./live.js";

// An empty field is no filter, and needs no place in the address.
for (const form of document.querySelectorAll("form.filter")) {
  form.addEventListener("submit", () => {
    for (const field of form.elements) if (field.name && field.value === "") field.disabled = true;
    // Going back finds them as they were.
    setTimeout(() => { for (const field of form.elements) field.disabled = false; });
  });
}

brush(document);
live(document);
