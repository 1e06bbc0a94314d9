// The movie: one shot at a time, chosen by slider, button, arrow keys or a track's number. Everything it needs is in the page.
(() => {
  "use strict";
  const player = document.querySelector(".player");
  if (!player) return;
  const about = JSON.parse(document.getElementById("tracks").textContent);
  const screen = player.querySelector(".screen");
  const shots = [...player.querySelectorAll(".shot")].map((element) => ({
    element,
    frame: Number(element.dataset.frame),
    view: element.dataset.view,
    cells: JSON.parse(element.dataset.cells),
    filled: new Set(JSON.parse(element.dataset.filled)),
  }));
  const frames = [...new Set(shots.map((shot) => shot.frame))];
  const slider = player.querySelector("input[type=range]");
  const told = player.querySelector("output");
  const play = player.querySelector(".play");
  const named = player.querySelector(".named");
  const wanted = player.querySelector("input[type=number]");
  const choice = player.querySelector("select");
  const found = player.querySelector(".found");
  const PLAY_MS = 450; // slow enough to follow one cell by eye
  const REACH = 0.04; // of the picture's longer side: how far from a cell's middle a pointer still means it
  let at = 0, timer = null, selected = 0;

  const view = () => (choice ? choice.value : shots[0].view);
  const shot = () => shots.find((s) => s.frame === frames[at] && s.view === view());

  function name(track, where) {
    const known = about.tracks[track];
    if (!known) return `Track ${track}`;
    const [first, last, parent] = known;
    const from = parent ? `, child of track ${parent}` : "";
    const filled = where && where.filled.has(track) ? "; mask filled in here" : "";
    return `Track ${track}${from}: frames ${first} to ${last}${filled}`;
  }

  function mark() {
    const here = shot();
    const cell = here.cells.find((c) => c[2] === selected);
    found.hidden = !cell;
    if (cell) {
      found.style.left = `${(100 * (cell[0] + 0.5)) / Number(screen.dataset.width)}%`;
      found.style.top = `${(100 * (cell[1] + 0.5)) / Number(screen.dataset.height)}%`;
    }
    if (selected) named.textContent = name(selected, here) + (cell ? "" : " (not in this picture)");
  }

  function show(to) {
    at = Math.min(Math.max(to, 0), frames.length - 1);
    const here = shot();
    for (const s of shots) s.element.hidden = s !== here;
    slider.value = String(at);
    const minutes = frames[at] * about.minutes;
    const time = about.minutes ? `, ${minutes < 180 ? `${+minutes.toFixed(1)} min` : `${(minutes / 60).toFixed(1)} h`}` : "";
    told.textContent = `frame ${frames[at]}${time}`;
    slider.setAttribute("aria-valuetext", told.textContent);
    mark();
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
  }

  function select(track) {
    selected = track;
    wanted.value = track ? String(track) : "";
    if (!track) named.textContent = about.hint;
    mark();
  }

  function cellAt(event) {
    const box = screen.getBoundingClientRect();
    const width = Number(screen.dataset.width), height = Number(screen.dataset.height);
    const x = ((event.clientX - box.left) / box.width) * width;
    const y = ((event.clientY - box.top) / box.height) * height;
    let best = null, nearest = REACH * Math.max(width, height);
    for (const cell of shot().cells) {
      const distance = Math.hypot(cell[0] + 0.5 - x, cell[1] + 0.5 - y);
      if (distance < nearest) { nearest = distance; best = cell; }
    }
    return best ? best[2] : 0;
  }

  slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
  play.addEventListener("click", () => {
    if (timer) { stop(); return; }
    play.textContent = "Stop";
    timer = setInterval(() => show((at + 1) % frames.length), PLAY_MS);
  });
  player.querySelector(".outlines").addEventListener("change", (event) => screen.classList.toggle("plain", !event.target.checked));
  if (choice) choice.addEventListener("change", () => show(at));
  wanted.addEventListener("change", () => select(Number(wanted.value) || 0));
  screen.addEventListener("click", (event) => select(cellAt(event)));
  screen.addEventListener("pointermove", (event) => {
    const track = selected ? 0 : cellAt(event);
    if (!selected) named.textContent = track ? name(track, shot()) : about.hint;
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.matches?.("input, select, textarea") || event.altKey || event.ctrlKey || event.metaKey) return;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) { event.preventDefault(); stop(); show(at + step); }
  });
  for (const button of document.querySelectorAll("button.track")) {
    button.addEventListener("click", () => {
      stop();
      const frame = Number(button.dataset.frame);
      select(Number(button.dataset.track));
      const distance = (i) => Math.abs(frames[i] - frame);
      show(frames.reduce((best, _, i) => (distance(i) < distance(best) ? i : best), 0));
      player.scrollIntoView({ block: "nearest" });
    });
  }
  for (const element of player.querySelectorAll("[hidden].needs-script")) element.hidden = false;
  named.textContent = about.hint;
  show(0);
})();
