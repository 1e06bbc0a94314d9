// The lineage trees: time to the right, a line per track. Only what is in the window is drawn, so that their number costs nothing.
const LEAST_ROW_PX = 0.02, MOST_ROW_PX = 40, PLAIN_ROW_PX = 13, NAMES_FROM_PX = 8, MOST_HEIGHT_PX = 8e6;
const MARGIN_PX = 56, AXIS_PX = 22;

const ORDERS = {
  largest: (f, size) => (a, b) => size[b] - size[a] || f.track[a] - f.track[b],
  unsure: (f, size, doubt) => (a, b) => doubt[a] - doubt[b] || f.track[a] - f.track[b],
  first: (f) => (a, b) => f.first[a] - f.first[b] || f.track[a] - f.track[b],
  number: (f) => (a, b) => f.track[a] - f.track[b],
};

// Facts of whole lineages, kept at the rows of their roots: tracks, lowest probability, whether one divides or is lost early.
function sumLineages(family, nFrames) {
  const n = family.n, size = new Int32Array(n), doubt = new Uint8Array(n).fill(255), divides = new Uint8Array(n), lost = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    const root = family.root[i];
    size[root]++;
    doubt[root] = Math.min(doubt[root], family.doubt[i]);
    if (family.isDividing(i)) divides[root] = 1;
    if (family.childA[i] < 0 && family.last[i] < nFrames - 1) lost[root] = 1;
  }
  return { size, doubt, divides, lost };
}

// Places of tracks across time: leaves on whole rows, mothers between their children; lineages one below the other.
function layOut(family, roots) {
  const row = new Float32Array(family.n).fill(-1), order = [], start = [], begins = [];
  let next = 0;
  for (const root of roots) {
    start.push(next);
    begins.push(order.length);
    const first = order.length, waiting = [root];
    while (waiting.length) {
      const i = waiting.pop();
      order.push(i);
      if (family.childB[i] >= 0) waiting.push(family.childB[i]);
      if (family.childA[i] >= 0) waiting.push(family.childA[i]);
    }
    for (let at = first; at < order.length; at++) if (family.childA[order[at]] < 0) row[order[at]] = next++;
    for (let at = order.length - 1; at >= first; at--) {
      const i = order[at], a = family.childA[i], b = family.childB[i];
      if (a >= 0) row[i] = b >= 0 ? (row[a] + row[b]) / 2 : row[a];
    }
  }
  start.push(next);
  begins.push(order.length);
  return { row, order, start, begins, n: next };
}

