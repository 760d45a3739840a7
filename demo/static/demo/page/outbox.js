/* What the sandbox's providers took for the user on the phone: pushes, texts, mails as they would be seen. */

import { $, $$, h, show } from "./dom.js";
import { get } from "./server.js";
import { ago, plain } from "./words.js";

const SHOWN = 12;

export class Outbox {
  #user = "";
  #mark = "";
  #known = null;
  #letter = "";
  #part = "html";

  constructor({ people }, pushed, look) {
    this.devices = Object.assign({}, ...people.map(({ devices }) => devices));
    this.names = new Map(people.map(({ id, name }) => [id, name]));
    [this.pushed, this.look] = [pushed, look];
    for (const button of $$("[data-part]")) button.addEventListener("click", () => this.#show(button.dataset.part));
    setInterval(() => $$(".outbox time").forEach((time) => (time.textContent = ago(Number(time.dataset.at)))), 1000);
  }

  of(user) {
    if (user === this.#user) return;
    [this.#user, this.#mark, this.#known, this.#letter] = [user, "", null, ""];
    $("#outbox-head").textContent = `for ${this.names.get(user) ?? user}`;
    this.#fetch();
  }

  /** The newest row the server has: another one means that there is something new. */
  mark(mark) {
    const key = `${this.#user} ${mark}`;
    if (key !== this.#mark) this.#fetch().then((done) => done && (this.#mark = key));
  }

  async #fetch() {
    const user = this.#user;
    try {
      const { messages } = await get(`/demo/outbox?user=${encodeURIComponent(user)}`);
      if (user === this.#user) this.#take(messages);
      return true;
    } catch {
      return false;
    }
  }

  #take(messages) {
    const fresh = this.#known && messages.filter(({ send_id: id }) => !this.#known.has(id));
    this.fresh = new Set(fresh?.map(({ send_id: id }) => id));
    this.#known = new Set(messages.map(({ send_id: id }) => id));
    const of = (name) => messages.filter(({ channel }) => channel === name);
    this.#list("push", $("#pushes"), of("push"), (one) => this.#push(one), "No push yet.");
    this.#list("sms", $("#texts"), of("sms"), (one) => this.#text(one), "No SMS yet: it is opt-in.");
    this.mails = of("email");
    this.#list("email", $("#mails"), this.mails, (one) => this.#mail(one), "No mail yet.");
    if (fresh?.some(({ channel }) => channel === "email") || !this.mails.some(({ send_id: id }) => id === this.#letter)) this.#open(this.mails[0]);
    for (const one of fresh?.filter(({ channel }) => channel === "push").reverse() ?? []) this.pushed(one);
  }

  #list(name, list, messages, make, empty) {
    $(`#${name}-count`).textContent = messages.length || "";
    const key = messages.map(({ send_id: id, received, attempt }) => [id, received, attempt]);
    show(list, [this.#user, key], () => (messages.length ? messages.slice(0, SHOWN).map(make) : h("li.empty", {}, empty)));
  }

  #item(tag, one, ...children) {
    const made = h(tag, { "data-send": one.send_id, "data-notification": one.notification_id, onclick: () => this.look(one.notification_id) }, ...children);
    if (this.fresh.has(one.send_id)) made.classList.add("fresh");
    return made;
  }

  #when(one) {
    const at = Date.parse(one.at);
    return h("time", { "data-at": at }, ago(at));
  }

  #push(one) {
    const twice = one.received > 1 ? h("em", {}, ` ×${one.received}`) : null;
    return this.#item("li.push-card", one, h("span.app"), h("div", {}, h("p", {}, h("b", {}, one.title), this.#when(one)), h("p.body", {}, one.body), h("p.to", {}, `${one.provider.toUpperCase()} · ${this.devices[one.address] ?? one.address}`, twice)));
  }

  #text(one) {
    return this.#item("li.bubble", one, h("p", {}, one.body), h("p.to", {}, one.address, " · ", this.#when(one)));
  }

  #mail(one) {
    const made = this.#item("li", one);
    made.append(h("button", { type: "button", onclick: () => this.#open(one) }, h("b", {}, one.title || plain(one.type)), this.#when(one)));
    return made;
  }

  #open(one) {
    this.#letter = one?.send_id ?? "";
    for (const item of $("#mails").children) item.classList.toggle("open", item.dataset.send === this.#letter);
    this.#show(this.#part);
  }

  #show(part) {
    this.#part = part;
    for (const button of $$("[data-part]")) button.setAttribute("aria-pressed", String(button.dataset.part === part));
    const one = this.mails?.find(({ send_id: id }) => id === this.#letter);
    show($("#letter"), [part, one?.send_id, one?.received], () => (one ? this.#paper(one, part) : []));
  }

  #paper(one, part) {
    const head = h("header", {}, h("b", {}, one.title), h("span", {}, `to ${one.address} · ${one.provider.toUpperCase()}`));
    const html = part === "html" && one.html;
    return [head, html ? h("iframe", { sandbox: "", srcdoc: one.html, title: `Mail: ${one.title}`, loading: "lazy" }) : h("pre", {}, one.body)];
  }
}
