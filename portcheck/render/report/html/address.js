// The filter and the links: what the page shows stands in its address after the #: `finding-2`, `verdict=fail&q=dc1`,
// `check=` and a check's id. And copying.
const byHand = (text) => {
  const area = make("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
};

const copy = async (button) => {
  const text = document.getElementById(button.dataset.copy).innerText.trimEnd();
  let done = false;
  try { await navigator.clipboard.writeText(text); done = true; } catch { done = byHand(text); button.focus(); }
  const label = button.firstChild, before = button.dataset.copy === "ask-text" ? "Copy all" : "Copy";
  label.textContent = done ? "Copied" : "Select it and copy";
  setTimeout(() => { label.textContent = before; }, 2500);
};

for (const button of document.querySelectorAll(".copy")) button.hidden = false;

const form = document.getElementById("filter");
const count = document.getElementById("count");
const FIELDS = ["q", "verdict", "state", "forest", "profile"];
let initially = null; // which forests were open before anything was filtered
const wanted = {};

const haystack = kinds.map(([service, transport, port, purpose, , operations]) => `${service} ${port ?? "dynamic"}/${transport} ${purpose} ${operations}`.toLowerCase());
const named = places.map(([forest, host, address]) => `${forests[forest].name} ${host} ${address}`.toLowerCase());
let seen;

// Of each word, where it stands in the tables: the checks then only look that up.
const sought = (term) => ({
  kind: haystack.map((words) => words.includes(term)), row: named.map((words) => words.includes(term)),
  state: all.states.map(([state]) => state.includes(term)), seen: seen.map((words) => words.includes(term)),
});

const meets = (check, n, terms) => {
  if (wanted.verdict === "changed" ? !(n in all.changed) : wanted.verdict && all.verdicts[check[VERDICT]][0] !== wanted.verdict) return 0;
  if (wanted.state && all.states[check[STATE]][0] !== wanted.state) return 0;
  if (wanted.forest && String(places[check[ROW]]?.[0]) !== wanted.forest) return 0;
  if (wanted.profile && !kinds[check[KIND]].includes(wanted.profile, 7)) return 0;
  return terms.every(({ kind, row, state, seen: told }) => kind[check[KIND]] || row[check[ROW]] || state[check[STATE]] || told[check[SEEN]]) ? 1 : 0;
};

const apply = () => {
  const terms = (wanted.q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  if (terms.length) seen ??= all.strings.map((words) => words.toLowerCase());
  const any = FIELDS.some((name) => wanted[name]);
  const where = terms.map(sought);
  shown = any ? Uint8Array.from(checks, (check, n) => meets(check, n, where)) : null;
  const hits = forests.map(() => 0);
  if (shown) checks.forEach((check, n) => { if (shown[n] && check[ROW] >= 0) hits[places[check[ROW]][0]] += 1; });
  fresh.clear();
  if (any) initially ??= boxes.map((box) => box.open);
  boxes.forEach((box, forest) => {
    box.hidden = any && !hits[forest];
    if (any) box.open = !box.hidden;
    else if (initially) box.open = initially[forest];
    const note = box.querySelector(".hits");
    note.hidden = !any;
    note.textContent = `${hits[forest]} shown`;
    look(box);
  });
  const fits = ({ verdict, state }) => (!wanted.verdict || verdict === wanted.verdict) && (!wanted.state || state === wanted.state);
  for (const row of document.querySelectorAll(".troubles [data-verdict]"))
    row.hidden = !fits(row.dataset) || terms.some((term) => !row.textContent.toLowerCase().includes(term));
  for (const table of document.querySelectorAll(".troubles")) table.parentNode.hidden = !table.querySelector("tbody tr:not([hidden])");
  for (const node of document.querySelectorAll("main [data-forest]:not(.forest)")) {
    const own = node.dataset.checks;
    const other = Boolean(wanted.forest) && node.dataset.forest !== wanted.forest;
    const told = terms.length > 0 && !wanted.verdict && !wanted.state && terms.every((term) => node.textContent.toLowerCase().includes(term));
    node.hidden = other || (Boolean(shown) && own !== undefined && !told && FIELDS.some((name) => name !== "forest" && wanted[name]) && !own.split(" ").some((n) => shown[n]));
  }
  for (const node of document.querySelectorAll(".changes [data-checks]")) node.hidden = Boolean(shown) && !shown[node.dataset.checks];
  if (!any) initially = null;
  count.textContent = `${shown ? shown.reduce((sum, one) => sum + one, 0) : checks.length} of ${checks.length} checks`;
};

// The address

const remember = () => {
  const words = [...FIELDS, "check"].filter((name) => wanted[name]).map((name) =>
    `${name}=${encodeURIComponent(wanted[name]).replaceAll("%2F", "/").replaceAll("%3A", ":")}`);
  history.replaceState(null, "", `#${words.join("&")}`);
};

const show = (anchor) => {
  const node = document.getElementById(anchor);
  if (!node) return;
  for (let box = node.closest("details"); box; box = box.parentNode.closest("details")) box.open = true;
  node.scrollIntoView();
  (node.matches("details") ? node.querySelector("summary") : node).focus({ preventScroll: true });
};

const read = () => {
  const words = location.hash.slice(1), asked = new URLSearchParams(words.includes("=") ? words : location.search);
  const anchor = words && !words.includes("=") ? words : "";
  if (anchor && !ready) settle();
  if (dialog.open) { delete wanted.check; dialog.close(); }
  if (anchor) { // where to, with the filter as it is, unless it hides just that
    if (document.getElementById(anchor)?.closest("[hidden]")) { for (const name of FIELDS) delete wanted[name]; settle(); }
    show(anchor);
    return;
  }
  const before = FIELDS.map((name) => wanted[name] ?? "").join("\n");
  const check = numberOf(asked.get("check") ?? "");
  if (FIELDS.some((name) => asked.get(name)) || check === undefined) for (const name of FIELDS) wanted[name] = asked.get(name) ?? "";
  if (before !== FIELDS.map((name) => wanted[name] ?? "").join("\n") || !ready) settle();
  if (check === undefined) return;
  if (shown && !shown[check]) { for (const name of FIELDS) delete wanted[name]; settle(); }
  const button = reveal(check);
  if (button) { button.scrollIntoView({ block: "center" }); focus(button); }
  open(check);
};

let ready = false;
const settle = () => {
  for (const name of FIELDS) if (form.elements[name]) {
    form.elements[name].value = wanted[name] ?? "";
    if (form.elements[name].value !== (wanted[name] ?? "")) form.elements[name].value = "";
    wanted[name] = form.elements[name].value;
  } else delete wanted[name];
  apply();
  ready = true;
};

const changed = () => {
  for (const name of FIELDS) if (form.elements[name]) wanted[name] = form.elements[name].value;
  apply();
  remember();
};

document.documentElement.classList.add("scripted");
form.hidden = false;
form.addEventListener("input", changed);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(changed));
window.addEventListener("hashchange", read);
read();
if (!ready) settle();
