// The movie: one shot at a time, in a view; what is drawn over it follows the boxes that are ticked.
const MOST_ZOOM = 12, ZOOM_STEP = 1.5;
const KEPT_SHOTS = 64; // unpacked labels that are kept, of some hundred KB each
const MOTHER_PX = 8, DAUGHTER_PX = 4;

// For each frame, the pairs of rows of `ways` that make the tails seen in it.
function indexWays(ways, frames, tail) {
  const { track, frame } = ways;
  const byFrame = new Map(frames.map((shown) => [shown, []]));
  const order = [...frames].sort((a, b) => a - b);
  for (let i = 1; i < track.length; i++) {
    if (track[i] !== track[i - 1]) continue;
    for (let at = lowerBound(order, frame[i]); at < order.length && order[at] < frame[i] + tail; at++) byFrame.get(order[at]).push([i, i - 1]);
  }
  return byFrame;
}

function lowerBound(sorted, value) {
  let low = 0, high = sorted.length;
  while (low < high) { const middle = (low + high) >> 1; if (sorted[middle] < value) low = middle + 1; else high = middle; }
  return low;
}

async function startPlayer(player, about, family) {
  const screen = one(".screen", player), stage = one(".stage", player), picture = one(".picture", player), canvas = one("canvas", player);
  const lines = canvas.getContext("2d");
  const slider = one(".time", player), told = one("output", player), play = one(".play", player), named = one(".named", player);
  const wanted = one(".wanted", player), slices = one(".slices", player), speed = one(".speed", player);
  const { frames, views, shots } = about;
  const { width, height } = canvas;
  const ways = await unpackAll({ track: about.ways.track, frame: about.ways.frame, x: about.ways.x, y: about.ways.y, z: about.ways.z });
  const filled = await unpackAll(about.filled);
  const errors = about.errors ? await unpackAll(about.errors.columns) : null;
  const filledIn = new Map(frames.map((frame) => [frame, new Set()]));
  filled.frame.forEach((frame, i) => filledIn.get(frame)?.add(filled.track[i]));
  const segments = indexWays(ways, frames, about.ways.tail);
  const seen = new Map(); // where each track was first and last seen: rows of `ways`
  for (let i = 0; i < ways.track.length; i++) {
    const known = seen.get(ways.track[i]);
    if (known) known[1] = i; else seen.set(ways.track[i], [i, i]);
  }
  const mothers = Array.from(family.track.keys()).filter((i) => family.isDividing(i) && seen.has(family.track[i]));
  const geometry = { steps: about.ways.steps, reach: about.reach, segments: (frame) => segments.get(frame) };
  const ready = new Map();
  let at = 0, view = 0, playing = null, turn = 0, here = null, zoom = 1, left = 0, top = 0;

  const colourOf = (number) => { const i = family.rowOf(number); return i < 0 ? "#b0b8c0" : about.colours[family.colour[i]]; };

  async function shotAt(index, of) {
    const key = index * views.length + of;
    if (ready.has(key)) return ready.get(key);
    const shot = shots[key];
    const [tracks, labels] = await Promise.all([unpack(shot.tracks), unpack(shot.labels)]);
    const image = new Image();
    image.src = shot.image;
    await image.decode();
    const unpacked = { tracks, labels: enlarged(labels, shot.size, height, width), image: shot.image };
    if (ready.size >= KEPT_SHOTS) ready.delete(ready.keys().next().value);
    ready.set(key, unpacked);
    return unpacked;
  }

  const spot = (number) => { // the middle of a track's mask in this picture
    const label = here ? here.tracks.indexOf(number) + 1 : 0;
    if (!label) return null;
    let n = 0, x = 0, y = 0;
    for (let i = 0; i < here.labels.length; i++) if (here.labels[i] === label) { n++; x += i % width; y += (i / width) | 0; }
    return n ? [x / n + 0.5, y / n + 0.5] : null;
  };

  function drawBirths(frame) {
    const tail = about.ways.tail;
    const { z } = views[here.view];
    const isNear = (i) => z === null || Math.abs(ways.z[i] - z) <= about.reach;
    for (const i of mothers) {
      if (family.last[i] > frame) continue;
      const daughters = [family.childA[i], family.childB[i]];
      const recent = daughters.some((d) => family.first[d] <= frame && family.first[d] > frame - tail) || family.last[i] === frame;
      if (!recent) continue;
      const known = seen.get(family.track[i]);
      if (isNear(known[1])) strokeRing(lines, ways.x[known[1]] / about.ways.steps, ways.y[known[1]] / about.ways.steps, MOTHER_PX);
      for (const d of daughters) {
        const born = seen.get(family.track[d]);
        if (born && family.first[d] === frame && isNear(born[0])) strokeRing(lines, ways.x[born[0]] / about.ways.steps, ways.y[born[0]] / about.ways.steps, DAUGHTER_PX);
      }
    }
  }

  function draw() { // what is here: while another picture is on its way, `at` and `view` are already its own
    const frame = frames[here.at];
    lines.clearRect(0, 0, width, height);
    const looks = [null, ...Array.from(here.tracks, (number) => [toRgb(colourOf(number)), filledIn.get(frame).has(number), number === chosen.track])];
    if (one(".outlines", player).checked) lines.putImageData(drawOutlines(here.labels, height, width, looks), 0, 0);
    if (one(".tails", player).checked) strokeWays(lines, ways, geometry, { frame, view: views[here.view], colourOf, selected: chosen.track });
    if (one(".births", player).checked) drawBirths(frame);
    if (one(".faults", player)?.checked) {
      errors.frame.forEach((of, i) => { if (of === frame) strokeError(lines, errors.x[i] / about.ways.steps, errors.y[i] / about.ways.steps, about.errors.letters[errors.kind[i]]); });
    }
    const middle = chosen.track && spot(chosen.track);
    if (middle) strokeRing(lines, ...middle, 16);
    if (chosen.track) named.textContent = family.name(chosen.track) + (filledIn.get(frame).has(chosen.track) ? "; mask filled in here" : "") + (middle ? "" : " (not in this picture)");
    player.dataset.frame = String(frame);
    player.dataset.view = views[here.view].name;
  }

  async function show(to) {
    at = clamp(to, 0, frames.length - 1);
    const mine = ++turn;
    slider.value = String(at);
    const minutes = frames[at] * about.minutes;
    const time = about.minutes ? `, ${minutes < 180 ? `${+minutes.toFixed(1)} min` : `${(minutes / 60).toFixed(1)} h`}` : "";
    told.textContent = `frame ${frames[at]}${time}`;
    slider.setAttribute("aria-valuetext", told.textContent);
    const shot = await shotAt(at, view);
    if (mine !== turn) return; // another one was asked for meanwhile
    here = { ...shot, at, view };
    if (picture.src !== shot.image) picture.src = shot.image;
    picture.alt = `Image of frame ${frames[at]}, ${views[view].name}`;
    draw();
  }

  function stop() { clearTimeout(playing); playing = null; play.textContent = "Play"; }

  async function step() {
    const start = performance.now();
    await show((at + 1) % frames.length);
    if (playing) playing = setTimeout(step, Math.max(1000 / Number(speed.value) - (performance.now() - start), 0));
  }

  function toggle() {
    if (playing) { stop(); return; }
    play.textContent = "Stop";
    playing = setTimeout(step, 1);
  }

  function place(scale, x, y) { // keep the point (x, y) of the picture, in shares of the screen, where it is
    const next = clamp(scale, 1, MOST_ZOOM);
    left = clamp(x - (x - left) * next / zoom, 1 - next, 0);
    top = clamp(y - (y - top) * next / zoom, 1 - next, 0);
    zoom = next;
    stage.style.transform = `translate(${100 * left}%, ${100 * top}%) scale(${zoom})`;
  }

  function pixelAt(event) {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width * width, (event.clientY - box.top) / box.height * height];
  }

  function trackAt(event) {
    if (!here) return 0;
    const label = labelAt(here.labels, height, width, ...pixelAt(event));
    return label ? here.tracks[label - 1] : 0;
  }

  const nearestFrame = (frame) => frames.reduce((best, f, i) => (Math.abs(f - frame) < Math.abs(frames[best] - frame) ? i : best), 0);

  chosen.listeners.push(async (number, { frame, from }) => {
    wanted.value = number ? String(number) : "";
    if (frame !== null) { stop(); await show(nearestFrame(frame)); }
    if (!number) named.textContent = about.hint;
    if (here) draw();
    const middle = number && zoom > 1 && from !== "movie" ? spot(number) : null;
    if (middle) { left = clamp(0.5 - zoom * middle[0] / width, 1 - zoom, 0); top = clamp(0.5 - zoom * middle[1] / height, 1 - zoom, 0); place(zoom, 0, 0); }
    if (frame !== null && !["movie", "lineages", "tree search", "panel"].includes(from)) player.scrollIntoView({ block: "nearest" });
  });

  slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
  play.addEventListener("click", toggle);
  for (const [name, by] of [[".back", -1], [".on", 1]]) one(name, player).addEventListener("click", () => { stop(); show(at + by); });
  slices?.addEventListener("input", () => { view = Number(slices.value); one(".slice", player).textContent = views[view].name; slices.setAttribute("aria-valuetext", views[view].name); show(at); });
  for (const box of all("input[type=checkbox]", player)) box.addEventListener("change", () => here && draw());
  const search = () => {
    const number = Number(wanted.value);
    if (!wanted.value.trim()) chosen.select(0);
    else if (family.rowOf(number) < 0) named.textContent = `There is no track ${wanted.value} in this page; tracks run from 1 to ${grouped(family.total)}.`;
    else chosen.select(number, { frame: frameOf(number), from: "search" });
  };
  const frameOf = (number) => { // the shown frame if the track is in it, else its first one
    const i = family.rowOf(number), frame = frames[at];
    return frame >= family.first[i] && frame <= family.last[i] ? frame : family.first[i];
  };
  wanted.addEventListener("keydown", (event) => { if (event.key === "Enter") search(); });
  wanted.addEventListener("search", search);

  let drag = null;
  screen.addEventListener("pointerdown", (event) => { drag = { x: event.clientX, y: event.clientY, left, top, isMoved: false }; });
  screen.addEventListener("pointermove", (event) => {
    if (drag && event.buttons && zoom > 1) {
      const box = screen.getBoundingClientRect();
      const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
      drag.isMoved ||= Math.hypot(dx, dy) > 4;
      if (drag.isMoved) { left = clamp(drag.left + dx / box.width, 1 - zoom, 0); top = clamp(drag.top + dy / box.height, 1 - zoom, 0); place(zoom, 0, 0); }
    } else if (!chosen.track) {
      const number = trackAt(event);
      named.textContent = number ? family.name(number) : about.hint;
    }
  });
  screen.addEventListener("click", (event) => { if (!drag?.isMoved) chosen.select(trackAt(event), { from: "movie" }); drag = null; });
  screen.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const box = screen.getBoundingClientRect();
    place(zoom * (event.deltaY < 0 ? ZOOM_STEP : 1 / ZOOM_STEP), (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  }, { passive: false });
  for (const [name, by] of [[".in", ZOOM_STEP], [".out", 1 / ZOOM_STEP]]) one(name, player).addEventListener("click", () => place(zoom * by, 0.5, 0.5));
  screen.addEventListener("keydown", (event) => {
    const by = { "+": ZOOM_STEP, "=": ZOOM_STEP, "-": 1 / ZOOM_STEP }[event.key];
    if (by && !isTyping(event)) { event.preventDefault(); place(zoom * by, 0.5, 0.5); }
  });
  document.addEventListener("keydown", (event) => {
    if (isTyping(event) || event.target.closest?.(".trees")) return;
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) { event.preventDefault(); stop(); show(at + by); }
    else if (event.key === " " && !event.target.matches?.("button, summary, a")) { event.preventDefault(); toggle(); }
    else if (event.key === "Escape") chosen.select(0);
  });
  named.textContent = about.hint;
  await show(0);
}
