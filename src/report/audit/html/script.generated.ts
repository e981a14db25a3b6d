// Made by npm run docs from src/browser/report.ts.

/** The script of the page. */
export const script = `
function grouped(count) {
  return String(count).replace(/\\B(?=(\\d{3})+$)/g, ",");
}
function span(millis) {
  const seconds = Math.round(millis / 1e3);
  if (seconds < 120) return \`\${seconds}s\`;
  if (seconds < 7200) return \`\${Math.round(seconds / 60)}m\`;
  if (seconds < 172800) return \`\${Math.round(seconds / 3600)}h\`;
  return \`\${Math.round(seconds / 86400)}d\`;
}
function counted(count, one, many = \`\${one}s\`) {
  return \`\${grouped(count)} \${count === 1 ? one : many}\`;
}

function percentText(share) {
  const whole = Math.floor(share * 100 + 1e-9);
  return share > 0 && whole === 0 ? "<1%" : \`\${whole}%\`;
}

var pageRows = 25;
var near = 0.8;
var full = 0.9;
var levelWords = {
  deny: "would be denied",
  warn: "would be warned about",
  change: "would be fixed",
  audit: "recorded"
};
function shownCell(kind, cell) {
  if (cell === null) return { text: "unknown", tone: "unknown" };
  if (typeof cell === "object") return shownCeiling(cell[0], cell[1]);
  if (typeof cell === "boolean") return { text: cell ? "yes" : "no", tone: cell ? "full" : "" };
  if (kind === "level") return { text: levelWords[String(cell)] ?? String(cell), tone: "" };
  if (typeof cell === "string") return { text: cell === "unlimited" && kind === "limit" ? "no limit" : cell, tone: "" };
  if (kind === "share") return { text: percentText(cell), tone: toneOf(cell) };
  if (kind === "age") return { text: span(cell), tone: "" };
  return { text: grouped(cell), tone: cell < 0 ? "full" : "" };
}
function cellClass(kind, cell) {
  const { tone } = shownCell(kind, cell);
  return \`c-\${kind}\${tone === "" ? "" : \` t-\${tone}\`}\${kind === "level" ? \` l-\${String(cell)}\` : ""}\`;
}
function shownCeiling(inUse, limit) {
  if (inUse === null && limit === null) return { text: "unknown", tone: "unknown" };
  const used = inUse === null ? "unknown" : grouped(inUse);
  const share = shareOf(inUse, limit);
  if (limit === "unlimited") return { text: \`\${used}, no limit\`, tone: inUse === null ? "unknown" : "" };
  if (limit === null || share === null) {
    return { text: \`\${used} of \${limit === null ? "unknown" : grouped(limit)}\`, tone: "unknown" };
  }
  return { text: \`\${used} of \${grouped(limit)} (\${percentText(share)})\`, tone: toneOf(share) };
}
function shareOf(inUse, limit) {
  if (inUse === null || limit === null) return null;
  if (limit === "unlimited") return 0;
  return limit === 0 ? 1 : inUse / limit;
}
function toneOf(share) {
  if (share >= full) return "full";
  return share >= near ? "near" : "";
}
function sortKey(kind, cell) {
  if (cell === null) return null;
  if (typeof cell === "object") return shareOf(cell[0], cell[1]);
  if (typeof cell === "boolean") return cell ? 1 : 0;
  if (kind === "level") return Object.keys(levelWords).indexOf(String(cell));
  return cell === "unlimited" && kind === "limit" ? Number.MAX_SAFE_INTEGER : cell;
}
function beginsLarge(kind) {
  return kind !== "text" && kind !== "prose" && kind !== "name" && kind !== "level";
}

var rowsShown = matchMedia("(max-width: 47.99rem)").matches ? 10 : pageRows;
var fewRows = 5;
var SortedTable = class {
  #columns;
  #box;
  #heads;
  #body;
  #chosen = /* @__PURE__ */ new Map();
  /** What a row says, in lower case; made when it is first looked for. */
  #texts;
  #query = "";
  #sort;
  #page = 0;
  constructor(box, columns) {
    this.#box = box;
    this.#columns = columns;
    this.#heads = [...box.querySelectorAll("thead th")];
    this.#body = find(box, "tbody");
    this.#control();
    if (rowsShown < pageRows) this.#draw();
    else this.#tell(this.#rows());
  }
  /** Shows only the rows whose column has the value; all others are let go. */
  choose(title, value) {
    this.#clear();
    const column = this.#columns.findIndex((one) => one.title === title);
    const list = this.#box.querySelector(\`[data-choose="\${column}"]\`);
    if (list === null) return;
    list.value = value;
    this.#chosen.set(column, value);
    find(this.#box, ".tools").hidden = false;
    this.#draw();
  }
  #control() {
    for (const [at, head] of this.#heads.entries()) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      button.addEventListener("click", () => this.#sortBy(at));
      head.replaceChildren(button);
      head.setAttribute("aria-sort", "none");
    }
    this.#on("[data-filter]", "input", (field) => {
      this.#query = field.value;
    });
    this.#on("[data-sort]", "change", ({ value }) => this.#sortFirst(value === "" ? void 0 : Number(value)));
    this.#on("[data-reset]", "click", () => this.#clear());
    for (const list of this.#box.querySelectorAll("[data-choose]")) this.#offer(list);
    for (const button of this.#box.querySelectorAll("[data-page]")) {
      button.addEventListener("click", () => {
        this.#draw(this.#page + Number(button.dataset["page"]));
        this.#box.scrollIntoView({ block: "start" });
      });
    }
    find(this.#box, ".tools").hidden = this.#indexes().length <= fewRows;
    for (const part of this.#box.querySelectorAll("[data-plain]")) part.hidden = true;
  }
  #on(selector, event, change) {
    const field = find(this.#box, selector);
    field.addEventListener(event, () => {
      change(field);
      this.#draw();
    });
  }
  #offer(list) {
    const at = Number(list.dataset["choose"]);
    const values = new Set(this.#indexes().map((row) => this.#textAt(at, row)));
    for (const value of [...values].sort(byName)) list.add(new Option(value, value));
    list.addEventListener("change", () => {
      if (list.value === "") this.#chosen.delete(at);
      else this.#chosen.set(at, list.value);
      this.#draw();
    });
  }
  #clear() {
    this.#query = "";
    this.#chosen.clear();
    for (const field of this.#box.querySelectorAll("[data-filter], [data-choose]")) field.value = "";
    this.#sortFirst(void 0);
    this.#draw();
  }
  #sortBy(column) {
    const isSame = this.#sort?.column === column;
    this.#mark(column, isSame ? this.#sort?.isDown !== true : beginsLarge(this.#kindOf(column)));
    this.#draw();
  }
  #sortFirst(column) {
    if (column === void 0) this.#mark(void 0, false);
    else this.#mark(column, beginsLarge(this.#kindOf(column)));
  }
  #mark(column, isDown) {
    this.#sort = column === void 0 ? void 0 : { column, isDown };
    for (const [at, head] of this.#heads.entries()) {
      head.setAttribute("aria-sort", at !== column ? "none" : isDown ? "descending" : "ascending");
    }
    find(this.#box, "[data-sort]").value = column === void 0 ? "" : String(column);
  }
  /** The places of the rows to show, in their order. */
  #rows() {
    const words = this.#query.toLowerCase().split(/\\s+/).filter(Boolean);
    const rows = this.#indexes().filter(
      (row) => [...this.#chosen].every(([column, value]) => this.#textAt(column, row) === value) && words.every((word) => this.#textOf(row).includes(word))
    );
    const sort = this.#sort;
    if (sort === void 0) return rows;
    const kind = this.#kindOf(sort.column);
    const keys = this.#indexes().map((row) => sortKey(kind, this.#cellAt(sort.column, row)));
    return rows.sort((a, b) => compare(keys[a] ?? null, keys[b] ?? null, sort.isDown) || a - b);
  }
  #draw(page = 0) {
    const rows = this.#rows();
    this.#page = Math.max(0, Math.min(page, Math.ceil(rows.length / rowsShown) - 1));
    const from = this.#page * rowsShown;
    this.#body.replaceChildren(...rows.slice(from, from + rowsShown).map((row) => this.#rowElement(row)));
    this.#tell(rows);
  }
  #rowElement(row) {
    const line = document.createElement("tr");
    line.setAttribute("role", "row");
    for (const [at, { title, kind }] of this.#columns.entries()) {
      const value = this.#cellAt(at, row);
      const cell = document.createElement(at === 0 ? "th" : "td");
      cell.setAttribute("role", at === 0 ? "rowheader" : "cell");
      if (at === 0) cell.setAttribute("scope", "row");
      cell.className = cellClass(kind, value);
      cell.dataset["label"] = title;
      const text = document.createElement("bdi");
      text.textContent = shownCell(kind, value).text;
      cell.append(text);
      line.append(cell);
    }
    return line;
  }
  #tell(rows) {
    const { one = "", many = "" } = this.#box.dataset;
    const all = this.#indexes().length;
    const from = this.#page * rowsShown;
    const last = Math.min(from + rowsShown, rows.length);
    const part = rows.length > rowsShown ? \`\${grouped(from + 1)} to \${grouped(last)} of \` : "";
    const filtered = rows.length < all ? \`, of \${grouped(all)} on this page\` : "";
    find(this.#box, "[data-status]").textContent = \`\${part}\${counted(rows.length, one, many)}\${filtered}.\`;
    find(this.#box, ".pages").hidden = rows.length <= rowsShown;
    find(this.#box, '[data-page="-1"]').disabled = from === 0;
    find(this.#box, '[data-page="1"]').disabled = last >= rows.length;
  }
  #textOf(row) {
    this.#texts ??= this.#indexes().map(
      (one) => this.#columns.map((_, at) => this.#textAt(at, one)).join("\\n").toLowerCase()
    );
    return this.#texts[row] ?? "";
  }
  #textAt(column, row) {
    return shownCell(this.#kindOf(column), this.#cellAt(column, row)).text;
  }
  #cellAt(column, row) {
    const { words, cells } = this.#columns[column];
    const cell = cells[row] ?? null;
    return words === void 0 || cell === null ? cell : words[cell] ?? null;
  }
  #kindOf(column) {
    return this.#columns[column].kind;
  }
  #indexes() {
    return [...this.#columns[0]?.cells.keys() ?? []];
  }
};
var names = new Intl.Collator("en", { numeric: true });
function byName(a, b) {
  return names.compare(a, b);
}
function compare(a, b, isDown) {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const order = typeof a === "string" || typeof b === "string" ? byName(String(a), String(b)) : a - b;
  return isDown ? -order : order;
}
function find(box, selector) {
  const found = box.querySelector(selector);
  if (found === null) throw new Error(\`the page has no \${selector}\`);
  return found;
}

var tables = /* @__PURE__ */ new Map();
for (const box of document.querySelectorAll("[data-table]")) {
  const id = box.dataset["table"] ?? "";
  const data = document.getElementById(\`\${id}-data\`);
  if (data !== null) tables.set(id, new SortedTable(box, JSON.parse(data.textContent ?? "")));
}
for (const link of document.querySelectorAll("a[data-show]")) {
  const { show = "", column = "", value = "" } = link.dataset;
  const target = tables.get(show);
  if (target === void 0) continue;
  link.hash = show;
  link.addEventListener("click", () => target.choose(column, value));
}
for (const time of document.querySelectorAll("time")) {
  const age = Date.now() - Date.parse(time.dateTime);
  if (age > 0) time.append(\` (\${span(age)} ago)\`);
}
var opened = [];
addEventListener("beforeprint", () => {
  opened.push(...document.querySelectorAll("details:not([open])"));
  for (const one of opened) one.open = true;
});
addEventListener("afterprint", () => {
  for (const one of opened.splice(0)) one.open = false;
});
`
