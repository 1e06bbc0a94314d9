// Everything that moves, started in order. What is told without a script stays as it is until then.
document.documentElement.dataset.busy = "yes";
(async () => {
  const about = JSON.parse(one("#about").textContent);
  for (const element of all(".needs-script")) element.hidden = false;
  const family = await readFamily(about.family);
  const section = one("#lineages"), review = one("#doubtful"), player = one(".player");
  if (player) {
    showTrack(one(".chosen", player), family);
    await startPlayer(player, { ...about.movie, errors: about.errors }, family);
  }
  if (one(".window", section)) startLineages(section, about, family);
  startReview(review, about);
  for (const button of all("button.track[data-track]")) {
    button.addEventListener("click", () => chosen.select(Number(button.dataset.track), { frame: button.dataset.frame ? Number(button.dataset.frame) : null, from: "page" }));
  }
  delete document.documentElement.dataset.busy;
})().catch((error) => {
  const old = typeof DecompressionStream === "undefined";
  const said = old ? "This browser is too old to play the movie: it needs one of 2023 or later." : `The page could not be started: ${error.message}`;
  one("main").prepend(made("p", { class: "verdict bad", role: "alert" }, said));
  delete document.documentElement.dataset.busy;
  if (!old) console.error(error);
});
