// Counts the lines and cards of a file in the browser, before it is sent: the register's own count is held against it.
// It follows the reader's rules for headers, blank rows and totals, and says so where it cannot count.
const columns = JSON.parse(document.getElementById("columns-known").textContent);
const TOTALS = new Set(["合计", "总计", "小计", "total", "sum"]);
const LARGEST_SHEET = 40 * 1024 * 1024;

const key = (text) => text.normalize("NFKC")
  .replace(/\([^()]*\)|\[[^[\]]*\]|\{[^{}]*\}|【[^【】]*】|〔[^〔〕]*〕|<[^<>]*>|《[^《》]*》/g, "")
  .replace(/[\s_*\x85\u200b-\u200d\u2060\ufeff-]/g, "").toLowerCase();
const meanings = new Map(Object.entries(columns).flatMap(([name, also]) => [name, ...also].map((one) => [key(one), name])));
const plain = (cell) => String(cell ?? "").replace(/^[\s\x85\u200b-\u200d\u2060\ufeff]+|[\s\x85\u200b-\u200d\u2060\ufeff]+$/g, "");

// Rows of delimited text: a quote quotes at the start of a cell, and within other text it is a sign like any.
function* rowsOf(text, delimiter) {
  const stops = new RegExp(`[${delimiter}\r\n]`, "g");
  let row = [], place = 0;
  while (place < text.length) {
    let cell = "", end = place;
    if (text[place] === '"') {
      do {
        const close = text.indexOf('"', end + 1);
        if (close < 0) throw new Error("a quote is never closed");
        // Of two quotes within a cell the second stays.
        cell += text.slice(end > place ? end : end + 1, close);
        end = close + 1;
      } while (text[end] === '"');
      if (end < text.length && ![delimiter, "\r", "\n"].includes(text[end])) throw new Error("text follows a closing quote");
    } else {
      stops.lastIndex = place;
      end = stops.exec(text)?.index ?? text.length;
      cell = text.slice(place, end);
    }
    row.push(cell);
    place = end + 1;
    if (text[end] === delimiter) {
      if (place === text.length) row.push("");
      continue;
    }
    if (text[end] === "\r" && text[place] === "\n") place += 1;
    yield row;
    row = [];
  }
  if (row.length) yield row;
}

// The lines and units below the header of a table; null where none of its first rows is one.
function count(rows) {
  let place = -1, seen = 0, lines = 0, units = 0n, last = null;
  for (const row of rows) {
    if (place < 0) {
      seen += 1;
      const names = row.map((cell) => meanings.get(key(plain(cell))));
      if (names.includes("chip_model") && names.includes("quantity")) place = names.indexOf("quantity");
      else if (seen === 10) return null;
      continue;
    }
    const first = row.map(plain).find((cell) => cell);
    if (first === undefined) continue;
    last = { first, units: unitsOf(row[place]) };
    lines += 1;
    units += last.units;
  }
  if (place < 0) return null;
  if (last && TOTALS.has(last.first.normalize("NFKC").toLowerCase())) {
    lines -= 1;
    units -= last.units;
  }
  return { lines, units };
}

// What a quantity probably means: a fault in it is the reader's to tell.
function unitsOf(cell) {
  const digits = plain(cell).normalize("NFKC").replace(/,/g, "").match(/^[^0-9]*([0-9]{1,15})/);
  return digits ? BigInt(digits[1]) : 0n;
}

