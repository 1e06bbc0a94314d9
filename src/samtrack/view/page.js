"use strict";
// One movie at a time: a picture of a frame and plane, drawn where the view has moved to, with paths of cells above it.
const known = JSON.parse(document.getElementById("data").textContent);
const get = id => document.getElementById(id);
const KEYS = { link: "L", unlink: "U", divide: "D", delete: "X", relabel: "R" };
const TICK_MS = 100; // between frames while it plays, unless pictures take longer
const state = {
  sequence: known.sequences[0], facts: null, cells: [], picture: null, track: 0, timer: null, asked: 0,
  fitted: 1, // the zoom at which the whole frame fits the stage
  view: { x: 0, y: 0, zoom: 1 }, // place of the picture's corner on the stage, and its pixels per voxel along x
  picked: [], rows: [],
};
for (const name of known.sequences) get("sequence").add(new Option(name, name));

async function json(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}
const base = () => "/" + encodeURIComponent(state.sequence);
const frame = () => +get("t").value;
const plane = () => (state.facts.planes > 1 && +get("z").value < 0 ? "max" : Math.max(0, +get("z").value));
const size = () => state.facts.shape.slice(-2);
const stretch = () => state.facts.um_per_voxel.at(-2) / state.facts.um_per_voxel.at(-1);
const colour = track => known.colours[(track - 1) % known.colours.length];
const store = () => ["samtrack-edits", known.title, state.sequence, state.facts.version].join(":");

async function choose() {
  state.sequence = get("sequence").value;
  state.facts = await json(base() + "/facts.json");
  state.picked = [];
  state.rows = JSON.parse(localStorage.getItem(store()) || "[]");
  get("t").max = state.facts.frames - 1;
  get("z").max = state.facts.planes - 1;
  get("zrow").hidden = state.facts.planes < 2;
  follow(0);
  tellEdits("");
  fit();
  await show();
}

// The finest level that the zoom asks for, not finer than is needed; the server decides what it can make.
function level() {
  const wanted = Math.floor(Math.log2(1 / (state.view.zoom * devicePixelRatio)));
  return Math.min(state.facts.level, Math.max(0, wanted));
}
function address(t) {
  const gain = Math.round(2 ** +get("gain").value * 1000) / 1000;
  return base() + "/frame/" + t + "/" + plane() + ".png?labels=" + (get("labels").checked ? 1 : 0)
    + "&gain=" + gain + "&level=" + level() + "&v=" + state.facts.version;
}

async function show() {
  const t = frame(), mine = ++state.asked;
  const minutes = t * state.facts.minutes_per_frame;
  get("tnow").value = t + " of " + (state.facts.frames - 1) + ", " + (minutes < 120 ? +minutes.toFixed(1) + " min" : (minutes / 60).toFixed(1) + " h");
  get("znow").value = plane() === "max" ? "maximum" : plane() + " of " + (state.facts.planes - 1);
  const picture = new Image();
  picture.src = address(t);
  try {
    const [cells] = await Promise.all([json(base() + "/cells/" + t + ".json"), picture.decode()]);
    if (mine !== state.asked) return; // another frame was asked for meanwhile
    Object.assign(state, { cells, picture });
  } catch (error) {
    if (mine === state.asked) tell("Frame " + t + " cannot be shown: " + error.message, true);
    return;
  }
  draw();
  document.body.dataset.shown = t;
  history.replaceState(null, "", "#" + new URLSearchParams({ movie: state.sequence, t, ...(state.track ? { track: state.track } : {}) }));
}

function fit() {
  const stage = get("stage"), [h, w] = size();
  const zoom = Math.min(stage.clientWidth / w, stage.clientHeight / (h * stretch()));
  state.fitted = zoom;
  state.view = { zoom, x: (stage.clientWidth - w * zoom) / 2, y: (stage.clientHeight - h * stretch() * zoom) / 2 };
  draw();
}
function zoomBy(factor, x = get("stage").clientWidth / 2, y = get("stage").clientHeight / 2) {
  const before = level(), old = state.view, least = state.fitted / 4, most = Math.max(state.fitted * 8, 32);
  const zoom = Math.min(Math.max(old.zoom * factor, least), most), by = zoom / old.zoom;
  state.view = { zoom, x: x - (x - old.x) * by, y: y - (y - old.y) * by };
  draw();
  if (level() !== before) show();
}
const onStage = place => [state.view.x + (place.at(-1) + .5) * state.view.zoom, state.view.y + (place.at(-2) + .5) * state.view.zoom * stretch()];

