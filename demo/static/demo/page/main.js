/* The page: one poll for the state of everything, one for the notification that is looked at. */

import { Break } from "./break.js";
import { BrowserPush } from "./browser-push.js";
import { Compose } from "./compose.js";
import { Explain } from "./explain.js";
import { Latest } from "./latest.js";
import { Ledger } from "./ledger.js";
import { Outbox } from "./outbox.js";
import { Phone } from "./phone.js";
import { Providers } from "./providers.js";
import { $, $$, h } from "./dom.js";
import { get, setClock } from "./server.js";
import { Way } from "./way.js";
import { duration, plain } from "./words.js";

const CALM_MS = 1000;
const BUSY_MS = 400;
const AWAY_MS = 500;
const BUSY_FOR_MS = 6000;

class Page {
  busyUntil = 0;
  web = 0;

  constructor(choices) {
    this.choices = choices;
    this.ledger = new Ledger();
    this.break = new Break((soon) => this.hurry(soon));
    this.providers = new Providers(choices);
    this.way = new Way(choices, (told) => this.#told(told));
    this.latest = new Latest(choices, (id) => this.look(id, { pin: true }));
    this.phone = new Phone(choices, (user) => this.outbox.of(user));
    new BrowserPush(choices, this.phone);
    this.outbox = new Outbox(choices, (message) => this.phone.banner(message), (id) => this.look(id, { pin: true }));
    const explain = new Explain();
    this.compose = new Compose(choices, { changed: (body) => explain.ask(body), sent: (told) => this.sent(told) });
    this.outbox.of(this.phone.user);
    this.#links(choices.links);
    this.#tabs();
    const asked = new URLSearchParams(location.search).get("id");
    if (asked) this.look(asked, { pin: true });
    this.#poll();
  }

  /** What was just sent is followed, on its receiver's phone. */
  sent({ id, user }) {
    this.mine = id;
    $("#told").textContent = "202 accepted";
    this.phone.of(user);
    this.latest.unpin();
    this.look(id);
    this.hurry();
  }

  /** Under the button: what became of what was sent here. */
  #told({ notification_id: id, status, took_ms: took }) {
    if (id !== this.mine) return;
    const to = (name, label) => h("button", { type: "button", onclick: () => this.tab(name) }, label);
    const words = took === null ? "202 accepted" : h("b", {}, `${plain(status)} in ${duration(took)}`);
    $("#told").replaceChildren(words, to("phone", "the phone"), to("way", "its way"));
  }

  look(id, { pin = false } = {}) {
    if (pin) this.latest.pin();
    this.latest.choose(id);
    this.way.follow(id);
    history.replaceState(null, "", `?id=${encodeURIComponent(id)}`);
  }

  hurry() {
    this.busyUntil = performance.now() + BUSY_FOR_MS;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#poll(), 60);
  }

  async #poll() {
    clearTimeout(this.timer);
    if (this.polling) return;
    this.polling = true;
    let pause = performance.now() < this.busyUntil ? BUSY_MS : CALM_MS;
    try {
      this.#take(await get(`/demo/state?user=${encodeURIComponent(this.phone.user)}`));
      this.#link("live");
      if (this.ledger.moving) pause = BUSY_MS;
    } catch {
      this.#link("away");
      this.break.away();
      pause = AWAY_MS;
    }
    this.polling = false;
    this.timer = setTimeout(() => this.#poll(), document.hidden ? CALM_MS * 3 : pause);
  }

  #take(state) {
    setClock(state.at);
    this.ledger.take(state.ledger, state.at);
    this.break.take(state);
    this.providers.take(state.providers);
    if (state.outbox) this.outbox.mark(state.outbox);
    const newest = this.latest.take(state.latest ?? []);
    if (newest) this.look(newest);
  }

  #link(state) {
    const shown = $("#link-state");
    shown.dataset.state = state;
    shown.lastElementChild.textContent = state === "live" ? "live" : "web is gone, waiting for it";
  }

  #links(links) {
    $("#links").append(...links.map(({ label, href, hint }) => h("a", { href, title: hint, target: "_blank", rel: "noopener" }, label)));
  }

  #tabs() {
    for (const tab of $$(".tabs button")) tab.addEventListener("click", () => this.tab(tab.dataset.to));
  }

  tab(name) {
    document.body.dataset.tab = name;
    for (const tab of $$(".tabs button")) tab.toggleAttribute("aria-current", tab.dataset.to === name);
    scrollTo({ top: 0 });
    this.way.draw();
  }
}

window.page = new Page(JSON.parse($("#choices").textContent));
