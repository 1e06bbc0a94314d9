// Columns of numbers out of the page's text (encode.pack wrote them), and small things that all parts use.
const NUMBERS = { u1: Uint8Array, i1: Int8Array, u2: Uint16Array, i2: Int16Array, i4: Int32Array };

const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const grouped = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, "\u202f");
const counted = (n, thing) => `${grouped(n)} ${thing}${n === 1 ? "" : "s"}`;

async function unpack(packed) {
  const text = atob(packed.b);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const column = new NUMBERS[packed.t](await new Response(stream).arrayBuffer());
  if (!packed.d) return column;
  const summed = new Int32Array(packed.n);
  for (let i = 0, sum = 0; i < packed.n; i++) summed[i] = sum += column[i];
  return summed;
}

async function unpackAll(columns) {
  const names = Object.keys(columns);
  const arrays = await Promise.all(names.map((name) => unpack(columns[name])));
  return Object.fromEntries(names.map((name, i) => [name, arrays[i]]));
}

// An element with attributes, properties (on…) and children; text is never read as HTML.
function made(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

const isTyping = (event) =>
  event.altKey || event.ctrlKey || event.metaKey || Boolean(event.target.matches?.("input, select, textarea"));

// What is selected, and who wants to know. `from` says which part chose, so that it need not follow itself.
const chosen = {
  track: 0,
  listeners: [],
  select(track, { frame = null, from = "" } = {}) {
    this.track = track;
    for (const listener of this.listeners) listener(track, { frame, from });
  },
};
