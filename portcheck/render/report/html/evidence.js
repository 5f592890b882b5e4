// The dialog that a cell opens: what was seen, what it proves, the path, the timeline.
const dialog = document.getElementById("evidence");
const title = document.getElementById("evidence-title");
const body = document.getElementById("evidence-body");

const rows = (pairs) => {
  const list = make("dl");
  for (const [name, value] of pairs) {
    if (!value) continue;
    const row = make("div");
    row.append(make("dt", "", name), make("dd", "", value));
    list.append(row);
  }
  return list;
};

const hops = (stations) => {
  const list = make("ol", "hops");
  for (const [kind, name, note] of stations) {
    const station = make("li", kind);
    station.append(make("b", "", name));
    if (note) station.append(" ", make("span", "", note));
    list.append(station);
  }
  return list;
};

const timeline = (steps, more) => {
  const end = Math.max(...steps.map((step) => step[0]), 0.1);
  const table = make("table", "timeline");
  const head = make("tr");
  for (const name of ["Time", "Event", "Detail"]) {
    const cell = make("th", "", name);
    cell.scope = "col";
    head.append(cell);
  }
  table.append(make("thead"), make("tbody"));
  table.tHead.append(head);
  for (const [at, event, detail] of steps) {
    const row = make("tr");
    const time = make("td", "at", `${at.toFixed(1)} ms`);
    const rail = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    rail.setAttribute("viewBox", "0 0 100 4");
    rail.setAttribute("preserveAspectRatio", "none");
    rail.setAttribute("aria-hidden", "true");
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    bar.setAttribute("width", String(Math.max(100 * at / end, 0.5)));
    bar.setAttribute("height", "4");
    rail.append(bar);
    time.append(rail);
    row.append(time, make("td", "", event), make("td", "", detail));
    table.tBodies[0].append(row);
  }
  const whole = make("div");
  whole.append(table);
  if (more) whole.append(make("p", "", `${more} more steps are in the JSON report.`));
  return whole;
};

const provenBy = (number) => {
  const found = all.findings.filter(([, , numbers]) => numbers.includes(number));
  if (!found.length) return [];
  const list = make("ul", "proves");
  for (const [anchor, words] of found) {
    const item = make("li"), to = make("a", "", words);
    to.href = `#${anchor}`;
    item.append(to);
    list.append(item);
  }
  return [make("h3", "", "Part of the proof of"), list];
};

const fill = (number) => {
  const check = checks[number], [verdict, sign, word] = verdictOf(number), kind = kindOf(number), place = placeOf(number);
  const [state, means] = all.states[check[STATE]], detail = all.details[number] ?? {}, changed = all.changed[number];
  title.replaceChildren(make("span", `cell v-${verdict}`, sign), ` ${kind.what} on ${place.host}`);
  title.firstChild.setAttribute("aria-hidden", "true");
  const parts = [make("p", "lead", `${state}: ${all.strings[check[SEEN]]}`)];
  if (changed) parts.push(make("p", "notice", changed));
  parts.push(rows([["Seen", means ? `${state} – ${means}` : state], ["Verdict", word]]), ...provenBy(number));
  if (detail.hops) parts.push(make("h3", "", "The path"), hops(detail.hops));
  parts.push(make("h3", "", "Timeline"));
  if (detail.steps) parts.push(timeline(detail.steps, detail.more));
  else parts.push(make("p", "", detail.more ? `The ${detail.more} steps of this check are in the JSON report; this page had no room for them.` : "Nothing was recorded."));
  const latency = check[MS] === undefined ? "" : `answered in ${check[MS].toFixed(1)} ms`;
  parts.push(make("h3", "", "The check"), rows([
    ["Took", [latency, detail.took].filter(Boolean).join(", ")], ["Forest", place.name], ["Address", place.address],
    ["Controller", place.about], ["For", kind.purpose], ["Need", kind.need], ["Profiles", kind.profiles.join(", ")],
    ["Operations", kind.operations], ["Why", kind.why]]));
  if (detail.facts) parts.push(make("h3", "", "What it told"), rows(detail.facts));
  body.replaceChildren(...parts);
};

const open = (number) => {
  fill(number);
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  wanted.check = idOf(number);
  remember();
};

dialog.addEventListener("close", () => {
  if (!wanted.check) return;
  delete wanted.check;
  remember();
});
