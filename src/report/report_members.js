// The list of all members of a cluster: only the lines in sight exist, so that it scrolls through any number of them.

function startMembers(report) {
  const list = document.getElementById("members-list"), all = document.getElementById("members-all");
  const detail = document.getElementById("members-detail");
  const chooseCluster = document.getElementById("members-cluster"), chooseOrder = document.getElementById("members-order");
  const chooseSize = document.getElementById("members-size");
  const gap = 4, spareLines = 4;
  const shown = new Map(); // the elements in sight, by their place in the list
  let cluster = 0, start = 0, count = 0, reversed = false, active = 0;
  let side = 56, columns = 1, waiting = false;

  const pictureAt = (place) => start + (reversed ? count - 1 - place : place);

  function measure() {
    side = Number(chooseSize.value);
    const scale = side / Math.max(report.tileWidth, report.tileHeight, 1);
    const width = Math.max(report.tileWidth * scale, 20), height = Math.max(report.tileHeight * scale, 20);
    columns = Math.max(1, Math.floor(all.clientWidth / (width + gap)));
    all.style.height = Math.ceil(count / columns) * (height + gap) + "px";
    return { width: width + gap, height: height + gap };
  }

  function makeMember(place, step) {
    const element = make("div", "sprite member"), picture = pictureAt(place);
    element.id = "member-" + place;
    element.setAttribute("role", "option");
    element.setAttribute("aria-setsize", count);
    element.setAttribute("aria-posinset", place + 1);
    element.setAttribute("aria-label", describe(report, picture));
    element.title = describe(report, picture);
    element.style.left = place % columns * step.width + "px";
    element.style.top = Math.floor(place / columns) * step.height + "px";
    showTile(report, element, picture, side);
    return element;
  }

  function mark(element, isActive) {
    element.classList.toggle("active", isActive);
    element.setAttribute("aria-selected", isActive);
  }

  function draw() {
    waiting = false;
    const step = measure();
    const first = Math.max(0, (Math.floor(list.scrollTop / step.height) - spareLines) * columns);
    const last = Math.min(count, (Math.ceil((list.scrollTop + list.clientHeight) / step.height) + spareLines) * columns);
    for (const [place, element] of shown)
      if (place < first || place >= last) {
        element.remove();
        shown.delete(place);
      }
    for (let place = first; place < last; place++) {
      if (!shown.has(place)) {
        const element = makeMember(place, step);
        shown.set(place, element);
        all.append(element);
      }
      mark(shown.get(place), place === active);
    }
    if (shown.has(active)) list.setAttribute("aria-activedescendant", "member-" + active);
    else list.removeAttribute("aria-activedescendant");
  }

  function drawSoon() {
    if (!waiting) requestAnimationFrame(draw);
    waiting = true;
  }

  function redraw() {
    for (const element of shown.values()) element.remove();
    shown.clear();
    draw();
  }

  function activate(place) {
    if (count === 0) return;
    active = Math.min(Math.max(place, 0), count - 1);
    const step = measure(), top = Math.floor(active / columns) * step.height;
    if (top < list.scrollTop) list.scrollTop = top;
    if (top + step.height > list.scrollTop + list.clientHeight) list.scrollTop = top + step.height - list.clientHeight;
    draw();
    detail.replaceChildren(pictureCard(report, pictureAt(active), 160));
  }

  function choose() {
    cluster = Number(chooseCluster.value);
    reversed = chooseOrder.value === "doubtful";
    start = report.clusters[cluster].start;
    count = clusterEnd(report, cluster) - start;
    list.scrollTop = 0;
    active = 0;
    detail.replaceChildren();
    redraw();
    activate(0);
  }

  list.addEventListener("scroll", drawSoon, { passive: true });
  list.addEventListener("click", (event) => {
    const member = event.target.closest(".member");
    if (member !== null) activate(Number(member.id.slice("member-".length)));
  });
  list.addEventListener("keydown", (event) => {
    const page = columns * Math.max(1, Math.floor(list.clientHeight / measure().height));
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, PageUp: -page, PageDown: page };
    if (event.key in steps) activate(active + steps[event.key]);
    else if (event.key === "Home") activate(0);
    else if (event.key === "End") activate(count - 1);
    else return;
    event.preventDefault();
  });
  chooseCluster.addEventListener("change", choose);
  chooseOrder.addEventListener("change", choose);
  chooseSize.addEventListener("input", redraw);
  new ResizeObserver(redraw).observe(list);
  for (const link of document.querySelectorAll("[data-members]"))
    link.addEventListener("click", () => {
      chooseCluster.value = link.dataset.members;
      choose();
    });
  choose();
}