function draw() {
  const stage = get("stage"), dense = devicePixelRatio, pen = stage.getContext("2d");
  const [width, height] = [Math.round(stage.clientWidth * dense), Math.round(stage.clientHeight * dense)];
  if (stage.width !== width || stage.height !== height) Object.assign(stage, { width, height });
  pen.setTransform(dense, 0, 0, dense, 0, 0);
  pen.clearRect(0, 0, stage.clientWidth, stage.clientHeight);
  if (!state.picture) return;
  const [h, w] = size(), { x, y, zoom } = state.view;
  pen.imageSmoothingEnabled = w * zoom * dense < state.picture.naturalWidth;
  pen.drawImage(state.picture, x, y, w * zoom, h * zoom * stretch());
  for (const cell of state.cells) {
    const chosen = cell.track === state.track;
    if (get("tails").checked || chosen) drawPath(pen, cell, chosen);
    if (state.picked.some(([t, track]) => t === frame() && track === cell.track)) ring(pen, cell.path.at(-1), 11, "#fff", [4, 3]);
  }
}
function drawPath(pen, cell, chosen) {
  const points = cell.path.map(onStage);
  pen.strokeStyle = colour(cell.track);
  pen.lineWidth = chosen ? 3 : 1.5;
  pen.beginPath();
  points.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.stroke();
  if (cell.born) ring(pen, cell.path[cell.born - 1], 5, "#fff", []);
  if (chosen) ring(pen, cell.path.at(-1), 15, "#ffe14d", []);
}
function ring(pen, place, radius, stroke, dashes) {
  const [x, y] = onStage(place);
  pen.save();
  pen.strokeStyle = stroke;
  pen.lineWidth = 2;
  pen.setLineDash(dashes);
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
  pen.stroke();
  pen.restore();
}

// What is told beside the picture.
function element(name, text, more = {}) {
  return Object.assign(document.createElement(name), { textContent: text }, more);
}
function jump(text, t, track) {
  return element("button", text, { className: "link", onclick: () => go(t, track) });
}
async function go(t, track = state.track) {
  get("t").value = t;
  await follow(track);
  await show();
  reveal();
}
// Move the followed cell into the middle if it lies outside of what is seen.
function reveal() {
  const cell = state.cells.find(c => c.track === state.track), stage = get("stage");
  if (!cell) return;
  const [x, y] = onStage(cell.path.at(-1)), [w, h] = [stage.clientWidth, stage.clientHeight];
  if (x >= 0 && y >= 0 && x < w && y < h) return;
  Object.assign(state.view, { x: state.view.x + w / 2 - x, y: state.view.y + h / 2 - y });
  draw();
}
async function follow(track) {
  state.track = track;
  const box = get("cell"), facts = track ? await json(base() + "/track/" + track + ".json") : null;
  if (track !== state.track) return false;
  box.replaceChildren(element("h2", "Track"));
  if (!facts) {
    state.track = 0;
    box.append(element("p", track ? "There is no track " + track + "." : "Click a cell to follow it. Drag to move, turn the wheel to zoom.", { className: "hint" }));
    draw();
    return false;
  }
  box.firstChild.textContent = "Track " + track;
  const told = element("dl", "");
  const row = (name, ...parts) => { const dd = element("dd", ""); dd.append(...parts); told.append(element("dt", name), dd); };
  row("Frames", jump(facts.first, facts.first, track), " to ", jump(facts.last, facts.last, track), ", " + facts.masks + " masks");
  if (facts.parent) row("Mother", jump(facts.parent, Math.max(facts.first - 1, 0), facts.parent));
  if (facts.daughters.length) row("Daughters", ...facts.daughters.flatMap(d => [jump(d, Math.min(facts.last + 1, state.facts.frames - 1), d), " "]));
  box.append(told);
  draw();
  return facts;
}
function tell(text, wrong = false) {
  get("told").textContent = text;
  get("told").className = wrong ? "wrong" : "";
}

