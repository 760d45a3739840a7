// How everything stands: tiles, what is urgent, tables. Everything is text put into elements, never HTML.
function element(tag, text, className = "") {
  return Object.assign(document.createElement(tag), { textContent: text, className });
}

function age(seconds) {
  for (const [size, unit] of [[86400, "d"], [3600, "h"], [60, "min"]]) {
    if (seconds >= 2 * size) return `${Math.round(seconds / size)} ${unit}`;
  }
  return `${Math.round(seconds)} s`;
}

function tile(name, value, says, tone = "") {
  const box = element("div", "", `desk-tile ${tone}`);
  box.append(element("dt", name), element("dd", value), element("p", says));
  return box;
}

// A breaker's words, for somebody who was just woken.
const STATES = { closed: "takes sends", half_open: "trying a few", open: "shut: it fails", retry_after: "asked us to wait", paused: "paused" };

function lastWhole(values) {
  return values.length > 1 ? values[values.length - 2] : 0;
}

function tiles(look) {
  const { course, stands } = look;
  const parked = sum(Object.values(stands.parked).map((each) => each.count));
  const waiting = sum(stands.waiting.map((each) => each.count));
  const retries = sum(stands.waiting.filter((each) => each.kind === "retry").map((each) => each.count));
  const behind = sum(stands.lags.map((each) => each.behind));
  const at = (kind) => (course ? sum(Object.values(course.told[kind]).map(lastWhole)) : null);
  const known = (value) => (value === null || value === undefined ? "?" : value.toLocaleString());
  const p95 = course?.p95.all ? lastWhole(course.p95.all) : null;
  return [
    tile("Accepted", known(course ? lastWhole(course.accepted) : null), "in the last whole minute"),
    tile("Delivered", known(at("delivered")), "in the last whole minute"),
    tile("Dropped", known(at("dropped")), "in the last whole minute"),
    tile("Failed", known(at("failed")), "in the last whole minute", at("failed") ? "desk-warning" : ""),
    tile("p95, the way", p95 === null ? "–" : way(p95), "in the last whole minute"),
    tile("Lag", stands.away.log ? "?" : known(behind), "records on all topics"),
    tile("Retry queue", stands.away.database ? "?" : known(retries), `of ${waiting.toLocaleString()} that wait`),
    tile("Parked", stands.away.database ? "?" : known(parked), "dead letters", parked ? "desk-warning" : ""),
    tile("Sockets", stands.away.redis ? "?" : known(stands.sockets), `${stands.processes} process${stands.processes === 1 ? "" : "es"} alive`),
  ];
}

function urgent(stands, addresses) {
  const found = [];
  for (const [part, why] of Object.entries(stands.away)) found.push([`${part} is away: ${why}`, ""]);
  for (const topic of stands.stopped) found.push([`${topic} is stopped: its quarantine filled too fast.`, addresses.controls]);
  for (const each of stands.breakers) {
    if (each.state !== "closed") found.push([`${each.account}: ${STATES[each.state]}${each.why ? `, ${each.why}` : ""}`, addresses.controls]);
  }
  for (const each of stands.held) found.push([`${each.name} is ${each.mode}: ${each.why} (${each.by})`, addresses.controls]);
  for (const spool of stands.spools) found.push([`The spool ${spool.name} on ${spool.node} holds ${spool.undone.toLocaleString()} lines.`, ""]);
  return found.map(([text, address]) => {
    const row = element("p", text, "desk-urgent");
    if (address) row.append(" ", Object.assign(element("a", "Controls"), { href: address }));
    return row;
  });
}

function rows(table, headers, lines, empty) {
  if (!lines.length) {
    table.replaceChildren(Object.assign(element("caption", empty)));
    return;
  }
  const head = element("thead", "");
  const body = element("tbody", "");
  head.append(rowOf("th", headers));
  body.append(...lines.map((line) => rowOf("td", line)));
  table.replaceChildren(head, body);
}

function rowOf(tag, cells) {
  const row = element("tr", "");
  row.append(...cells.map((cell) => (cell instanceof Node ? wrap(tag, cell) : element(tag, String(cell)))));
  return row;
}

function wrap(tag, node) {
  const cell = element(tag, "");
  cell.append(node);
  return cell;
}

function tables(stands, addresses) {
  const of = (name) => document.querySelector(`[data-table="${name}"]`);
  const lags = [...stands.lags].sort((one, other) => other.behind - one.behind);
  rows(of("lags"), ["Topic", "Behind", "Oldest"], lags.map((each) => [each.topic, each.behind.toLocaleString(), each.oldest_s ? `> ${age(each.oldest_s)}` : ""]),
    stands.away.log ? "The log is away." : "Nothing was ever put on it.");
  rows(of("breakers"), ["Account", "State", "Share", "Rate"], stands.breakers.map((each) => [each.account, STATES[each.state], `${Math.round(each.share * 100)} %`, each.rate ? `${each.rate.toLocaleString()}/s` : "no limit"]),
    "No accounts.");
  rows(of("waiting"), ["Kind", "Rows", "Overdue"], stands.waiting.map((each) => [each.kind.replace("_", " "), each.count.toLocaleString(), each.late_ms > 1000 ? age(each.late_ms / 1000) : ""]),
    stands.away.database ? "The database is away." : "Nothing waits.");
  const parked = Object.entries(stands.parked);
  const link = (reason) => addresses.workbench
    ? Object.assign(element("a", reason.replaceAll("_", " ")), { href: `${addresses.workbench}?state__exact=parked&reason=${encodeURIComponent(reason)}` })
    : reason.replaceAll("_", " ");
  rows(of("parked"), ["Reason", "Letters", "What it means"], parked.map(([reason, each]) => [link(reason), each.count.toLocaleString(), each.says]),
    stands.away.database ? "The database is away." : "Nothing is parked.");
}
