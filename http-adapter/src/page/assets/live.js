// Keeps what is shown current, by server-sent events. A view that nobody looks at is left alone.
import { brush } from "./brush.js";

const SHOWN = 300; // rows of the list
const PAUSE = 3000; // milliseconds between two looks at the overview
const AGAIN = 30000; // until the next look in any case: where nothing passes any more, nothing says so
const RETRY = 5000; // until what failed is tried again
const CONNECTING = "not live: connecting";

export function live(root) {
  const view = root.querySelector("[data-live]");
  if (!view || !view.dataset.live || !("EventSource" in window)) return;
  const tell = badge(root.querySelector("#live"));
  const hear = view.id === "overview" ? overview(tell) : list(root, view, tell);
  connect(view.dataset.live, hear, tell);
}

// It says "live" only when nothing is wrong, and else the worst of what is.
function badge(place) {
  const wrong = { look: "", stream: CONNECTING, gap: "" };
  return (part, what) => {
    wrong[part] = what;
    const worst = wrong.look || wrong.stream || wrong.gap;
    const text = worst || "live";
    place.dataset.state = worst ? "off" : "on";
    if (place.textContent !== text) place.textContent = text; // which is read aloud
  };
}

// `hear`: what is done with each kind of event, and with a gap, in which events came that nobody will tell.
function connect(address, hear, tell) {
  let source = null, timer = 0;
  let gap = document.hidden; // it is not looked at yet, and grows old
  const { gap: missed, ...events } = hear;
  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = null;
    gap = true;
    tell("stream", CONNECTING);
  };
  const open = () => {
    clearTimeout(timer);
    if (source || document.hidden) return;
    source = new EventSource(address);
    for (const [name, heard] of Object.entries(events)) source.addEventListener(name, heard);
    source.addEventListener("open", () => {
      tell("stream", "");
      if (gap) missed();
    });
    source.addEventListener("error", () => {
      gap = true;
      tell("stream", CONNECTING);
      // After a break it connects again by itself, and after a refusal never.
      if (source?.readyState !== EventSource.CLOSED) return;
      close();
      timer = setTimeout(open, RETRY);
    });
  };
  // Over HTTP/1.1 a browser has six connections to a host: with a stream in six tabs a seventh would load nothing.
  document.addEventListener("visibilitychange", () => { if (document.hidden) close(); else open(); });
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  open();
}

function overview(tell) {
  let due = false, waiting = false;
  const load = async () => {
    // An answer that never comes is a failure, too.
    const request = { headers: { accept: "text/html" }, signal: AbortSignal.timeout(AGAIN) };
    const answer = await fetch(location.href, request);
    const page = answer.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
    const next = page?.querySelector("#overview");
    const now = document.querySelector("#overview");
    if (!next || !now) return false;
    const focused = document.activeElement?.getAttribute("href");
    now.replaceWith(next);
    brush(next);
    if (focused) [...next.querySelectorAll("a")].find((a) => a.getAttribute("href") === focused)?.focus();
    return true;
  };
  const look = async () => {
    if (!due || waiting || document.hidden) return;
    // What a reader has opened, selected or is dragging stays.
    if (document.querySelector("#overview details[open], .brush:not([hidden])") || String(getSelection())) return;
    due = false;
    waiting = true;
    const loaded = await load().catch(() => false);
    tell("look", loaded ? "" : "not current: cannot be loaded");
    due ||= !loaded;
    setTimeout(() => { waiting = false; look(); }, loaded ? PAUSE : RETRY);
  };
  const again = () => { due = true; look(); };
  setInterval(again, AGAIN);
  document.addEventListener("visibilitychange", look);
  return { tick: again, gap: again };
}

function list(root, view, tell) {
  const rows = root.querySelector("#rows");
  let more = 0, gap = false, whole = true;
  const again = (text) => {
    const link = document.createElement("a");
    link.href = location.pathname + location.search; // with a place in the page it would only go there
    link.textContent = text;
    return link;
  };
  const say = () => {
    const what = [more > 0 && `${more} more than are shown here`, gap && "events may be missing"].filter(Boolean);
    view.replaceChildren(`${what.join(", and ")}: `, again("load again"));
  };
  const cut = () => {
    while (rows.children.length > SHOWN) {
      rows.lastElementChild.remove();
      if (!whole) continue;
      whole = false;
      // The next page begins below the rows that came with this one: what is cut off here is on neither.
      const pages = root.querySelector("nav.pages");
      pages.querySelector("[rel=next]")?.remove();
      pages.append(again("Load again to look further back"));
    }
  };
  return {
    row(event) {
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
      cut();
    },
    more(event) {
      more += Number(event.data);
      say();
    },
    gap() {
      gap = true;
      say();
      tell("gap", "events may be missing: load again");
    },
  };
}