// Corrections: cells are picked, the server says which rows they make, and the browser keeps them until they are saved.
function tellEdits(text, wrong = false) {
  tell(text, wrong);
  get("picked").replaceChildren(...state.picked.map(([t, track], i) => {
    const item = element("li", "track " + track + " in frame " + t + " ");
    item.append(element("button", "×", { className: "away", title: "Let go", onclick: () => { state.picked.splice(i, 1); tellEdits(""); } }));
    return item;
  }));
  get("rows").replaceChildren(...state.rows.map((row, i) => {
    const item = element("li", row.join(",") + " ");
    item.append(element("button", "×", { className: "away", title: "Remove this correction", onclick: () => { state.rows.splice(i, 1); keep(); } }));
    return item;
  }));
  get("save").disabled = !state.rows.length;
  get("after").hidden = !state.rows.length;
  get("after").textContent = "Then: samtrack correct RESULT --edits " + fileName();
  draw();
}
const fileName = () => state.sequence + "_edits.csv";
function keep(text = "") {
  localStorage.setItem(store(), JSON.stringify(state.rows));
  tellEdits(text);
}
async function apply(action) {
  const asked = new URLSearchParams({ cells: state.picked.map(cell => cell.join("-")).join(","), note: get("note").value });
  const answer = await json(base() + "/edit/" + action + ".json?" + asked);
  if (answer.error) return tellEdits(answer.error, true);
  state.rows.push(...answer.rows);
  state.picked = [];
  get("note").value = "";
  keep("Added: " + answer.rows.map(row => row[0]).join(", "));
}
function save() {
  const quoted = field => (/[",\n\r]/.test(field) ? '"' + field.replaceAll('"', '""') + '"' : field);
  const text = [known.columns, ...state.rows].map(row => row.map(quoted).join(",") + "\n").join("");
  const link = element("a", "", { href: URL.createObjectURL(new Blob([text], { type: "text/csv" })), download: fileName() });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
for (const [action, need] of Object.entries(known.actions))
  get("actions").append(element("button", action, { title: "Shift-" + KEYS[action] + ". Pick " + need, onclick: () => apply(action) }));

// Pointer, wheel and keys.
async function click(event) {
  const box = get("stage").getBoundingClientRect(), [h, w] = size();
  const x = Math.floor((event.clientX - box.left - state.view.x) / state.view.zoom);
  const y = Math.floor((event.clientY - box.top - state.view.y) / (state.view.zoom * stretch()));
  if (x < 0 || y < 0 || x >= w || y >= h) return;
  const t = frame(), { track } = await json(base() + "/at/" + t + "/" + plane() + "/" + y + "/" + x + ".json");
  if (!event.shiftKey && !event.altKey) { await follow(track); return; }
  const at = state.picked.findIndex(cell => cell[0] === t && cell[1] === track);
  if (at >= 0) state.picked.splice(at, 1);
  else if (track) state.picked.push([t, track]);
  tellEdits(track ? "" : "There is no cell.", !track);
}
let held = null;
get("stage").onpointerdown = event => {
  held = { x: event.clientX, y: event.clientY, view: { ...state.view }, moved: false };
  get("stage").setPointerCapture(event.pointerId);
};
get("stage").onpointermove = event => {
  if (!held) return;
  const [dx, dy] = [event.clientX - held.x, event.clientY - held.y];
  held.moved ||= Math.hypot(dx, dy) > 4; // a hand is never quite still when it clicks
  if (!held.moved) return;
  get("stage").classList.add("moved");
  Object.assign(state.view, { x: held.view.x + dx, y: held.view.y + dy });
  draw();
};
get("stage").onpointerup = event => {
  const moved = held && held.moved;
  held = null;
  get("stage").classList.remove("moved");
  if (!moved) click(event);
};
get("stage").addEventListener("wheel", event => {
  event.preventDefault();
  const box = get("stage").getBoundingClientRect();
  zoomBy(2 ** (-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
}, { passive: false });

function step(by) {
  const n = state.facts.frames;
  get("t").value = (frame() + by + n) % n;
  return show();
}
function play() {
  clearTimeout(state.timer);
  state.timer = state.timer ? null : setTimeout(tick, TICK_MS);
  get("play").textContent = state.timer ? "Stop" : "Play";
}
async function tick() {
  const start = performance.now();
  await step(1);
  new Image().src = address((frame() + 1) % state.facts.frames); // the browser keeps it for the next turn
  if (state.timer) state.timer = setTimeout(tick, Math.max(0, TICK_MS - (performance.now() - start)));
}
async function find() {
  const facts = await follow(+get("wanted").value || 0);
  if (facts && (frame() < facts.first || frame() > facts.last)) get("t").value = facts.first;
  await show();
  reveal();
}
get("sequence").onchange = choose;
get("t").oninput = get("z").oninput = get("gain").oninput = get("labels").onchange = show;
get("tails").onchange = draw;
get("play").onclick = play;
get("back").onclick = () => step(-1);
get("on").onclick = () => step(1);
get("fit").onclick = () => { fit(); show(); };
get("in").onclick = () => zoomBy(1.5);
get("out").onclick = () => zoomBy(1 / 1.5);
get("wanted").onchange = find;
get("save").onclick = save;
addEventListener("resize", () => state.facts && draw());
addEventListener("keydown", event => {
  if (["INPUT", "SELECT"].includes(event.target.tagName) && event.target.type !== "range" && event.target.type !== "checkbox") return;
  const action = event.shiftKey && Object.keys(KEYS).find(name => KEYS[name] === event.key.toUpperCase());
  if (action) apply(action);
  else if (event.key === "ArrowRight" && event.target.type !== "range") step(1);
  else if (event.key === "ArrowLeft" && event.target.type !== "range") step(-1);
  else if (event.key === " " && event.target.tagName !== "BUTTON") { event.preventDefault(); play(); }
  else if (event.key === "0") { fit(); show(); }
  else if (event.key === "+") zoomBy(1.5);
  else if (event.key === "-") zoomBy(1 / 1.5);
  else if (event.key === "Escape") { state.picked = []; tellEdits(""); follow(0); }
});

addEventListener("unhandledrejection", ({ reason }) => // a TypeError is how a fetch says that nobody answered
  tell(reason instanceof TypeError ? "No answer. Is samtrack view still running?" : reason.message, true));

(async () => {
  if (!known.sequences.length) return;
  const asked = new URLSearchParams(location.hash.slice(1));
  if (known.sequences.includes(asked.get("movie"))) get("sequence").value = asked.get("movie");
  await choose();
  if (asked.has("t")) await go(Math.min(+asked.get("t") || 0, state.facts.frames - 1), +asked.get("track") || 0);
})().catch(error => tell(error.message, true));
