// What is drawn over a picture: outlines from labels, tails, divisions, errors.
const DASH_PX = 4, HATCH_PX = 7; // dashes and hatching of masks that were filled in
const WIDE_FROM_PX = 150; // pixels of a typical label from which outlines are two pixels wide
const REACH_PX = 14; // how far beside a mask a pointer still means it

const toRgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
const toPixel = ([r, g, b], alpha) => ((alpha << 24) | (b << 16) | (g << 8) | r) >>> 0;

// Labels as large as the canvas: each pixel takes the voxel under its middle.
function enlarged(labels, [rows, columns], height, width) {
  if (rows === height && columns === width) return labels;
  const big = new labels.constructor(height * width);
  const from = new Int32Array(width);
  for (let x = 0; x < width; x++) from[x] = ((x + 0.5) * columns / width) | 0;
  for (let y = 0; y < height; y++) {
    const start = (((y + 0.5) * rows / height) | 0) * columns;
    for (let x = 0; x < width; x++) big[y * width + x] = labels[start + from[x]];
  }
  return big;
}

// Outlines of all labels as an image; `looks` holds for each label [rgb, is filled, is selected].
function drawOutlines(labels, height, width, looks) {
  const image = new ImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const plain = Uint32Array.from(looks, (look) => (look ? toPixel(look[0], 255) : 0));
  const hatch = Uint32Array.from(looks, (look) => (look ? toPixel(look[0], 120) : 0));
  const kind = Uint8Array.from(looks, (look) => (look ? 1 + (look[1] ? 1 : 0) + (look[2] ? 2 : 0) : 0));
  const area = new Uint32Array(looks.length);
  for (let i = 0; i < labels.length; i++) area[labels[i]]++;
  const areas = area.slice(1).filter((n) => n > 0).sort();
  const isWide = areas.length > 0 && areas[areas.length >> 1] >= WIDE_FROM_PX;
  const white = toPixel([255, 255, 255], 255);
  const differs = (v, x, y, far) =>
    (x >= far && labels[y * width + x - far] !== v) || (x + far < width && labels[y * width + x + far] !== v) ||
    (y >= far && labels[(y - far) * width + x] !== v) || (y + far < height && labels[(y + far) * width + x] !== v);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const v = labels[i], look = kind[v];
      if (!look) continue;
      const isSelected = look > 2, isFilled = look === 2 || look === 4;
      let isBorder = differs(v, x, y, 1) || (isWide && differs(v, x, y, 2));
      if (isSelected && !isBorder) isBorder = differs(v, x, y, 3);
      if (isFilled && isBorder && (((x + y) / DASH_PX) | 0) % 2 === 1) isBorder = false;
      if (isBorder) pixels[i] = isSelected ? white : plain[v];
      else if (isFilled && (x + y) % HATCH_PX === 0) pixels[i] = hatch[v];
    }
  }
  return image;
}

// The label at a pixel, or else the nearest one within reach; 0 where there is none.
function labelAt(labels, height, width, x, y) {
  const cx = Math.floor(x), cy = Math.floor(y);
  let best = 0, nearest = REACH_PX * REACH_PX + 1;
  for (let v = Math.max(cy - REACH_PX, 0); v <= Math.min(cy + REACH_PX, height - 1); v++) {
    for (let u = Math.max(cx - REACH_PX, 0); u <= Math.min(cx + REACH_PX, width - 1); u++) {
      const label = labels[v * width + u], distance = (u - cx) ** 2 + (v - cy) ** 2;
      if (label && distance < nearest) { nearest = distance; best = label; }
    }
  }
  return best;
}

function strokeWays(canvas, ways, about, looks) {
  const paths = new Map();
  const { frame, view, colourOf, selected } = looks;
  for (const [i, from] of about.segments(frame)) {
    if (view.z !== null && Math.abs(ways.z[i] - view.z) > about.reach) continue;
    const colour = ways.track[i] === selected ? "#ffffff" : colourOf(ways.track[i]);
    if (!paths.has(colour)) paths.set(colour, new Path2D());
    paths.get(colour).moveTo(ways.x[from] / about.steps, ways.y[from] / about.steps);
    paths.get(colour).lineTo(ways.x[i] / about.steps, ways.y[i] / about.steps);
  }
  canvas.lineWidth = 1.6;
  canvas.globalAlpha = 0.8;
  for (const [colour, path] of paths) { canvas.strokeStyle = colour; canvas.stroke(path); }
  canvas.globalAlpha = 1;
}

function strokeRing(canvas, x, y, radius) {
  for (const [colour, width] of [["rgba(0,0,0,0.6)", 4.5], ["#ffffff", 2]]) {
    canvas.strokeStyle = colour;
    canvas.lineWidth = width;
    canvas.beginPath();
    canvas.arc(x, y, radius, 0, 2 * Math.PI);
    canvas.stroke();
  }
}

// An error: a cross in a colour that no track has, its kind as a letter beside it, so that colour is not all there is.
function strokeError(canvas, x, y, letter) {
  for (const [colour, width] of [["rgba(0,0,0,0.75)", 5], ["#ff5252", 2.4]]) {
    canvas.strokeStyle = colour;
    canvas.lineWidth = width;
    canvas.beginPath();
    canvas.moveTo(x - 6, y - 6); canvas.lineTo(x + 6, y + 6);
    canvas.moveTo(x + 6, y - 6); canvas.lineTo(x - 6, y + 6);
    canvas.stroke();
  }
  canvas.font = "bold 13px system-ui, sans-serif";
  canvas.lineWidth = 3;
  canvas.strokeStyle = "rgba(0,0,0,0.75)";
  canvas.strokeText(letter, x + 9, y + 5);
  canvas.fillStyle = "#ff8a80";
  canvas.fillText(letter, x + 9, y + 5);
}
