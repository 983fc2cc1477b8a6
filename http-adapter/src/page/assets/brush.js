// Drags a span of a chart and goes there.

// Seconds: the page refuses less, and more. A chart of the longest period is longer, as its bars are whole.
const SHORTEST = 60;
const LONGEST = 30 * 86400;

export function brush(root) {
  for (const figure of root.querySelectorAll("figure.chart")) attach(figure);
}

function attach(figure) {
  const plot = figure.querySelector(".plot");
  const shade = figure.querySelector(".brush");
  const since = Date.parse(figure.dataset.since);
  const span = Number(figure.dataset.step) * Number(figure.dataset.bars);
  if (!plot || !(span > 0) || Number.isNaN(since)) return;
  let from = null;

  const share = (event) => {
    const box = plot.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  const end = () => { from = null; shade.hidden = true; };

  plot.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.pointerType === "touch") return; // a finger scrolls
    from = share(event);
    plot.setPointerCapture(event.pointerId);
  });
  plot.addEventListener("pointermove", (event) => {
    if (from === null) return;
    const to = share(event);
    shade.hidden = false;
    shade.style.setProperty("left", `${Math.min(from, to) * 100}%`);
    shade.style.setProperty("width", `${Math.abs(to - from) * 100}%`);
  });
  plot.addEventListener("pointercancel", end);
  plot.addEventListener("pointerup", (event) => {
    if (from === null) return;
    const [low, high] = [from, share(event)].sort((a, b) => a - b);
    end();
    if (high - low < 0.01) return; // a click
    // Whole minutes, which is what is counted by.
    const at = (part) => Math.round((since / 1000 + part * span) / 60) * 60;
    const start = at(low);
    const stop = Math.min(Math.max(at(high), start + SHORTEST), start + LONGEST);
    const text = (seconds) => new Date(seconds * 1000).toISOString().replace(".000", "");
    location.assign(`?since=${text(start)}&until=${text(stop)}`);
  });
}
