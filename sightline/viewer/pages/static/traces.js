// Search for traces: a dot opens its trace, a change of the service reloads the operations.
import { drawChart } from "./charts.js";
import { closeMenus } from "./pickers.js";

document.cookie = `zone=${Intl.DateTimeFormat().resolvedOptions().timeZone}; path=/; samesite=strict; max-age=31536000`;
closeMenus();
document.querySelectorAll("[data-submit]").forEach((select) => select.addEventListener("change", () => {
  const operation = select.form.elements.operation;
  if (select.name === "service" && operation) operation.value = "";
  select.form.submit();
}));
const plot = document.querySelector("[data-figure]");
if (plot) drawChart(plot, JSON.parse(plot.dataset.figure));
const id = document.querySelector("#trace-id");
const open = () => id.value.trim() && window.location.assign(`/trace/${encodeURIComponent(id.value.trim())}`);
document.querySelector("#open")?.addEventListener("click", open);
id?.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); open(); } });
