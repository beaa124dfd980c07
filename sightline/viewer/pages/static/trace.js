// Waterfall: the button collapses the children of a span; the URL fragment opens a span.
import { closeMenus } from "./pickers.js";

closeMenus();
document.addEventListener("click", (event) => {
  const fold = event.target.closest(".fold");
  if (!fold?.matches("button")) return;
  event.preventDefault();
  fold.closest(".span").classList.toggle("folded");
  foldBelow(fold.closest(".spans"));
});

function foldBelow(spans) {
  let depth = Infinity;
  for (const span of spans.querySelectorAll("details.span")) {
    const own = +span.dataset.depth;
    if (own <= depth) depth = Infinity;
    span.classList.toggle("hidden", own > depth);
    if (depth === Infinity && span.classList.contains("folded")) depth = own;
  }
}

const chosen = location.hash && document.getElementById(location.hash.slice(1));
if (chosen) { chosen.open = true; chosen.scrollIntoView({ block: "center" }); }
