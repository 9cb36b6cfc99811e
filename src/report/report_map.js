// The map: points on a canvas, coloured by what is asked for; hover shows a picture, a lasso selects some.

function startMap(report) {
  const canvas = document.getElementById("map-canvas");
  if (canvas === null || report.map === null) return;
  const context = canvas.getContext("2d"), tip = document.getElementById("map-tip");
  const byId = (name) => document.getElementById("map-" + name);
  const chooseColour = byId("colour"), onlyReliable = byId("reliable"), lassoButton = byId("lasso");
  const clearButton = byId("clear"), exportButton = byId("export"), status = byId("status");
  const legend = byId("legend"), strip = byId("selection");
  const count = report.map.length / 3, margin = 14, reach = 14, stripMost = 48;
  const pictures = Array.from({ length: count }, (_, i) => report.map[3 * i]);
  let xs = [], ys = [], colours = [], selected = new Set(), lasso = null, pointed = -1, pressed = null;

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isShown = (point) => !onlyReliable || !onlyReliable.checked || report.reliable[pictures[point]] === 1;

  // Blue for doubt, over grey, to orange for certainty: told apart also by those who see no red.
  function confidenceColour(share) {
    const at = Math.max(0, Math.min(1, share)), from = [40, 90, 200], to = [240, 130, 20];
    return "rgb(" + from.map((low, i) => Math.round(low + (to[i] - low) * at)).join(",") + ")";
  }

  function colourOf(picture) {
    switch (chooseColour.value) {
      case "label": {
        const label = report.labels[picture];
        return label === 65535 ? "#888" : report.classes[label].colour;
      }
      case "confidence": return confidenceColour(report.confidences[picture] / 65535);
      case "reliable": return report.reliable[picture] === 1 ? "#2a9d60" : "#d9622b";
      default: return report.clusters[clusterOf(report, picture)].colour;
    }
  }

  function place() {
    const side = Math.min(canvas.parentElement.clientWidth, 720), dense = window.devicePixelRatio || 1;
    canvas.style.width = canvas.style.height = side + "px";
    canvas.width = canvas.height = Math.round(side * dense);
    context.setTransform(dense, 0, 0, dense, 0, 0);
    const scale = (side - 2 * margin) / 65535;
    xs = pictures.map((_, i) => margin + report.map[3 * i + 1] * scale);
    ys = pictures.map((_, i) => side - margin - report.map[3 * i + 2] * scale);
  }

  function drawPoint(point, radius) {
    context.beginPath();
    context.arc(xs[point], ys[point], radius, 0, 2 * Math.PI);
    context.fill();
  }

  function draw() {
    const side = canvas.clientWidth, some = selected.size > 0, radius = count > 4000 ? 1.7 : count > 800 ? 2.4 : 3.6;
    context.clearRect(0, 0, side, side);
    for (let i = 0; i < count; i++) {
      if (!isShown(i)) continue;
      context.globalAlpha = some && !selected.has(i) ? 0.15 : 0.8;
      context.fillStyle = colours[i];
      drawPoint(i, radius);
    }
    context.globalAlpha = 1;
    context.strokeStyle = dark.matches ? "#fff" : "#000";
    if (pointed >= 0) {
      context.lineWidth = 2;
      context.beginPath();
      context.arc(xs[pointed], ys[pointed], 6, 0, 2 * Math.PI);
      context.stroke();
    }
    if (lasso !== null) {
      context.lineWidth = 1.5;
      context.setLineDash([5, 4]);
      context.beginPath();
      lasso.forEach(([x, y]) => context.lineTo(x, y));
      context.closePath();
      context.stroke();
      context.setLineDash([]);
    }
  }

  function recolour() {
    colours = pictures.map(colourOf);
    const entries = [];
    const entry = (colour, text) => {
      const item = make("li", "", text), key = make("span", "key");
      key.style.background = colour;
      item.prepend(key);
      entries.push(item);
    };
    switch (chooseColour.value) {
      case "label": report.classes.forEach((one) => entry(one.colour, one.name)); break;
      case "confidence": [0.1, 0.3, 0.5, 0.7, 0.9].forEach((at) => entry(confidenceColour(at), Math.round(100 * at) + " %")); break;
      case "reliable": entry("#2a9d60", "reliable"), entry("#d9622b", "not reliable"); break;
      default: report.clusters.forEach((one, k) => entry(one.colour, clusterName(report, k)));
    }
    legend.replaceChildren(...entries.slice(0, 120));
    draw();
  }

  // ---- pointing ----

  function nearest(x, y) {
    let best = -1, least = reach * reach;
    for (let i = 0; i < count; i++) {
      const distance = (xs[i] - x) ** 2 + (ys[i] - y) ** 2;
      if (distance < least && isShown(i)) best = i, least = distance;
    }
    return best;
  }

  function point(at) {
    if (at === pointed) return;
    pointed = at;
    tip.hidden = at < 0;
    if (at >= 0) {
      tip.replaceChildren(pictureCard(report, pictures[at], 96));
      const room = canvas.parentElement.clientWidth - tip.offsetWidth;
      tip.style.left = Math.max(0, Math.min(xs[at] + 14, room)) + "px";
      tip.style.top = ys[at] + 16 + "px";
    }
    draw();
  }

  // ---- selecting ----

  function isInside(x, y, polygon) {
    let inside = false;
    for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
      const [xi, yi] = polygon[i], [xj, yj] = polygon[j];
      if (yi > y !== yj > y && x < (xj - xi) * (y - yi) / (yj - yi) + xi) inside = !inside;
    }
    return inside;
  }

  function select(points) {
    selected = new Set(points);
    clearButton.disabled = exportButton.disabled = selected.size === 0;
    status.textContent = selected.size === 0 ? "" : selected.size + (selected.size === 1 ? " picture" : " pictures") + " selected";
    const tiles = [...selected].slice(0, stripMost).map((at) => {
      const tile = make("div", "sprite");
      tile.title = describe(report, pictures[at]);
      tile.setAttribute("role", "img");
      tile.setAttribute("aria-label", tile.title);
      showTile(report, tile, pictures[at], 48);
      return tile;
    });
    strip.replaceChildren(...tiles);
    draw();
  }

  function csvCell(text) {
    return /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
  }

  // The columns of clusters.csv.
  function selectionCsv() {
    const lines = [["path", "cluster", "confidence", "reliable"].concat(report.labels === null ? [] : ["label"])];
    for (const at of [...selected].sort((a, b) => a - b)) {
      const picture = pictures[at], reliable = report.reliable[picture];
      const line = [report.paths[picture], clusterOf(report, picture), (report.confidences[picture] / 65535).toFixed(4),
        reliable === 255 ? "" : reliable];
      if (report.labels !== null) line.push(labelOf(report, picture) ?? "");
      lines.push(line);
    }
    return lines.map((line) => line.map((cell) => csvCell(String(cell))).join(",") + "\r\n").join("");
  }

  function exportSelection() {
    const link = make("a"), address = URL.createObjectURL(new Blob([selectionCsv()], { type: "text/csv" }));
    link.href = address;
    link.download = "selection.csv";
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }

  // ---- hands ----

  function lassoOn() { return lassoButton.getAttribute("aria-pressed") === "true"; }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !lassoOn()) return;
    pressed = [event.offsetX, event.offsetY];
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const here = [event.offsetX, event.offsetY];
    if (pressed !== null && lasso === null && Math.hypot(here[0] - pressed[0], here[1] - pressed[1]) > 4) lasso = [pressed];
    if (lasso === null) return point(nearest(...here));
    lasso.push(here);
    point(-1);
    draw();
  });
  canvas.addEventListener("pointerup", (event) => {
    if (lasso !== null) {
      const polygon = lasso;
      lasso = null;
      select(pictures.map((_, i) => i).filter((i) => isShown(i) && isInside(xs[i], ys[i], polygon)));
    } else point(nearest(event.offsetX, event.offsetY));
    pressed = null;
  });
  canvas.addEventListener("pointercancel", () => { pressed = lasso = null; draw(); });
  canvas.addEventListener("pointerleave", () => { if (lasso === null) point(-1); });
  canvas.addEventListener("blur", () => point(-1));

  // The nearest point that lies rather this way than another.
  function towards(dx, dy) {
    if (pointed < 0) return nearestShown(canvas.clientWidth / 2, canvas.clientWidth / 2);
    let best = pointed, least = Infinity;
    for (let i = 0; i < count; i++) {
      const x = xs[i] - xs[pointed], y = ys[i] - ys[pointed], along = x * dx + y * dy, aside = Math.abs(x * dy) + Math.abs(y * dx);
      if (i === pointed || along <= 0 || aside > along || !isShown(i)) continue;
      if (along + aside < least) best = i, least = along + aside;
    }
    return best;
  }

  function nearestShown(x, y) {
    let best = -1, least = Infinity;
    for (let i = 0; i < count; i++) {
      const distance = (xs[i] - x) ** 2 + (ys[i] - y) ** 2;
      if (distance < least && isShown(i)) best = i, least = distance;
    }
    return best;
  }

  canvas.addEventListener("keydown", (event) => {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.key in ways) {
      point(towards(...ways[event.key]));
      if (pointed >= 0) status.textContent = describe(report, pictures[pointed]);
    } else if (event.key === "Enter" && pointed >= 0) {
      const points = new Set(selected);
      if (!points.delete(pointed)) points.add(pointed);
      select(points);
    } else if (event.key === "Escape") select([]);
    else return;
    event.preventDefault();
  });
  lassoButton.addEventListener("click", () => {
    lassoButton.setAttribute("aria-pressed", !lassoOn());
    canvas.style.touchAction = lassoOn() ? "none" : "auto";
  });
  if (matchMedia("(pointer: coarse)").matches) lassoButton.setAttribute("aria-pressed", "false");
  canvas.style.touchAction = lassoOn() ? "none" : "auto";
  clearButton.addEventListener("click", () => select([]));
  exportButton.addEventListener("click", exportSelection);
  chooseColour.addEventListener("change", recolour);
  if (onlyReliable) onlyReliable.addEventListener("change", draw);
  dark.addEventListener("change", draw);
  new ResizeObserver(() => { place(); draw(); }).observe(canvas.parentElement);
  place();
  recolour();
}
