// The matrices: a forest's cells are made when it is looked at; one stop for Tab in each, arrow keys walk within.
const boxes = [...document.querySelectorAll("details.forest")];
const fresh = new Set(); // forests whose cells are as the filter wants them
let shown = null; // by number of the check; null: all

const cell = (n) => {
  const [verdict, sign, word] = verdictOf(n), changed = all.changed[n];
  const button = make("button", `cell v-${verdict}${changed ? " changed" : ""}`, sign);
  button.type = "button";
  button.id = `c${n}`;
  button.tabIndex = -1;
  const words = `${kindOf(n).what}: ${word}, ${stateOf(n)}`;
  button.setAttribute("aria-label", changed ? `${words}; ${changed}` : words);
  return button;
};

const ordered = (numbers) => numbers.sort((a, b) => kindOf(a).transport < kindOf(b).transport ? -1 : kindOf(a).transport > kindOf(b).transport ? 1 : a - b);

const line = (row, numbers, width) => {
  const [, , address, short, about] = places[row];
  const tr = make("tr"), name = make("th");
  name.scope = "row";
  if (about) name.title = about;
  name.append(make("b", "", short), " ", make("span", "mono", address || "no address"));
  const columns = Array.from({ length: width }, () => []);
  for (const n of numbers) columns[checks[n][COLUMN]]?.push(n);
  tr.append(name, ...columns.map((found) => {
    const td = make("td");
    td.append(...ordered(found).map(cell));
    return td;
  }));
  return tr;
};

const head = (columns) => {
  const thead = make("thead"), tr = make("tr"), corner = make("th", "corner", "Controller");
  corner.scope = "col";
  tr.append(corner, ...columns.map(([name, port, parts, purpose]) => {
    const th = make("th");
    th.scope = "col";
    if (purpose) th.title = purpose;
    th.append(make("span", "", name), make("small", "", port), make("small", "parts", parts));
    return th;
  }));
  thead.append(tr);
  return thead;
};

const draw = (forest) => {
  const holder = boxes[forest].querySelector(".cells");
  fresh.add(forest);
  if (!holder) return;
  const table = make("table", "grid"), tbody = make("tbody"), { name, columns } = forests[forest];
  table.setAttribute("role", "grid");
  table.setAttribute("aria-label", `Checks of ${name}: a row for each controller, a column for each service`);
  for (const row of byForest[forest]) {
    const numbers = shown ? byRow[row].filter((n) => shown[n]) : byRow[row];
    if (numbers.length || !shown) tbody.append(line(row, numbers, columns.length));
  }
  table.append(head(columns), tbody);
  holder.style.minHeight = "";
  holder.replaceChildren(table);
  const first = table.querySelector("button.cell.v-fail, button.cell.v-unknown, button.cell.v-warn") ?? table.querySelector("button.cell");
  if (first) { first.tabIndex = 0; holder.removeAttribute("tabindex"); }
};

const FEW = 2000; // so many checks are drawn at once
const close = new Set(); // forests that are seen, or nearly
const keepPlace = (forest) => { // and no cell that an earlier filter left, which would be printed
  const holder = boxes[forest].querySelector(".cells");
  if (!holder) return;
  const rows = shown ? byForest[forest].filter((row) => byRow[row].some((n) => shown[n])) : byForest[forest];
  holder.style.minHeight = `min(${rows.length * 34 + 70}px, 85vh)`;
  holder.replaceChildren();
};
const look = (box) => { // draws its cells if it is open, as soon as it is near; until then their place is kept
  const forest = Number(box.dataset.forest);
  if (!box.open || box.hidden || fresh.has(forest)) return;
  if (checks.length <= FEW || close.has(forest)) draw(forest);
  else keepPlace(forest);
};
const near = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    close[isIntersecting ? "add" : "delete"](Number(target.dataset.forest));
    look(target);
  }
}, { rootMargin: "600px" });
for (const box of boxes) {
  near.observe(box);
  box.addEventListener("toggle", () => look(box));
}
// Paper has no near and far.
window.addEventListener("beforeprint", () => boxes.forEach((box, forest) => {
  if (box.open && !box.hidden && !fresh.has(forest)) draw(forest);
}));

const reveal = (n) => {
  const { forest } = placeOf(n);
  if (forest < 0) return null;
  boxes[forest].open = true;
  if (!fresh.has(forest)) draw(forest);
  return document.getElementById(`c${n}`);
};

const focus = (button) => {
  for (const other of button.closest("table").querySelectorAll("button.cell[tabindex='0']")) other.tabIndex = -1;
  button.tabIndex = 0;
  button.focus();
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) { if (event.target === dialog) dialog.close(); return; }
  if (button.classList.contains("cell")) { focus(button); open(Number(button.id.slice(1))); }
  else if (button.dataset.copy) copy(button);
});

// One stop for Tab in each matrix; the arrow keys walk within.
document.addEventListener("keydown", (event) => {
  const from = event.target.closest?.("button.cell");
  if (!from || event.altKey || event.metaKey) return;
  const lines = [...from.closest("tbody").rows].map((row) => [...row.querySelectorAll("button.cell")]).filter((found) => found.length);
  const at = lines.findIndex((found) => found.includes(from)), row = lines[at], place = row.indexOf(from), last = lines.at(-1);
  const beside = (found) => {
    const column = from.closest("td").cellIndex, within = [...from.parentNode.children].indexOf(from);
    const same = found?.filter((other) => other.closest("td").cellIndex === column);
    return same?.[within] ?? same?.[0] ?? found?.[Math.min(place, found.length - 1)];
  };
  const next = {
    ArrowRight: () => row[place + 1], ArrowLeft: () => row[place - 1],
    ArrowDown: () => beside(lines[at + 1]), ArrowUp: () => beside(lines[at - 1]),
    Home: () => (event.ctrlKey ? lines[0] : row)[0], End: () => (event.ctrlKey ? last : row).at(-1),
  }[event.key]?.();
  if (next) { event.preventDefault(); focus(next); }
});
