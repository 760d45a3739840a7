/* Trying to lose one: the crowd, every process with its kill -9, Redis with its wipe, and what the ledger says of it. */

import { $, h, show } from "./dom.js";
import { now, post } from "./server.js";
import { ago, count, LABELS, plain } from "./words.js";

const CROWD = 20_000;
const BACK_MS = 2500;
const ARRIVED = new Set(["sent", "delivered", "read", "opened", "clicked"]);

export class Break {
  #cards = new Map();

  constructor(hurry) {
    this.hurry = hurry;
    $("#crowd").addEventListener("click", () => this.#crowd());
    setInterval(() => this.#ages(), 1000);
  }

  take({ processes, crowd, ledger }) {
    for (const one of processes ?? []) this.#process(one);
    this.#progress(crowd);
    if (ledger) this.#reasons(ledger.reasons);
  }

  /** web itself doesn't answer. */
  away() {
    const card = this.#cards.get("web");
    if (card) card.item.dataset.state = "gone";
  }

  #process({ name, purpose, state, pid, since }) {
    const card = this.#cards.get(name) ?? this.#make(name, purpose);
    if (card.pid && pid && card.pid !== pid) {
      card.restarts += 1;
      card.item.dataset.back = "true";
      setTimeout(() => delete card.item.dataset.back, BACK_MS);
    }
    if (pid) card.pid = pid;
    card.since = since;
    card.item.dataset.state = pid ? state : "gone";
    card.button.disabled = !pid;
    card.facts.textContent = pid ? `pid ${pid} · up ${ago(since)}${card.restarts ? ` · back ${card.restarts}×` : ""}` : "gone; the supervisor brings it back";
  }

  #make(name, purpose) {
    const button = h("button.kill", { type: "button", "aria-label": `kill -9 ${name}`, onclick: () => this.#kill(name) }, "kill -9");
    const facts = h("span.facts");
    const tools = h("div.tools", {}, button);
    if (name === "redis") tools.append(h("button.kill", { type: "button", id: "wipe", onclick: () => this.#act("/demo/redis/wipe", name) }, "wipe"));
    const item = h("li", { "data-process": name }, h("i.lamp"), h("b", {}, name), h("span.purpose", {}, purpose), facts, tools);
    $("#processes").append(item);
    const card = { item, button, facts, pid: 0, restarts: 0, since: now() };
    this.#cards.set(name, card);
    return card;
  }

  #kill(name) {
    this.#cards.get(name).item.dataset.state = "gone";
    this.#act(`/demo/processes/${encodeURIComponent(name)}/kill`, name);
  }

  async #act(path, name) {
    const { item } = this.#cards.get(name);
    item.dataset.hit = "true";
    setTimeout(() => delete item.dataset.hit, 600);
    await post(path).catch(() => {});
    this.hurry();
  }

  async #crowd() {
    $("#crowd").disabled = true;
    try {
      await post("/demo/crowd", { count: CROWD });
      $("#crowd-words").textContent = "Making the crowd…";
      this.waiting = performance.now() + 8000;
    } catch (error) {
      $("#crowd-words").textContent = error.message;
      this.waiting = 0;
    }
    this.hurry();
  }

  #progress(crowd) {
    const running = crowd && !crowd.done;
    if (running) this.waiting = 0;
    $("#crowd").disabled = running || performance.now() < (this.waiting ?? 0);
    if (!crowd || performance.now() < (this.waiting ?? 0)) return;
    const answered = crowd.accepted + crowd.refused;
    const share = Math.round((100 * answered) / crowd.total);
    $("#crowd-progress").setAttribute("aria-valuenow", share);
    $("#crowd-progress").firstElementChild.style.width = `${share}%`;
    $("#crowd-progress").classList.toggle("done", crowd.done);
    const parts = [`${count(crowd.accepted)} of ${count(crowd.total)} accepted`];
    if (crowd.refused) parts.push(`${count(crowd.refused)} refused`);
    if (crowd.posted_again) parts.push(`${count(crowd.posted_again)} posted again under the same key`);
    if (crowd.trouble && running) parts.push(crowd.trouble);
    if (crowd.done) parts.push("done");
    $("#crowd-words").textContent = parts.join(" · ");
  }

  #reasons(reasons) {
    const told = reasons.filter(({ reason, status }) => reason || !ARRIVED.has(status)).slice(0, 12);
    show($("#reasons"), told, () =>
      told.map(({ channel, status, reason, count: number }) => h(`li.${channel}`, {}, h("b", {}, count(number)), `${LABELS[channel]} ${plain(status)}`, reason ? h("span", {}, plain(reason)) : null)),
    );
  }

  #ages() {
    for (const { pid, since, restarts, facts, item } of this.#cards.values()) {
      if (item.dataset.state === "gone") continue;
      facts.textContent = `pid ${pid} · up ${ago(since)}${restarts ? ` · back ${restarts}×` : ""}`;
    }
  }
}
