"use strict";
// What the page holds for its scripts (page_tables.c): tables, and sheets of thumbnails. Pictures are numbered by
// cluster, the surest first.

function base64Bytes(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

// The bytes of a table, or null where the page has none of that name.
async function readTable(name) {
  const element = document.getElementById("table-" + name);
  if (element === null) return null;
  const packed = new Blob([base64Bytes(element.textContent)]).stream();
  const plain = packed.pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(plain).arrayBuffer());
}

function numbers16(bytes) {
  return bytes === null ? null : Uint16Array.from({ length: bytes.length / 2 }, (_, i) => bytes[2 * i] | bytes[2 * i + 1] << 8);
}

function numbers32(bytes) {
  const view = new DataView(bytes.buffer);
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, true));
}

// All that is known of the pictures.
async function readReport() {
  const report = JSON.parse(document.getElementById("report-data").textContent);
  report.paths = new TextDecoder().decode(await readTable("paths")).split("\0");
  report.confidences = numbers16(await readTable("confidences"));
  report.labels = numbers16(await readTable("labels"));
  report.reliable = await readTable("reliable");
  const map = await readTable("map");
  report.map = map === null ? null : numbers32(map);
  report.sheets = new Map();
  return report;
}

function clusterEnd(report, cluster) {
  return cluster + 1 < report.clusters.length ? report.clusters[cluster + 1].start : report.listed;
}

// The cluster that a picture is in, by bisection.
function clusterOf(report, picture) {
  let low = 0, high = report.clusters.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (report.clusters[middle].start <= picture) low = middle;
    else high = middle - 1;
  }
  return low;
}

function clusterName(report, cluster) {
  const label = report.clusters[cluster].label;
  return "Cluster " + cluster + (label ? ", mostly " + label : "");
}

function labelOf(report, picture) {
  if (report.labels === null || report.labels[picture] === 65535) return null;
  return report.classes[report.labels[picture]].name;
}

function percent(report, picture) {
  return (report.confidences[picture] / 655.35).toFixed(1) + " %";
}

// A picture in words.
function describe(report, picture) {
  const label = labelOf(report, picture);
  return report.paths[picture] + ", " + percent(report, picture) + (label === null ? "" : ", " + label);
}

// The address of a sheet: its bytes are made when they are first needed.
function sheetAddress(report, sheet) {
  if (!report.sheets.has(sheet)) {
    const element = document.getElementById("sheet-" + sheet);
    if (element === null) return null;
    const blob = new Blob([base64Bytes(element.textContent)], { type: "image/webp" });
    report.sheets.set(sheet, URL.createObjectURL(blob));
  }
  return report.sheets.get(sheet);
}

// Shows a picture's thumbnail as the background of an element, its longer side `side` pixels long.
function showTile(report, element, picture, side) {
  const tiles = report.sheetTiles, sheet = Math.floor(picture / (tiles * tiles));
  const address = sheetAddress(report, sheet);
  const scale = side / Math.max(report.tileWidth, report.tileHeight, 1);
  const width = report.tileWidth * scale, height = report.tileHeight * scale;
  element.style.width = width + "px";
  element.style.height = height + "px";
  if (address === null) return;
  const place = picture % (tiles * tiles), column = place % tiles, line = Math.floor(place / tiles);
  const lines = Math.ceil(Math.min(tiles * tiles, report.listed - sheet * tiles * tiles) / tiles);
  element.style.backgroundImage = "url(" + address + ")";
  element.style.backgroundSize = width * tiles + "px " + height * lines + "px";
  element.style.backgroundPosition = -column * width + "px " + -line * height + "px";
}

function make(name, className, text) {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

// A large thumbnail with everything that is known of the picture.
function pictureCard(report, picture, side) {
  const card = make("div", "card"), facts = make("dl");
  const cluster = clusterOf(report, picture), label = labelOf(report, picture);
  if (report.tileWidth > 0) {
    const tile = make("div", "sprite");
    showTile(report, tile, picture, side);
    card.append(tile);
  }
  const add = (what, text) => facts.append(make("dt", "", what), make("dd", "", text));
  add("file", report.paths[picture]);
  add("cluster", clusterName(report, cluster));
  add("confidence", percent(report, picture));
  if (report.reliable[picture] !== 255) add("reliable", report.reliable[picture] === 1 ? "yes" : "no");
  if (label !== null) add("label", label);
  card.append(facts);
  return card;
}
