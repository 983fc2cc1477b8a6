// Keeps what is shown current, by server-sent events. A view that nobody looks at is left alone.
import { brush } from "./brush.js";

const SHOWN = 300; // rows of the list
const PAUSE = 3000; // milliseconds between two looks at the overview

export function live(root) {
  const view = root.querySelector("[data-live]");
  if (!view || !view.dataset.live || !("EventSource" in window)) return;
  const told = root.querySelector("#live");
  const source = new EventSource(view.dataset.live);
  source.addEventListener("open", () => { told.textContent = "live"; told.dataset.state = "on"; });
  source.addEventListener("error", () => { told.textContent = "not live: connecting"; told.dataset.state = "off"; });
  addEventListener("pagehide", () => source.close());
  if (view.id === "overview") overview(source);
  else list(root, source, view);
}

function overview(source) {
  let due = false, waiting = false;
  const look = async () => {
    if (!due || waiting || document.hidden) return;
    // What a reader has opened, selected or is dragging stays.
    if (document.querySelector("#overview details[open], .brush:not([hidden])") || String(getSelection())) return;
    due = false;
    waiting = true;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (answer.ok) {
        const next = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#overview");
        const now = document.querySelector("#overview");
        const focused = document.activeElement?.getAttribute("href");
        if (next && now) {
          now.replaceWith(next);
          brush(next);
          if (focused) [...next.querySelectorAll("a")].find((a) => a.getAttribute("href") === focused)?.focus();
        }
      }
    } finally {
      setTimeout(() => { waiting = false; look(); }, PAUSE);
    }
  };
  source.addEventListener("tick", () => { due = true; look(); });
  document.addEventListener("visibilitychange", look);
}

function list(root, source, view) {
  const rows = root.querySelector("#rows");
  let more = 0;
  source.addEventListener("row", (event) => {
    const template = document.createElement("template");
    template.innerHTML = event.data; // escaped where it was made
    const row = template.content.querySelector("tr");
    if (!row) return;
    root.querySelector(".empty")?.remove();
    // A record that was judged since is told again.
    const old = document.getElementById(row.id);
    if (old) old.replaceWith(row);
    else {
      row.classList.add("fresh");
      rows.prepend(row);
    }
    while (rows.children.length > SHOWN) rows.lastElementChild.remove();
  });
  source.addEventListener("more", (event) => {
    more += Number(event.data);
    view.textContent = `${more} more than are shown here: `;
    const link = document.createElement("a");
    link.href = location.href;
    link.textContent = "load again";
    view.append(link);
  });
}
