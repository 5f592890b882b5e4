// The page's own behaviour: filter, evidence dialog, copy. Text goes in as text only; nothing is fetched or sent.
"use strict";
(() => {
  const checks = JSON.parse(document.getElementById("data").textContent);
  const words = { pass: "as expected", warn: "minor fault", fail: "fault", skip: "not asked or not offered", unknown: "could not be asked" };
  const signs = { pass: "✔", warn: "!", fail: "✖", skip: "–", unknown: "?" };

  const make = (tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };

  // Evidence

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

  const open = (number) => {
    const check = checks[number];
    title.replaceChildren(make("span", `cell v-${check.verdict}`, signs[check.verdict]), ` ${check.what} on ${check.host}`);
    title.firstChild.setAttribute("aria-hidden", "true");
    const parts = [make("p", "lead", `${check.state}: ${check.seen || ""}`)];
    if (check.changed) parts.push(make("p", "notice", check.changed));
    if (check.hops) parts.push(make("h3", "", "The path"), hops(check.hops));
    parts.push(make("h3", "", "Timeline"));
    if (check.steps) parts.push(timeline(check.steps, check.more));
    else parts.push(make("p", "", check.more ? `The ${check.more} steps of this check are in the JSON report; this page had no room for them.` : "Nothing was recorded."));
    parts.push(make("h3", "", "The check"), rows([
      ["Verdict", words[check.verdict]], ["Took", check.took], ["Forest", check.forest], ["Address", check.address],
      ["For", check.purpose], ["Need", check.need], ["Profiles", (check.profiles || []).join(", ")],
      ["Operations", check.operations], ["Why", check.why]]));
    if (check.facts) parts.push(make("h3", "", "What it told"), rows(check.facts));
    body.replaceChildren(...parts);
    dialog.showModal();
    dialog.scrollTop = 0;
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) { if (event.target === dialog) dialog.close(); return; }
    if (button.classList.contains("cell")) open(Number(button.id.slice(1)));
    else if (button.dataset.open) open(Number(button.dataset.open));
    else if (button.dataset.copy) copy(button);
  });

  // Arrow keys walk through a matrix; Tab goes on working as ever.
  document.addEventListener("keydown", (event) => {
    const cell = event.target.closest?.("button.cell");
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 0, ArrowUp: 0 }[event.key];
    if (!cell || step === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    const table = cell.closest("table");
    let next;
    if (step) {
      const all = [...table.querySelectorAll("button.cell:not([hidden])")];
      next = all[all.indexOf(cell) + step];
    } else {
      const column = cell.closest("td").cellIndex;
      const place = [...cell.parentNode.children].indexOf(cell);
      let row = cell.closest("tr");
      do {
        row = event.key === "ArrowDown" ? row.nextElementSibling : row.previousElementSibling;
        next = row?.cells[column].children[place];
      } while (row && (row.hidden || !next || next.hidden));
    }
    if (next) { event.preventDefault(); next.focus(); }
  });

  // Copy

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
    const text = document.getElementById(button.dataset.copy).innerText;
    let done = false;
    try { await navigator.clipboard.writeText(text); done = true; } catch { done = byHand(text); button.focus(); }
    const label = button.firstChild;
    label.textContent = done ? "Copied" : "Select it and copy";
    setTimeout(() => { label.textContent = "Copy"; }, 2500);
  };

  for (const button of document.querySelectorAll(".copy")) button.hidden = false;

  // Filter

  const form = document.getElementById("filter");
  const count = document.getElementById("count");
  const cellsOf = checks.map((_, n) => document.getElementById(`c${n}`));
  const forestOf = cellsOf.map((cell) => cell?.closest("[data-forest]").dataset.forest);

  const fits = ({ verdict, state, changed }, wanted) =>
    !wanted || (wanted === "changed" ? Boolean(changed) : wanted === `v:${verdict}` || wanted === `s:${state}`);

  const matches = (check, n, { forest, state, profile }) =>
    (!forest || forestOf[n] === forest) && (!profile || (check.profiles || []).includes(profile)) && fits(check, state);

  const apply = () => {
    const wanted = Object.fromEntries(new FormData(form));
    const any = Boolean(wanted.state || wanted.profile);
    const shown = checks.map((check, n) => matches(check, n, wanted));
    shown.forEach((yes, n) => { if (cellsOf[n]) cellsOf[n].hidden = !yes; });
    for (const row of document.querySelectorAll(".grid tbody tr")) row.hidden = any && !row.querySelector("button.cell:not([hidden])");
    for (const row of document.querySelectorAll(".troubles [data-verdict]")) row.hidden = !fits(row.dataset, wanted.state);
    for (const table of document.querySelectorAll(".troubles")) table.parentNode.hidden = !table.querySelector("tbody tr:not([hidden])");
    for (const node of document.querySelectorAll("main [data-forest]")) {
      const other = Boolean(wanted.forest) && node.dataset.forest !== wanted.forest;
      const own = node.dataset.checks;
      const empty = any && (own ? !own.split(" ").some((n) => shown[n]) : node.matches(".forest") && !node.querySelector("button.cell:not([hidden])"));
      node.hidden = other || empty;
    }
    for (const node of document.querySelectorAll(".changes [data-checks]")) node.hidden = !shown[node.dataset.checks];
    document.body.classList.toggle("filtered", any);
    count.textContent = `${shown.filter(Boolean).length} of ${checks.length} checks`;
  };

  form.hidden = false;
  for (const hint of document.querySelectorAll(".open-hint")) hint.hidden = false;
  form.addEventListener("change", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  window.addEventListener("pageshow", apply);
})();
