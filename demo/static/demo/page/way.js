/* One notification's way, lit up stage by stage with the milliseconds each took. */

import { Edges } from "./edges.js";
import { $, h, icon } from "./dom.js";
import { get } from "./server.js";
import { count, duration, LABELS, plain, until } from "./words.js";

const QUICK_MS = 140;
const SLOW_MS = 900;
const QUICK_FOR_MS = 8000;
const FORGET_MS = 60_000;
const LIGHT_MS = 70;
const TRUNK = [["accepted", "Accepted"], ["log", "Log"], ["routed", "Routed"], ["rendered", "Rendered"]];
const LANE = [["queue", "Queue"], ["provider", "Delivered"], ["tracked", "Tracked"]];
const PROVIDERS = { in_app: "inbox", push: "devices", email: "SES", sms: "Twilio" };

export class Way {
  #id = "";
  #timer = 0;
  #since = 0;
  #told = null;

  constructor({ people }, told) {
    this.tell = told;
    this.names = new Map(people.map(({ id, name }) => [id, name]));
    this.edges = new Edges($("#map"), $("#edges"));
    this.#trunk();
    this.#empty();
    setInterval(() => this.#countdowns(), 250);
  }

  follow(id) {
    if (id === this.#id) return;
    this.#id = id;
    this.#since = performance.now();
    this.#told = null;
    this.#reset();
    this.#poll();
  }

  draw() {
    this.edges.draw();
  }

  async #poll() {
    clearTimeout(this.#timer);
    const id = this.#id;
    try {
      const told = await get(`/demo/notifications/${encodeURIComponent(id)}`);
      if (id !== this.#id) return;
      this.#show(told);
    } catch (error) {
      if (id !== this.#id) return;
      if (error.status === 404 && performance.now() - this.#since > QUICK_FOR_MS) {
        $("#way-head").textContent = "There is no such notification here.";
        return;
      }
    }
    const age = performance.now() - this.#since;
    const open = !this.#told || this.#told.took_ms === null || this.#unlit();
    if (open || age < FORGET_MS) this.#timer = setTimeout(() => this.#poll(), open && age < QUICK_FOR_MS ? QUICK_MS : SLOW_MS);
  }

  #unlit() {
    return this.#told.lanes.some(({ verdict, bucket, stages }) => verdict === "send" && bucket === "delivered" && stages.length < 3);
  }

  // --- drawing

  #trunk() {
    $("#trunk").replaceChildren(...TRUNK.map(([name, label]) => this.#node(name, label)));
  }

  #node(name, label) {
    return h("li.node", { "data-stage": name }, h("i.dot"), h("b", {}, label), h("span.ms"));
  }

  #empty() {
    $("#way-head").textContent = "Send something, here or by curl: it lights up.";
    this.#lanes(Object.keys(LABELS).map((channel) => ({ channel, verdict: "", stages: [], tries: [] })));
  }

  #reset() {
    for (const node of $("#map").querySelectorAll(".lit")) node.classList.remove("lit");
    for (const ms of $("#map").querySelectorAll(".ms")) ms.textContent = "";
    $("#took").textContent = "";
    $("#way-head").textContent = "";
    $("#map").dataset.state = "new";
    for (const lane of $("#lanes").children) this.#lane(lane, { channel: lane.dataset.channel, verdict: "", stages: [], tries: [] });
    this.edges.draw();
  }

  #show(told) {
    this.#told = told;
    this.tell(told);
    $("#map").dataset.state = "told";
    $("#way-head").replaceChildren(
      h("b", {}, plain(told.type)),
      ` to ${this.names.get(told.user_id) ?? told.user_id} `,
      h("span.prio", { "data-priority": told.priority }, told.priority),
      h("code", { title: "its id" }, told.notification_id),
    );
    $("#took").replaceChildren(...(told.took_ms === null ? [] : [duration(told.took_ms), h("small", {}, " end to end")]));
    let delay = 0;
    for (const stage of told.trunk) delay = this.#light($(`#trunk [data-stage="${stage.name}"]`), stage, delay);
    if (told.lanes.length) this.#lanes(told.lanes, delay);
    this.edges.draw();
  }

  /** Lights a node after those before it; gives when the next may. */
  #light(node, { name, ms }, delay) {
    node.querySelector(".ms").textContent = name === "accepted" ? "202" : duration(ms);
    if (node.classList.contains("lit")) return delay;
    node.style.setProperty("--after", `${delay}ms`);
    node.classList.add("lit");
    return delay + LIGHT_MS;
  }

  #lanes(lanes, delay = 0) {
    const list = $("#lanes");
    const there = new Map([...list.children].map((item) => [item.dataset.channel, item]));
    const wanted = lanes.map(({ channel }) => there.get(channel) ?? this.#makeLane(channel));
    if (wanted.length !== list.children.length || wanted.some((item, place) => list.children[place] !== item)) list.replaceChildren(...wanted);
    lanes.forEach((lane, place) => this.#lane(wanted[place], lane, delay));
  }

  #makeLane(channel) {
    const nodes = LANE.map(([name, label]) => this.#node(name, name === "provider" ? PROVIDERS[channel] : label));
    return h(
      `li.lane.${channel}`,
      { "data-channel": channel },
      h("span.sign", {}, icon(channel)),
      h("b.name", {}, LABELS[channel]),
      h("ol", {}, ...nodes),
      h("p.says"),
    );
  }

  #lane(item, lane, delay = 0) {
    item.dataset.verdict = lane.verdict;
    item.dataset.bucket = lane.bucket ?? "";
    item.dataset.status = lane.status ?? "";
    for (const stage of lane.stages) delay = this.#light(item.querySelector(`[data-stage="${stage.name}"]`), stage, delay);
    if (this.#told?.lane === "critical" && lane.stages[0]?.ms === 0) item.querySelector(".ms").textContent = "direct";
    const says = item.querySelector(".says");
    const key = JSON.stringify([lane.status, lane.why, lane.due, lane.tries]);
    if (says.dataset.shown === key) return;
    says.dataset.shown = key;
    says.replaceChildren(...(lane.status ? this.#says(lane) : []));
  }

  #says(lane) {
    const { status, bucket, why, setting, due, tries, sends, detail, fell_back_from: from } = lane;
    const failed = tries.filter((one) => one.error);
    const parts = [h("b.status", {}, plain(status))];
    if (bucket === "delivered" && sends > 1) parts.push(` to ${sends} devices`);
    if (from) parts.push(` instead of ${LABELS[from]}`);
    if (failed.length) parts.push(h("span.tries", { title: failed.map((one) => one.words).join("\n") }, `${count(failed.length)} failed ${failed.length > 1 ? "tries" : "try"}`));
    if (due) parts.push(h("span.due", { "data-due": due }, until(due)));
    if (bucket !== "delivered") parts.push(h("span.why", {}, detail || failed.at(-1)?.words || (lane.verdict === "send" ? "" : why)));
    if (setting && bucket !== "delivered" && lane.verdict !== "send") parts.push(h("code", {}, setting));
    return parts.flatMap((part) => [part, " "]);
  }

  #countdowns() {
    for (const due of $("#lanes").querySelectorAll("[data-due]")) due.textContent = until(Number(due.dataset.due));
  }
}
