/* One entry on the page. Everything from outside goes in as text, never as markup. */

import { ago } from "./words.js";

const SWIPE = 90;
const ICONS = {
  archive: "M3 5h14v3H3zM4.5 8v8h11V8M8 11h4",
  read: "M2.5 10.5l4 4M7.5 10.5l3.5 4 7-9",
  unread: "M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7",
};

/** A list item for `entry`. `on` has open(event), archive(), toggle(). */
export function makeItem(entry, { words, language, on }) {
  const item = element("li", "", { part: "item" });
  const behind = element("div", "behind", { "aria-hidden": "true" }, words.archive);
  const card = element("div", "card");
  const url = safeUrl(entry.data?.action_url);
  const main = url ? element("a", "main", { href: url }) : element("button", "main", { type: "button" });
  const text = element("div", "text");
  const top = element("div", "top");
  top.append(
    element("span", "title", { part: "title" }, entry.title),
    element("time", "", { part: "time", datetime: entry.created_at }),
  );
  text.append(top);
  if (entry.body) text.append(element("p", "body", { part: "body" }, entry.body));
  card.append(main, picture(entry), text, element("span", "dot", { "aria-hidden": "true" }), tools(words, on));
  item.append(behind, card);
  main.addEventListener("click", on.open);
  swipeable(item, card, on.archive);
  updateItem(item, entry, { words, language });
  return item;
}

/** Brings state and time up to date. */
export function updateItem(item, entry, { words, language }) {
  item.classList.toggle("unread", !entry.read);
  item.classList.toggle("critical", entry.priority === "critical");
  const time = item.querySelector("time");
  time.textContent = ago(entry.created_at, language);
  time.title = new Date(entry.created_at).toLocaleString(language);
  const state = entry.read ? "" : `, ${words.unread}`;
  item.querySelector(".main").setAttribute("aria-label", `${entry.title}. ${entry.body ?? ""} ${time.textContent}${state}`);
  const toggle = item.querySelector(".toggle");
  toggle.title = entry.read ? words.markUnread : words.markRead;
  toggle.setAttribute("aria-label", toggle.title);
  toggle.querySelector("path").setAttribute("d", entry.read ? ICONS.unread : ICONS.read);
}

export function element(tag, className = "", attributes = {}, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

export function icon(path, box = 20) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  const look = { viewBox: `0 0 ${box} ${box}`, fill: "none", stroke: "currentColor", "stroke-width": "1.6" };
  for (const [name, value] of Object.entries(look)) svg.setAttribute(name, value);
  svg.setAttribute("stroke-linecap", "round");
  svg.setAttribute("stroke-linejoin", "round");
  svg.setAttribute("aria-hidden", "true");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** Web addresses and paths only: a template's `javascript:` goes nowhere. */
export function safeUrl(address) {
  if (!address) return null;
  try {
    const url = new URL(address, document.baseURI);
    return ["http:", "https:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

function picture(entry) {
  const box = element("div", "picture", { "aria-hidden": "true" }, (entry.title || entry.type || "?").trim().charAt(0).toUpperCase());
  box.style.setProperty("--hue", hue(entry.type || ""));
  const address = safeUrl(entry.data?.image);
  if (address) {
    const image = element("img", "", { src: address, alt: "", loading: "lazy", referrerpolicy: "no-referrer" });
    image.addEventListener("load", () => box.replaceChildren(image), { once: true });
    image.loading = "eager";
  }
  return box;
}

function hue(text) {
  let sum = 7;
  for (const letter of text) sum = (sum * 31 + letter.codePointAt(0)) % 360;
  return sum;
}

function tools(words, on) {
  const bar = element("div", "tools");
  const toggle = element("button", "toggle", { type: "button" });
  toggle.append(icon(ICONS.read));
  const archive = element("button", "", { type: "button", title: words.archive, "aria-label": words.archive });
  archive.append(icon(ICONS.archive));
  toggle.addEventListener("click", on.toggle);
  archive.addEventListener("click", on.archive);
  bar.append(toggle, archive);
  return bar;
}

function swipeable(item, card, done) {
  let from = null;
  let moved = 0;
  const end = () => {
    if (from === null) return;
    from = null;
    card.style.transform = "";
    if (Math.abs(moved) > SWIPE) done();
    setTimeout(() => item.classList.remove("swiping", "right"), 200);
  };
  card.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse") [from, moved] = [event.clientX, 0];
  });
  card.addEventListener("pointermove", (event) => {
    if (from === null) return;
    moved = event.clientX - from;
    if (Math.abs(moved) < 8) return;
    item.classList.add("swiping");
    item.classList.toggle("right", moved > 0);
    card.style.transform = `translateX(${moved}px)`;
    card.setPointerCapture(event.pointerId);
  });
  card.addEventListener("pointerup", end);
  card.addEventListener("pointercancel", end);
  card.addEventListener(
    "click",
    (event) => {
      if (Math.abs(moved) > 8) [event.preventDefault(), event.stopPropagation()];
      moved = 0;
    },
    true,
  );
}
