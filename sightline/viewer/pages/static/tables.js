// Sorts a table by the clicked column; the order is kept after a refresh.
export function listenTable(body) {
  const heads = [...body.querySelectorAll(".cells th")];
  heads.forEach((head, column) => {
    const turn = () => {
      body.sorted = { column, down: !(body.sorted?.column === column && body.sorted.down) };
      sort(body, heads);
    };
    head.addEventListener("click", turn);
    head.addEventListener("keydown", (event) => event.key === "Enter" && turn());
  });
  if (body.sorted) sort(body, heads);
}

function sort(body, heads) {
  const { column, down } = body.sorted;
  const rows = body.querySelector(".cells tbody");
  if (!rows) return;
  const key = (row) => row.cells[column]?.dataset.order ?? "";
  const compare = (a, b) => (isNaN(a) || isNaN(b) || a === "" || b === "" ? a.localeCompare(b) : a - b);
  rows.append(...[...rows.rows].sort((a, b) => (down ? -1 : 1) * compare(key(a), key(b))));
  heads.forEach((head, index) => (head.dataset.sorted = index === column ? (down ? "down" : "up") : ""));
}
