// Refreshes the visible panels of a dashboard; each has at most one request in flight.
import { drawChart, listenLegend } from "./charts.js";
import { listenTable } from "./tables.js";
import { Picker, closeMenus } from "./pickers.js";

const main = document.querySelector("#dashboard");
const base = `/d/${encodeURIComponent(main.dataset.uid)}`;
const [range, refresh] = [document.querySelector("#range"), document.querySelector("#refresh")];
const panels = [...main.querySelectorAll(".panel")];
const inSight = new Set();
const SECONDS = { s: 1, m: 60, h: 3600, d: 86400 };
let round = 0;
let timer = 0;

const clock = Intl.DateTimeFormat().resolvedOptions().timeZone;
document.cookie = `zone=${clock}; path=/; samesite=strict; max-age=31536000`;

const pickers = [...document.querySelectorAll(".picker")].map((element) => new Picker(element, changed));
const fields = [...document.querySelectorAll(".field input")];
fields.forEach((field) => field.addEventListener("change", changed));
closeMenus();

// Time range and variables in the form of URL parameters.
function choices() {
  const query = new URLSearchParams();
  const [from, to] = range.value.split("|");
  query.set("from", from);
  query.set("to", to ?? "now");
  for (const [name, value] of new URLSearchParams(location.search)) if (name.startsWith("var-") && !known(name.slice(4))) query.append(name, value);
  pickers.forEach((picker) => picker.value.forEach((value) => query.append(`var-${picker.name}`, value)));
  fields.forEach((field) => field.value && query.set(`var-${field.name}`, field.value));
  if (refresh.value !== refresh.dataset.default) query.set("refresh", refresh.value);
  return query;
}
const known = (name) => pickers.some((picker) => picker.name === name) || fields.some((field) => field.name === name);
refresh.dataset.default = new URLSearchParams(location.search).has("refresh") ? "?" : refresh.value;

function changed({ push = true } = {}) {
  const address = `${location.pathname}?${choices()}`;
  history[push === false ? "replaceState" : "pushState"](null, "", address);
  keepChoices();
  loadOptions();
  drawAll();
}

// Links to other dashboards keep time range and variables.
function keepChoices() {
  document.querySelectorAll("a[data-keep]").forEach((link) => (link.href = `${link.pathname}?${choices()}`));
}

async function loadOptions() {
  try {
    const answer = await (await fetch(`${base}/variables?${choices()}`)).json();
    pickers.forEach((picker) => answer[picker.name] && picker.set(answer[picker.name]));
  } catch { /* the panels report the failed connection */ }
}

function drawAll() {
  round += 1;
  panels.forEach((panel) => inSight.has(panel) && draw(panel));
}

async function draw(panel) {
  if (panel.drawn === round) return;
  panel.waiting?.abort();
  panel.waiting = new AbortController();
  panel.drawn = round;
  const body = panel.querySelector(".body");
  const query = choices();
  query.set("width", Math.round(body.clientWidth));
  query.set("tz", clock);
  const slow = setTimeout(() => panel.classList.add("busy"), 400);
  try {
    const address = `${base}/panels/${panel.dataset.id}?${query}`;
    await show(panel, body, await ask(address, panel.waiting.signal));
    panel.classList.remove("stale");
    panel.title = "";
  } catch (error) {
    if (error.name === "AbortError") return;
    panel.classList.add("stale");
    panel.title = `Not up to date: ${error.message}`;
    const waiting = body.querySelector(".loading");
    if (waiting) Object.assign(waiting, { className: "message error loading", textContent: `The viewer does not answer: ${error.message}` });
  } finally {
    clearTimeout(slow);
    panel.classList.remove("busy");
  }
}

// Retry once, because browsers abort requests when a network interface changes.
async function ask(address, signal, again = 2) {
  try {
    const response = await fetch(address, { signal });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return await response.json();
  } catch (error) {
    if (!(error instanceof TypeError) || !again) throw error;
    await new Promise((done) => setTimeout(done, 300));
    return ask(address, signal, again - 1);
  }
}

