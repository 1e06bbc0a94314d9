// The doubtful decisions, one after the other: a verdict on each by button or key, and the verdicts as a file of corrections.
const VERDICTS = { right: "right", wrong: "wrong", first: "only the first", second: "only the second" };
const VERDICT_KEYS = { y: "right", n: "wrong", 1: "first", 2: "second" };

// Rows of the file for one verdict: action, frame, track, other_frame, other_track.
function correctionsOf(doubt, verdict) {
  const pair = (action, [a, b]) => [action, ...a, ...b];
  const { cells } = doubt;
  if (doubt.kind === "link") return [pair(verdict === "right" ? "link" : "unlink", cells)];
  if (doubt.kind === "division") {
    const [mother, a, b] = cells, both = [[mother, a], [mother, b]];
    if (verdict === "right") return both.map((link) => pair("divide", link));
    if (verdict === "wrong") return both.map((link) => pair("unlink", link));
    const [kept, cut] = verdict === "first" ? both : both.reverse();
    return [pair("unlink", cut), pair("link", kept)];
  }
  if (verdict === "right") return []; // a shared mask cannot be pinned
  return [pair("unlink", verdict === "first" ? [cells[1], cells[3]] : [cells[0], cells[2]])]; // the other one was not there
}

function startReview(section, about) {
  const cards = all(".doubt", section);
  if (!cards.length) return;
  const doubts = about.decisions, verdicts = new Map(), told = one(".judged", section), save = one(".save", section);
  const key = `samtrack ${about.name} ${about.mark}`;
  let at = 0, isOne = true;

  function remember() {
    try { localStorage.setItem(key, JSON.stringify([...verdicts])); } catch { told.title = "This browser keeps nothing of pages from disk: save before you leave."; }
  }
  try { for (const [i, verdict] of JSON.parse(localStorage.getItem(key) ?? "[]")) if (cards[i] && VERDICTS[verdict]) verdicts.set(i, verdict); } catch { verdicts.clear(); }

  function paint() {
    cards.forEach((card, i) => {
      card.hidden = isOne && i !== at;
      card.dataset.verdict = verdicts.get(i) ?? "";
      card.classList.toggle("at", i === at);
      for (const button of all("button.verdict-is", card)) button.setAttribute("aria-pressed", String(button.value === verdicts.get(i)));
    });
    const values = [...verdicts.values()], right = values.filter((v) => v === "right").length;
    told.textContent = `Decision ${at + 1} of ${cards.length}. ${counted(values.length, "verdict")}: ${right} right, ${values.length - right} wrong.`;
    one(".bar", section).style.width = `${100 * values.length / cards.length}%`;
    save.disabled = !values.length;
    section.dataset.at = String(at);
  }

  function go(to) {
    at = clamp(to, 0, cards.length - 1);
    paint();
    if (!isOne) cards[at].scrollIntoView({ block: "nearest" });
  }

  function judge(i, verdict) {
    if (doubts[i].verdicts.includes(verdict)) {
      if (verdicts.get(i) === verdict) verdicts.delete(i); else verdicts.set(i, verdict);
      remember();
      const next = cards.findIndex((_, k) => k > i && !verdicts.has(k));
      go(verdicts.has(i) && next >= 0 ? next : i);
    }
  }

  const showInMovie = (i) => chosen.select(doubts[i].cells[0][1], { frame: doubts[i].cells[0][0], from: "review" });

  function text() {
    const quoted = (value) => (/[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value));
    const rows = [["action", "frame", "track", "other_frame", "other_track", "note"]];
    for (const [i, verdict] of [...verdicts].sort((a, b) => a[0] - b[0])) {
      const note = `${doubts[i].kind} of probability ${doubts[i].probability} judged ${VERDICTS[verdict]}`;
      for (const row of correctionsOf(doubts[i], verdict)) rows.push([...row, note]);
    }
    return rows.map((row) => row.map(quoted).join(",")).join("\n") + "\n";
  }

  cards.forEach((card, i) => {
    for (const button of all("button.verdict-is", card)) button.addEventListener("click", () => { at = i; judge(i, button.value); });
    one(".to-movie", card).addEventListener("click", () => showInMovie(i));
    card.addEventListener("click", () => { if (at !== i) { at = i; paint(); } });
  });
  one(".before", section).addEventListener("click", () => go(at - 1));
  one(".after", section).addEventListener("click", () => go(at + 1));
  one(".one-by-one", section).addEventListener("click", (event) => {
    isOne = !isOne;
    event.currentTarget.textContent = isOne ? "Show all" : "One by one";
    paint();
  });
  one(".forget", section).addEventListener("click", () => { verdicts.clear(); remember(); go(0); });
  save.addEventListener("click", () => {
    const address = URL.createObjectURL(new Blob([text()], { type: "text/csv" }));
    const link = made("a", { href: address, download: about.corrections });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  });
  const isSeen = () => { const { top, bottom } = section.getBoundingClientRect(); return top < window.innerHeight && bottom > 0; };
  document.addEventListener("keydown", (event) => {
    if (!isSeen() || isTyping(event) || event.target.closest?.(".trees")) return;
    const name = event.key.toLowerCase();
    if (VERDICT_KEYS[name]) judge(at, VERDICT_KEYS[name]);
    else if (name === "j" || name === "k") go(at + (name === "j" ? 1 : -1));
    else if (name === "u") { verdicts.delete(at); remember(); paint(); }
    else if (name === "m") showInMovie(at);
    else return;
    event.preventDefault();
  });
  paint();
}