function startLineages(section, about, family) {
  const box = one(".window", section), canvas = one("canvas", section), pen = canvas.getContext("2d"), spacer = one(".spacer", section);
  const sort = one(".sort", section), filter = one(".filter", section), told = one(".trees-told", section);
  const nFrames = about.n_frames, sums = sumLineages(family, nFrames);
  const style = getComputedStyle(document.documentElement);
  let plan = null, rowPx = PLAIN_ROW_PX, wide = 1, waiting = false;

  const framePx = () => Math.max((box.clientWidth - MARGIN_PX - 12) * wide / Math.max(nFrames - 1, 1), 1e-6);
  const xOf = (frame) => MARGIN_PX + frame * framePx() - box.scrollLeft;
  const yOf = (row) => AXIS_PX + (row + 0.5) * rowPx - box.scrollTop;
  const isKept = { all: () => true, divides: (r) => sums.divides[r], doubtful: (r) => sums.doubt[r] < about.doubtful, lost: (r) => sums.lost[r], chosen: (r) => chosen.track && family.root[family.rowOf(chosen.track)] === r };

  function arrange() {
    const roots = [];
    for (let i = 0; i < family.n; i++) if (family.mother[i] < 0 && isKept[filter.value](i)) roots.push(i);
    roots.sort(ORDERS[sort.value](family, sums.size, sums.doubt));
    plan = layOut(family, roots);
    section.dataset.rows = String(plan.n);
    told.textContent = `${counted(roots.length, "lineage")} with ${counted(plan.order.length, "track")}${filter.value === "all" ? "" : " chosen"}.`;
    resize();
  }

  function resize() {
    rowPx = clamp(rowPx, LEAST_ROW_PX, Math.min(MOST_ROW_PX, MOST_HEIGHT_PX / Math.max(plan.n, 1)));
    spacer.style.height = `${AXIS_PX + plan.n * rowPx + 8}px`;
    spacer.style.width = `${MARGIN_PX + 12 + framePx() * Math.max(nFrames - 1, 1)}px`;
    section.dataset.rowPx = rowPx.toFixed(3);
    later();
  }

  function later() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; draw(); });
  }

  function ticks() {
    const least = 60 / framePx();
    const unit = 10 ** Math.ceil(Math.log10(Math.max(least, 1)));
    return [unit / 5, unit / 2, unit].find((step) => step >= least && Number.isInteger(step)) ?? Math.max(unit, 1);
  }

  function draw() {
    const ratio = window.devicePixelRatio || 1, width = box.clientWidth, height = box.clientHeight;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    const ink = style.getPropertyValue("--ink"), muted = style.getPropertyValue("--muted"), grid = style.getPropertyValue("--line");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.font = "11px system-ui, sans-serif";
    pen.strokeStyle = grid;
    pen.lineWidth = 1;
    pen.beginPath();
    for (let f = 0, step = ticks(); f < nFrames; f += step) { pen.moveTo(xOf(f), AXIS_PX); pen.lineTo(xOf(f), height); }
    pen.stroke();
    const low = box.scrollTop / rowPx - 1, high = (box.scrollTop + height) / rowPx + 1;
    const from = clamp(lowerBound(plan.start, low) - 1, 0, plan.begins.length - 1);
    const to = Math.min(lowerBound(plan.start, high), plan.begins.length - 1);
    const every = Math.max(1, Math.floor(0.5 / rowPx)); // lineages that would share a pixel: one of them is drawn
    const paths = new Map(), lost = new Path2D();
    let drawn = 0;
    for (let at = from; at < to; at += every) {
      for (let k = plan.begins[at]; k < plan.begins[at + 1]; k++) {
        const i = plan.order[k];
        if (plan.row[i] < low || plan.row[i] > high) { if (family.childA[i] < 0) continue; }
        drawn++;
        const hue = about.lines[(family.colour[i] / 3) | 0], path = paths.get(hue) ?? paths.set(hue, new Path2D()).get(hue);
        const y = yOf(plan.row[i]), x0 = xOf(family.first[i]), x1 = xOf(family.childA[i] < 0 ? Math.max(family.last[i], family.first[i] + 0.3) : family.last[i]);
        path.moveTo(x0, y);
        path.lineTo(x1, y);
        for (const c of [family.childA[i], family.childB[i]]) if (c >= 0) { path.moveTo(x1, y); path.lineTo(xOf(family.first[c]), yOf(plan.row[c])); }
        if (family.childA[i] < 0 && family.last[i] < nFrames - 1 && rowPx >= 3) { lost.moveTo(x1 + 2, y); lost.arc(x1, y, 2, 0, 2 * Math.PI); }
      }
    }
    section.dataset.drawn = String(drawn);
    pen.lineWidth = clamp(rowPx / 6, 0.8, 2);
    for (const [colour, path] of paths) { pen.strokeStyle = colour; pen.stroke(path); }
    pen.fillStyle = muted;
    pen.fill(lost);
    mark(ink);
    if (rowPx >= NAMES_FROM_PX) names(from, to, muted);
    for (const [i, frame] of about.doubts) {
      const r = family.rowOf(i), y = r >= 0 && plan.row[r] >= 0 ? yOf(plan.row[r]) : -9;
      if (y > AXIS_PX && y < height && rowPx >= 3) { pen.fillStyle = "#d0342c"; pen.fillRect(xOf(frame) - 3, y - 3, 6, 6); }
    }
    axis(width, ink, muted);
  }

  function names(from, to, muted) {
    pen.fillStyle = muted;
    pen.textAlign = "right";
    for (let at = from; at < to; at++) {
      const root = plan.order[plan.begins[at]];
      pen.fillText(String(family.track[root]), xOf(family.first[root]) - 5, yOf(plan.row[root]) + 4);
    }
  }

  function mark(ink) {
    const i = family.rowOf(chosen.track);
    if (i < 0 || plan.row[i] < 0) return;
    const y = yOf(plan.row[i]);
    pen.strokeStyle = ink;
    pen.lineWidth = Math.max(4, rowPx / 3);
    pen.beginPath();
    pen.moveTo(xOf(family.first[i]), y);
    pen.lineTo(xOf(Math.max(family.last[i], family.first[i] + 0.3)), y);
    pen.stroke();
    pen.font = "bold 12px system-ui, sans-serif";
    pen.textAlign = "left";
    pen.fillStyle = ink;
    pen.fillText(String(chosen.track), clamp(xOf(family.first[i]), 4, box.clientWidth - 40), y - Math.max(5, rowPx / 3));
    pen.font = "11px system-ui, sans-serif";
  }

  function axis(width, ink, muted) {
    pen.fillStyle = style.getPropertyValue("--ground");
    pen.fillRect(0, 0, width, AXIS_PX);
    pen.fillStyle = muted;
    pen.textAlign = "left";
    pen.fillText("frame", 4, 14);
    pen.textAlign = "center";
    for (let f = 0, step = ticks(); f < nFrames; f += step) if (xOf(f) > 40) pen.fillText(grouped(f), xOf(f), 14);
  }

  function scale(rows, times, x = box.clientWidth / 2, y = box.clientHeight / 2) { // keeps the point (x, y) of the window in its place
    const row = (y - AXIS_PX + box.scrollTop) / rowPx, frame = (x - MARGIN_PX + box.scrollLeft) / framePx();
    rowPx *= rows;
    wide = clamp(wide * times, 1, Math.max(1, nFrames / 8));
    resize();
    box.scrollTop = row * rowPx + AXIS_PX - y;
    box.scrollLeft = frame * framePx() + MARGIN_PX - x;
  }

  function trackAt(event) {
    const area = box.getBoundingClientRect(), x = event.clientX - area.left, y = event.clientY - area.top;
    const frame = (x - MARGIN_PX + box.scrollLeft) / framePx(), row = (y - AXIS_PX + box.scrollTop) / rowPx - 0.5;
    let best = -1, nearest = Math.max(6 / rowPx, 0.6);
    const from = clamp(lowerBound(plan.start, row - 1) - 1, 0, plan.begins.length - 1);
    const to = Math.min(lowerBound(plan.start, row + 1) + 1, plan.begins.length - 1);
    for (let k = plan.begins[from]; k < plan.begins[to]; k++) {
      const i = plan.order[k], away = Math.abs(plan.row[i] - row);
      const beside = Math.max(family.first[i] - frame, frame - family.last[i], 0) * framePx() > 8;
      if (!beside && away < nearest) { nearest = away; best = i; }
    }
    return [best, Math.round(clamp(frame, 0, nFrames - 1))];
  }

  function fit() { rowPx = (box.clientHeight - AXIS_PX - 10) / Math.max(plan.n, 1); wide = 1; resize(); box.scrollTop = 0; }

  chosen.listeners.push((number, { from }) => {
    const i = family.rowOf(number);
    if (filter.value === "chosen") arrange();
    if (i >= 0 && from !== "lineages") {
      if (plan.row[i] < 0) { filter.value = "all"; arrange(); }
      if (rowPx < 5) { rowPx = PLAIN_ROW_PX; resize(); }
      box.scrollTop = plan.row[i] * rowPx - box.clientHeight / 2;
      box.scrollLeft = family.first[i] * framePx() - box.clientWidth / 3;
    }
    later();
  });
  sort.addEventListener("change", () => { arrange(); box.scrollTop = 0; });
  filter.addEventListener("change", () => { arrange(); box.scrollTop = 0; });
  box.addEventListener("scroll", later);
  box.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const area = box.getBoundingClientRect(), by = event.deltaY < 0 ? 1.4 : 1 / 1.4;
    scale(by, event.shiftKey ? 1 : by, event.clientX - area.left, event.clientY - area.top);
  }, { passive: false });
  canvas.addEventListener("click", (event) => {
    const [i, frame] = trackAt(event);
    chosen.select(i < 0 ? 0 : family.track[i], { frame: i < 0 ? null : clamp(frame, family.first[i], family.last[i]), from: "lineages" });
  });
  const buttons = { ".rows-in": () => scale(1.5, 1), ".rows-out": () => scale(1 / 1.5, 1), ".time-in": () => scale(1, 1.5), ".time-out": () => scale(1, 1 / 1.5), ".fit": fit };
  for (const [name, act] of Object.entries(buttons)) one(name, section).addEventListener("click", act);
  box.addEventListener("keydown", (event) => {
    const by = { "+": 1.5, "=": 1.5, "-": 1 / 1.5 }[event.key];
    if (by && !isTyping(event)) { event.preventDefault(); scale(by, 1); }
    else if (event.key === "0") fit();
  });
  const search = one(".wanted-tree", section);
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    const i = family.rowOf(Number(search.value));
    if (i < 0) told.textContent = `There is no track ${search.value} in this page; tracks run from 1 to ${grouped(family.total)}.`;
    else chosen.select(Number(search.value), { frame: family.first[i], from: "tree search" });
  });
  new ResizeObserver(() => resize()).observe(box);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", later);
  arrange();
}