async function show(panel, body, { html, figure, title, links, note }) {
  panel.querySelector(".remark").textContent = note ?? "";
  if (title) panel.querySelector(".title").textContent = title;
  if (links) panel.querySelector(".links").replaceChildren(...links.map(({ title: text, url }) => Object.assign(document.createElement("a"), { href: url, textContent: text })));
  let plot = body.querySelector(":scope > .plot");
  if (!figure) {
    if (plot) window.Plotly.purge(plot);
    const top = body.firstElementChild?.scrollTop ?? 0;
    body.innerHTML = html;
    if (body.firstElementChild) body.firstElementChild.scrollTop = top;
    return listenTable(body);
  }
  if (plot?.matches(":has(.hoverlayer > *)")) return; // the reader is looking at a value
  if (!plot) {
    plot = Object.assign(document.createElement("div"), { className: "plot" });
    body.replaceChildren(plot);
  }
  body.querySelector(":scope > .legend")?.remove();
  plot.insertAdjacentHTML("afterend", html);
  const legend = body.querySelector(":scope > .legend");
  if (legend) listenLegend(legend, plot);
  await drawChart(plot, figure, { onZoom: zoom, onWiden: widen });
}

const clockTime = (moment) => new Date(moment).toTimeString().slice(0, 8);

function setRange(from, to) {
  const value = `${Math.round(from)}|${Math.round(to)}`;
  range.querySelectorAll("[data-own]").forEach((option) => option.remove());
  const text = `${clockTime(from)} to ${clockTime(to)}`;
  range.append(Object.assign(new Option(text, value), { selected: true }));
  range.lastElementChild.dataset.own = "";
  changed();
}

function ends() {
  const [from, to] = range.value.split("|");
  if (to && to !== "now") return [+from, +to];
  const found = /^now-(\d+)([smhd])$/.exec(from);
  const now = Date.now();
  return [found ? now - 1000 * found[1] * SECONDS[found[2]] : now - 900000, now];
}

const zoom = (from, to) => to - from > 5000 && setRange(from, to);
const widen = () => {
  const [from, to] = ends();
  setRange(from - (to - from) / 2, Math.min(to + (to - from) / 2, Date.now()));
};

function schedule() {
  clearInterval(timer);
  const found = /^(\d+)([sm])$/.exec(refresh.value);
  if (found) timer = setInterval(() => document.hidden || drawAll(), 1000 * found[1] * SECONDS[found[2]]);
}

range.addEventListener("change", changed);
refresh.addEventListener("change", () => { changed({ push: false }); schedule(); });
document.querySelector("#reload").addEventListener("click", drawAll);
document.querySelector("#out").addEventListener("click", widen);
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, select, textarea") || event.altKey) return;
  if (event.key === "z" && event.ctrlKey) widen();
  else if (event.key === "r" && !event.ctrlKey && !event.metaKey) drawAll();
  else if (event.key === "Enter" && event.target.matches(".row h2")) event.target.click();
});
document.addEventListener("visibilitychange", () => document.hidden || drawAll());
addEventListener("popstate", () => location.reload());
main.querySelectorAll(".row h2").forEach((head) => head.addEventListener("click", () => head.parentElement.classList.toggle("closed")));

// A click on a title enlarges its panel; a second click or Escape restores it.
const whole = (panel) => panel?.classList.toggle("full");
panels.forEach((panel) => panel.querySelector(".title").addEventListener("click", () => whole(panel)));
document.addEventListener("keydown", (event) => event.key === "Escape" && whole(main.querySelector(".panel.full")));

// Panels at the right edge open their description to the left.
panels.forEach((panel) => panel.classList.toggle("rightmost", panel.getBoundingClientRect().right > innerWidth - 360));

const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) { inSight.add(target); draw(target); } else inSight.delete(target);
  }
}, { rootMargin: "150px" });
panels.forEach((panel) => { panel.drawn = -1; watcher.observe(panel); });
keepChoices();
loadOptions();
schedule();
