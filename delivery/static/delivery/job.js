// A job's progress, asked for each second while it runs; the page is loaded anew when its state changes.
const job = document.getElementById("job");
const bar = job.querySelector("[data-bar]");
const turns = job.querySelector("[data-turns]");

function fill(done, total) {
  bar.style.width = `${total ? (100 * done) / total : 100}%`;
}

async function follow() {
  const answer = await fetch(job.dataset.progress, { headers: { Accept: "application/json" } });
  if (!answer.ok || answer.redirected) return;
  const now = await answer.json();
  fill(now.done, now.total);
  const skipped = now.skipped ? `, ${now.skipped.toLocaleString()} skipped` : "";
  const left = now.seconds ? `, about ${now.seconds} s to go` : "";
  job.querySelector("[data-says]").textContent = `${now.done.toLocaleString()} of ${now.total.toLocaleString()} gone${skipped}; ${now.state}${left}`;
  job.querySelector("[data-problem]").textContent = now.problem;
  if (now.state !== turns.dataset.state) location.reload();
  else if (now.state === "running") setTimeout(follow, 1000);
}

fill(Number(bar.dataset.done), Number(bar.dataset.total));
if (turns.dataset.state === "running") setTimeout(follow, 500);
