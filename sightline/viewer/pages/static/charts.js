// Draws Plotly figures of the server, with zoom, legend, links and a shared crosshair.
const OPTIONS = { displayModeBar: false, doubleClick: false, showTips: false };
export const POINTED = "sightline:pointed";

export function drawChart(plot, figure, { onZoom, onWiden } = {}) {
  const first = !plot.classList.contains("js-plotly-plot");
  const layout = { ...figure.layout, width: plot.clientWidth, height: plot.clientHeight };
  const hidden = plot.hiddenTraces ?? new Set();
  const data = figure.data.map((trace, index) => (hidden.has(index) ? { ...trace, visible: false } : trace));
  const drawn = window.Plotly.react(plot, data, layout, OPTIONS);
  if (first) listen(plot, onZoom, onWiden);
  return drawn;
}

function listen(plot, onZoom, onWiden) {
  plot.on("plotly_doubleclick", () => onWiden?.());
  plot.on("plotly_relayout", (change) => {
    const [from, to] = [change["xaxis.range[0]"], change["xaxis.range[1]"]];
    if (from && to) onZoom?.(Date.parse(from), Date.parse(to));
  });
  plot.on("plotly_click", ({ points }) => {
    const link = points.map((point) => point.customdata).find(Array.isArray);
    if (link) window.location.assign(link[0]);
  });
  plot.on("plotly_hover", ({ points, event }) => {
    if (points.some((point) => Array.isArray(point.customdata))) plot.style.cursor = "pointer";
    const share = event && shareOf(plot, event.clientX);
    if (share != null) document.dispatchEvent(new CustomEvent(POINTED, { detail: { plot, share } }));
  });
  plot.on("plotly_unhover", () => {
    plot.style.cursor = "";
    document.dispatchEvent(new CustomEvent(POINTED, { detail: { plot, share: null } }));
  });
  const line = Object.assign(document.createElement("div"), { className: "crosshair" });
  plot.append(line);
  document.addEventListener(POINTED, ({ detail }) => {
    const axis = plot._fullLayout?.xaxis;
    const shown = axis?.type === "date" && detail.share != null && detail.plot !== plot;
    line.style.display = shown ? "block" : "none";
    if (shown) line.style.left = `${axis._offset + detail.share * axis._length}px`;
  });
  new ResizeObserver(() => {
    if (plot.clientWidth) window.Plotly.relayout(plot, { width: plot.clientWidth, height: plot.clientHeight });
  }).observe(plot);
}

function shareOf(plot, clientX) {
  const axis = plot._fullLayout?.xaxis;
  if (axis?.type !== "date") return null;
  return (clientX - plot.getBoundingClientRect().left - axis._offset) / axis._length;
}

// A click shows only one series, a second click shows all; with Ctrl it toggles one series.
export function listenLegend(legend, plot) {
  const entries = [...legend.querySelectorAll("[data-trace]")];
  const paint = () => entries.forEach((entry) => entry.classList.toggle("off", plot.hiddenTraces?.has(+entry.dataset.trace) ?? false));
  const choose = (entry, event) => {
    const all = entries.map((one) => +one.dataset.trace), chosen = +entry.dataset.trace;
    const hidden = new Set(plot.hiddenTraces ?? []);
    if (event.ctrlKey || event.metaKey) hidden.has(chosen) ? hidden.delete(chosen) : hidden.add(chosen);
    else {
      const alone = all.every((one) => (one === chosen) !== hidden.has(one)) && all.length > 1;
      all.forEach((one) => (alone || one === chosen ? hidden.delete(one) : hidden.add(one)));
    }
    plot.hiddenTraces = hidden;
    if (plot.data) window.Plotly.restyle(plot, { visible: all.map((one) => !hidden.has(one)) }, all);
    paint();
  };
  entries.forEach((entry) => {
    entry.addEventListener("click", (event) => choose(entry, event));
    entry.addEventListener("keydown", (event) => event.key === "Enter" && choose(entry, event));
  });
  paint();
}
