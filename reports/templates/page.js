// What reading gains by scripts: search, sorting, links. Without them the page shows the same.
"use strict";
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// A link to something folded opens what hides it.
function reveal() {
  const id = decodeURIComponent(location.hash.slice(1));
  const target = id && document.getElementById(id);
  if (!target) return;
  for (let e = target; e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true;
  target.scrollIntoView();
}
addEventListener("hashchange", reveal);

// Search and status decide together which rules are listed.
const search = document.getElementById("search");
const status = document.getElementById("status");
function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const rule of all(".rule-line")) {
    const text = rule.textContent.toLowerCase();
    const fits = words.every(word => text.includes(word)) && (!status.value || rule.dataset.status === status.value);
    rule.hidden = !fits;
    shown += fits;
  }
  for (const group of all(".status-group")) {
    group.hidden = !all(".rule-line", group).some(rule => !rule.hidden);
    if (words.length || status.value) group.open = true;
  }
  document.getElementById("shown").textContent = words.length || status.value ? `${shown} shown` : "";
}
if (search) {
  search.addEventListener("input", filter);
  status.addEventListener("input", filter);
}

const expand = document.getElementById("expand");
expand.addEventListener("click", () => {
  const open = expand.getAttribute("aria-pressed") !== "true";
  for (const folded of all("details")) folded.open = open || folded.classList.contains("status-group");
  expand.setAttribute("aria-pressed", open);
  expand.textContent = open ? "Fold all" : "Expand all";
});

// A column sorts its rows within each part of the table, by number where the cells hold numbers.
function value(row, column) {
  const cell = row.cells[column];
  const text = cell ? cell.textContent.trim() : "";
  const number = parseFloat(text.replace(/[\s,]/g, "").replace("−", "-"));
  return Number.isNaN(number) ? text.toLowerCase() : number;
}
function sort(head) {
  const column = head.cellIndex;
  const falls = head.getAttribute("aria-sort") === "descending";
  for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", falls ? "ascending" : "descending");
  for (const body of head.closest("table").tBodies) {
    const rows = [...body.rows].filter(row => !row.querySelector("[scope=rowgroup], [colspan]"));
    rows.sort((a, b) => {
      const [x, y] = [value(a, column), value(b, column)];
      const order = typeof x === typeof y ? (x < y ? -1 : x > y ? 1 : 0) : typeof x === "number" ? -1 : 1;
      return falls ? order : -order;
    });
    body.append(...rows, ...[...body.rows].filter(row => row.querySelector("td[colspan]")));
  }
}
for (const head of all("table.sortable thead th")) {
  const button = document.createElement("button");
  button.append(...head.childNodes);
  button.addEventListener("click", () => sort(head));
  head.append(button);
}

for (const rule of all("article.card")) {
  const button = document.createElement("button");
  button.textContent = "Copy link";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(`${location.href.split("#")[0]}#${rule.id}`);
    button.textContent = "Copied";
  });
  rule.querySelector(".id").append(" ", button);
}

const everything = document.getElementById("print-all");
function openForPrint() {
  if (everything.checked) for (const folded of all("details")) folded.open = true;
}
everything.addEventListener("change", openForPrint);
if (new URLSearchParams(location.search).has("full")) everything.checked = true;
openForPrint();
for (const tool of all(".tools[hidden], .tools > [hidden]")) tool.hidden = false;
reveal();
