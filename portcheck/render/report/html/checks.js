// What the page knows of each check, from the tables that stand in it once.
const all = JSON.parse(document.getElementById("data").textContent);
const [ROW, COLUMN, KIND, VERDICT, STATE, SEEN, MS] = [0, 1, 2, 3, 4, 5, 6];
const { checks, kinds, rows: places, forests } = all;
const byRow = places.map(() => []);
checks.forEach((check, n) => byRow[check[ROW]]?.push(n));
const byForest = forests.map(() => []);
places.forEach(([forest], row) => byForest[forest].push(row));

const verdictOf = (n) => all.verdicts[checks[n][VERDICT]];
const stateOf = (n) => all.states[checks[n][STATE]][0];
const kindOf = (n) => {
  const [service, transport, port, purpose, need, operations, why, ...profiles] = kinds[checks[n][KIND]];
  return { service, transport, port, purpose, need, operations, why, profiles, what: `${service} ${port ?? "dynamic"}/${transport}` };
};
const placeOf = (n) => {
  const [forest, host, address, short, about] = places[checks[n][ROW]] ?? [-1, "", "", "", ""];
  return { forest, host, address, short, about, name: forests[forest]?.name ?? "" };
};
const idOf = (n) => {
  const { service, transport, port } = kindOf(n), { name, host, address } = placeOf(n);
  return [name, host, address || "-", service, transport, port ?? "dynamic"].join("/");
};
let ids;
const numberOf = (id) => (ids ??= new Map(checks.map((_, n) => [idOf(n), n]))).get(id);
const link = (n) => `#check=${encodeURIComponent(idOf(n)).replaceAll("%2F", "/").replaceAll("%3A", ":")}`;

const make = (tag, className, text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
};
