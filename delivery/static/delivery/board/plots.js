// The plots (Chart.js, which the admin's theme ships): made once, given new figures at each poll. A click opens the minute.
const CHANNELS = { in_app: "#6366f1", push: "#0ea5e9", email: "#10b981", sms: "#f59e0b", all: "#64748b" };
const OTHERS = ["#8b5cf6", "#ec4899", "#f97316", "#14b8a6", "#84cc16", "#06b6d4", "#eab308", "#a855f7", "#64748b"];
const FLOW = { accepted: "#64748b", delivered: "#10b981", dropped: "#f59e0b", failed: "#ef4444" };
const MOST_BARS = 8;

const plots = {};
const given = new Map(); // a bar keeps its colour while the page is open

function colourOf(bar) {
  const channel = bar.split(" · ")[0];
  if (!bar.includes(" · ") && CHANNELS[channel]) return CHANNELS[channel];
  if (!given.has(bar)) given.set(bar, OTHERS[given.size % OTHERS.length]);
  return given.get(bar);
}

function clock(minute) {
  return new Date(minute * 60000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

function isDark() {
  return document.documentElement.classList.contains("dark");
}

function inColours(options) {
  const text = isDark() ? "#cbd5e1" : "#475569";
  const line = isDark() ? "rgba(148,163,184,.15)" : "rgba(100,116,139,.15)";
  for (const axis of Object.values(options.scales)) {
    axis.ticks.color = text;
    axis.grid.color = axis.display === false ? "transparent" : line;
  }
  options.plugins.legend.labels.color = text;
  return options;
}

function optionsOf(name, open) {
  const stacked = !["flow", "way"].includes(name);
  return inColours({
    animation: false,
    maintainAspectRatio: false,
    interaction: { mode: stacked ? "nearest" : "index", intersect: stacked, axis: "x" },
    onClick: (event, hits) => hits.length && open(hits[0]),
    onHover: (event, hits) => (event.native.target.style.cursor = hits.length && open.opens ? "pointer" : "default"),
    scales: {
      x: { stacked, ticks: { maxTicksLimit: 8, maxRotation: 0 }, grid: { display: false } },
      y: { stacked, beginAtZero: true, ticks: { maxTicksLimit: 5, callback: name === "way" ? way : short }, grid: {} },
    },
    plugins: {
      legend: { display: !stacked, labels: { boxWidth: 10, boxHeight: 10, filter: (item) => !item.text.endsWith("p50") } },
      tooltip: { callbacks: { label: (at) => `${at.dataset.label}: ${name === "way" ? way(at.raw) : short(at.raw)}` } },
    },
  });
}

function short(value) {
  return Math.abs(value) >= 10000 ? `${Math.round(value / 1000)}k` : Number(value).toLocaleString();
}

function way(ms) {
  return ms >= 1000 ? `${(ms / 1000).toLocaleString(undefined, { maximumFractionDigits: 1 })} s` : `${Math.round(ms)} ms`;
}

function sum(values) {
  return values.reduce((total, each) => total + each, 0);
}

function line(label, data, colour, more = {}) {
  return { label, data, borderColor: colour, backgroundColor: colour, borderWidth: 2, pointRadius: 0, pointHitRadius: 8,
    spanGaps: true, ...more };
}

function setsOf(name, course) {
  if (name === "flow") {
    const all = (kind) => course.minutes.map((_, at) => sum(Object.values(course.told[kind]).map((each) => each[at])));
    const rows = { accepted: course.accepted, delivered: all("delivered"), dropped: all("dropped"), failed: all("failed") };
    return Object.entries(rows).map(([kind, data]) => line(kind, data, FLOW[kind], { bars: [kind, ""] }));
  }
  if (name === "way") {
    return Object.keys(course.p95).flatMap((each) => [
      line(each, course.p95[each], colourOf(each), { borderWidth: each === "all" ? 3 : 1.5 }),
      line(`${each} p50`, course.p50[each], colourOf(each), { borderDash: [2, 3], borderWidth: 1 }),
    ]);
  }
  return Object.entries(course.told[name]).slice(0, MOST_BARS).map(([bar, data]) => ({
    label: bar, data: data.map((count) => count || null), backgroundColor: colourOf(bar), bars: [name, bar], barPercentage: 1, categoryPercentage: 0.9,
    minBarLength: 2,
  }));
}

function minuteLink(address, minute, kind, bar) {
  return `${address}?${new URLSearchParams({ minute, kind, bar })}`;
}

function opener(name, address) {
  const open = (hit) => {
    const plot = plots[name];
    const [kind, bar] = plot.data.datasets[hit.datasetIndex].bars || ["", ""];
    if (address) location.assign(minuteLink(address, plot.minutes[hit.index], kind === "accepted" ? "" : kind, bar));
  };
  open.opens = Boolean(address) && name !== "way";
  return open.opens ? open : Object.assign(() => {}, { opens: false });
}

function draw(canvas, course, address) {
  const name = canvas.dataset.plot;
  const plot = (plots[name] ??= new Chart(canvas, {
    type: ["flow", "way"].includes(name) ? "line" : "bar",
    data: { labels: [], datasets: [] },
    options: optionsOf(name, opener(name, address)),
  }));
  plot.minutes = course.minutes;
  plot.data.labels = course.minutes.map(clock);
  plot.data.datasets = setsOf(name, course);
  inColours(plot.options);
  plot.update("none");
}

// Below a plot: each bar's sum, and the minute in which it was highest, as a link; so the way in needs no mouse.
function listBars(list, course, address) {
  const bars = Object.entries(course.told[list.dataset.bars] || {}).filter(([, data]) => sum(data));
  list.replaceChildren(...bars.slice(0, MOST_BARS).map(([bar, data]) => barOf(list.dataset.bars, bar, data, course, address)));
  if (!bars.length && course.told[list.dataset.bars]) list.append(Object.assign(document.createElement("li"), { textContent: "None in this time." }));
}

function barOf(kind, bar, data, course, address) {
  const highest = data.indexOf(Math.max(...data));
  const item = document.createElement("li");
  const dot = document.createElement("span");
  dot.className = "desk-dot";
  dot.style.background = colourOf(bar);
  item.append(dot, `${bar.replaceAll("_", " ")} ${sum(data).toLocaleString()}`);
  const most = `most at ${clock(course.minutes[highest])} (${data[highest].toLocaleString()})`;
  if (address) {
    const link = Object.assign(document.createElement("a"), { href: minuteLink(address, course.minutes[highest], kind, bar), textContent: most });
    item.append(link);
  } else item.append(` ${most}`);
  return item;
}
