// Who descends from whom: the tracks of the page by their numbers, with children, roots and what is said of each.
async function readFamily(told) {
  const { track, first, last, parent, colour, doubt, filled } = await unpackAll(told.columns);
  const highest = track.length ? track[track.length - 1] : 0;
  const row = new Int32Array(highest + 1).fill(-1);
  for (let i = 0; i < track.length; i++) row[track[i]] = i;
  const childA = new Int32Array(track.length).fill(-1), childB = new Int32Array(track.length).fill(-1);
  const root = new Int32Array(track.length), mother = new Int32Array(track.length).fill(-1);
  for (let i = 0; i < track.length; i++) {
    const up = parent[i] ? row[parent[i]] : -1;
    mother[i] = up;
    if (up < 0) continue;
    if (childA[up] < 0) childA[up] = i; else childB[up] = i;
  }
  const waiting = [];
  for (let i = 0; i < track.length; i++) if (mother[i] < 0) { root[i] = i; waiting.push(i); }
  while (waiting.length) {
    const at = waiting.pop();
    for (const child of [childA[at], childB[at]]) if (child >= 0) { root[child] = root[at]; waiting.push(child); }
  }
  return {
    n: track.length, total: told.total, track, first, last, parent, colour, doubt, filled, mother, childA, childB, root,
    rowOf: (number) => (number > 0 && number <= highest ? row[number] : -1),
    isDividing: (i) => childB[i] >= 0,
    name(number) {
      const i = this.rowOf(number);
      if (i < 0) return `Track ${number}`;
      const from = parent[i] ? `, child of track ${parent[i]}` : "";
      return `Track ${number}${from}: frames ${first[i]} to ${last[i]}`;
    },
    about(i) {
      const parts = [counted(last[i] - first[i] + 1, "frame")];
      if (filled[i]) parts.push(`${counted(filled[i], "mask")} filled in`);
      if (doubt[i] <= 100) parts.push(`least sure step ${(doubt[i] / 100).toFixed(2)}`);
      return parts.join(", ");
    },
  };
}

// The panel of the selected track: what it is, and ways to its relatives.
function showTrack(panel, family) {
  const button = (number, frame, text) =>
    made("button", { type: "button", class: "track", click: () => chosen.select(number, { frame, from: "panel" }) }, text);
  chosen.listeners.push((number) => {
    const i = family.rowOf(number);
    panel.hidden = !number;
    panel.replaceChildren();
    if (!number) return;
    if (i < 0) {
      panel.append(made("b", {}, `Track ${number}`), " belongs to a lineage that this page leaves out; it stands in the table of tracks.");
      return;
    }
    panel.append(made("b", {}, `Track ${number}`), ` frames ${family.first[i]} to ${family.last[i]}, ${family.about(i)}. `);
    panel.append(button(number, family.first[i], "first frame"), " ", button(number, family.last[i], "last frame"));
    if (family.parent[i]) panel.append(" Mother ", button(family.parent[i], family.first[i] - 1, String(family.parent[i])));
    const children = [family.childA[i], family.childB[i]].filter((child) => child >= 0);
    if (children.length) panel.append(children.length > 1 ? " Daughters" : " Goes on as");
    for (const child of children) panel.append(" ", button(family.track[child], family.first[child], String(family.track[child])));
    panel.append(" ", made("button", { type: "button", class: "close", "aria-label": "Select nothing", click: () => chosen.select(0) }, "×"));
  });
}
