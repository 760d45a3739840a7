// The dashboard's clock: asks for the figures every few seconds while somebody looks, and draws what came.
const EVERY_MS = 5000;
const page = document.getElementById("board");
const span = document.getElementById("board-span");
const says = document.getElementById("board-says");
const addresses = { minute: page.dataset.minute, workbench: page.dataset.workbench, controls: page.dataset.controls };
let next = 0;

async function look() {
  clearTimeout(next);
  if (!document.hidden) {
    try {
      const answer = await fetch(`${page.dataset.figures}?span=${span.value}`, { headers: { Accept: "application/json" } });
      if (answer.redirected || answer.status === 403) throw new Error("You are logged out. Reload the page.");
      if (!answer.ok) throw new Error(`The figures can't be read (${answer.status}).`);
      show(await answer.json());
    } catch (error) {
      says.textContent = `${error.message} Tried again every ${EVERY_MS / 1000} s.`;
    }
  }
  next = setTimeout(look, EVERY_MS);
}

function show(found) {
  const { course, stands } = found;
  says.textContent = `As of ${new Date(stands.at).toLocaleTimeString()}; the right edge is this minute so far.`;
  document.getElementById("board-urgent").replaceChildren(...urgent(stands, addresses));
  document.getElementById("board-tiles").replaceChildren(...tiles(found));
  tables(stands, addresses);
  if (!course) return;
  for (const canvas of document.querySelectorAll("[data-plot]")) draw(canvas, course, addresses.minute);
  for (const list of document.querySelectorAll("[data-bars]")) listBars(list, course, addresses.minute);
}

span.value = localStorage.getItem("board-span") || span.value;
span.addEventListener("change", () => {
  localStorage.setItem("board-span", span.value);
  look();
});
document.addEventListener("visibilitychange", look);
new MutationObserver(look).observe(document.documentElement, { attributeFilter: ["class"] });
look();