function decoded(bytes) {
  const start = [...bytes.subarray(0, 2)];
  if (start[0] === 0xff && start[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (start[0] === 0xfe && start[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("gb18030", { fatal: true }).decode(bytes);
  }
}

function countText(text) {
  for (const delimiter of [",", ";", "\t"]) {
    try {
      const found = count(rowsOf(text, delimiter));
      if (found) return found;
    } catch { /* the next delimiter may read it */ }
  }
  return null;
}

// The parts of a workbook, each unpacked when it is asked for.
function partsOf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end -= 1;
  if (end < 0) return null;
  const parts = new Map();
  let place = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left -= 1) {
    const [name, extra, comment] = [28, 30, 32].map((offset) => view.getUint16(place + offset, true));
    parts.set(new TextDecoder().decode(bytes.subarray(place + 46, place + 46 + name)), {
      packed: view.getUint16(place + 10, true) === 8,
      size: view.getUint32(place + 20, true),
      unpacked: view.getUint32(place + 24, true),
      at: view.getUint32(place + 42, true),
    });
    place += 46 + name + extra + comment;
  }
  return async (path) => {
    const part = parts.get(path);
    if (!part || part.unpacked > LARGEST_SHEET) return null;
    const from = part.at + 30 + view.getUint16(part.at + 26, true) + view.getUint16(part.at + 28, true);
    const raw = bytes.subarray(from, from + part.size);
    const stream = part.packed ? new Blob([raw]).stream().pipeThrough(new DecompressionStream("deflate-raw")) : new Blob([raw]).stream();
    return new DOMParser().parseFromString(await new Response(stream).text(), "application/xml");
  };
}

// A cell's text in all its runs; how it is pronounced, which stands beside it, is no part of it.
const textOf = (cell) => [...cell.getElementsByTagNameNS("*", "t")].filter((run) => run.parentNode.localName !== "rPh").map((run) => run.textContent).join("");
// Numbers may be written with an exponent.
const numberOf = (value) => (/^[0-9.]+e\+?[0-9]+$/i.test(value) ? String(Number(value)) : value);

function* sheetRows(sheet, texts) {
  for (const row of sheet.getElementsByTagNameNS("*", "row")) {
    const cells = [];
    for (const cell of row.getElementsByTagNameNS("*", "c")) {
      const letters = (cell.getAttribute("r") ?? "").replace(/[0-9]/g, "");
      const place = letters ? [...letters].reduce((sum, letter) => 26 * sum + letter.charCodeAt(0) - 64, 0) - 1 : cells.length;
      if (place > 16384) return;
      const value = cell.getElementsByTagNameNS("*", "v")[0]?.textContent ?? "";
      const kind = cell.getAttribute("t");
      cells[place] = kind === "s" ? texts[Number(value)] : kind === "inlineStr" ? textOf(cell) : kind === "str" ? value : numberOf(value);
    }
    yield Array.from(cells, (cell) => cell ?? "");
  }
}

async function countWorkbook(bytes) {
  const part = partsOf(bytes);
  const [book, links, shared] = part ? await Promise.all(["xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/sharedStrings.xml"].map(part)) : [];
  if (!book || !links) return null;
  const texts = shared ? [...shared.getElementsByTagNameNS("*", "si")].map((one) => textOf(one)) : [];
  const targets = new Map([...links.getElementsByTagNameNS("*", "Relationship")].map((link) => [link.getAttribute("Id"), link.getAttribute("Target")]));
  for (const sheet of book.getElementsByTagNameNS("*", "sheet")) {
    if (["hidden", "veryHidden"].includes(sheet.getAttribute("state"))) continue;
    const target = targets.get(sheet.getAttributeNS("http://schemas.openxmlformats.org/officeDocument/2006/relationships", "id")) ?? "";
    const content = await part(target.startsWith("/") ? target.slice(1) : `xl/${target}`);
    const found = content && count(sheetRows(content, texts));
    if (found) return found;
  }
  return null;
}

const form = document.getElementById("filing");
const [lines, units, file, cells, nil, period] = ["declared_lines", "declared_units", "file", "cells", "nil", "period"].map((name) => form.elements[name]);
const told = document.getElementById("counted");
const template = document.getElementById("template");

function fill(found) {
  lines.value = found ? found.lines : "";
  units.value = found ? found.units : "";
  told.textContent = found ? told.dataset.counted : told.dataset.notCounted;
}

async function countFile() {
  if (!file.files.length) return;
  const chosen = file.files[0];
  let found = null;
  try {
    const bytes = new Uint8Array(await chosen.arrayBuffer());
    found = bytes[0] === 0x50 && bytes[1] === 0x4b ? await countWorkbook(bytes) : countText(decoded(bytes));
  } catch { /* the two numbers are typed in */ }
  if (file.files[0] === chosen) fill(found);
}

file.addEventListener("change", countFile);
cells.addEventListener("input", () => { if (cells.value.trim()) fill(countText(cells.value)); });
const follow = () => { template.search = `?period=${period.value}`; };
period.addEventListener("change", follow);
// What was chosen before this ran, or is kept from an earlier look at the page, counts too.
follow();
if (!lines.value) countFile();
for (const input of [file, cells, nil]) {
  // What is chosen last is meant: the others are emptied, so that the form is never contradictory.
  input.addEventListener("change", () => {
    if (input !== file && (input === nil ? nil.checked : cells.value)) file.value = "";
    if (input !== cells && (input === nil ? nil.checked : file.value)) cells.value = "";
    if (input !== nil && input.value) nil.checked = false;
  });
}
