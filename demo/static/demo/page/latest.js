/* The latest notifications, sent from here or by curl: a click shows any one's way. */

import { $, h } from "./dom.js";
import { ago, CHANNELS, LABELS, plain } from "./words.js";

const PIN_MS = 20_000;

export class Latest {
  #pinnedUntil = 0;
  #chosen = "";
  #newest = 0;
  #first = true;

  constructor({ people }, look) {
    this.names = new Map(people.map(({ id, name }) => [id, name]));
    this.look = look;
    this.list = $("#latest");
    this.list.addEventListener("keydown", (event) => this.#key(event));
    setInterval(() => this.#ages(), 1000);
  }

  choose(id) {
    this.#chosen = id;
    for (const item of this.list.children) {
      item.setAttribute("aria-selected", String(item.dataset.id === id));
      item.tabIndex = item.dataset.id === id ? 0 : -1;
    }
  }

  /** Shows them; gives the id of a newer one that wants to be followed. */
  take(latest) {
    const key = JSON.stringify(latest);
    if (key !== this.shown) this.#show(latest);
    this.shown = key;
    const newest = latest[0];
    if (!newest || newest.at <= this.#newest) return null;
    [this.#newest, this.#first] = [newest.at, false];
    return performance.now() > this.#pinnedUntil && newest.id !== this.#chosen ? newest.id : null;
  }

  #show(latest) {
    const there = new Map([...this.list.children].map((item) => [item.dataset.id, item]));
    const items = latest.map((one) => {
      const fresh = !there.has(one.id) && !this.#first;
      const item = this.#item(one);
      if (fresh) item.classList.add("fresh");
      return item;
    });
    if (!items.length) items.push(h("p.empty", {}, "Nothing yet. Press Send, or paste the curl line into a shell."));
    const left = this.list.scrollLeft;
    this.list.replaceChildren(...items);
    this.list.scrollLeft = left;
    this.choose(this.#chosen);
  }

  /** What was chosen by hand stays for a while, whatever comes. */
  pin() {
    this.#pinnedUntil = performance.now() + PIN_MS;
  }

  unpin() {
    this.#pinnedUntil = 0;
  }

  #item({ id, type, user, at, priority, channels }) {
    const lights = CHANNELS.filter((channel) => channel in channels).map((channel) =>
      h(`i.${channel}`, { "data-bucket": channels[channel], title: `${LABELS[channel]}: ${plain(channels[channel])}` }),
    );
    return h(
      "button.item",
      { type: "button", role: "option", "data-id": id, "data-priority": priority, onclick: () => this.look(id) },
      h("b", {}, plain(type)),
      h("span.who", {}, this.names.get(user) ?? user),
      h("span.foot", {}, h("span.lights", {}, ...lights), h("time", { "data-at": at }, ago(at))),
    );
  }

  #ages() {
    for (const time of this.list.querySelectorAll("time")) time.textContent = ago(Number(time.dataset.at));
  }

  #key(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const items = [...this.list.querySelectorAll(".item")];
    const next = items[items.indexOf(document.activeElement) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
    this.look(next.dataset.id);
  }
}
