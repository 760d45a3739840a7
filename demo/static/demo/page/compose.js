/* The form: what is sent to whom, prefilled from the type's example; the same as a curl line. */

import { $, h, icon } from "./dom.js";
import { post } from "./server.js";
import { CHANNELS, LABELS, plain } from "./words.js";

const PRIORITIES = ["critical", "high", "normal", "low"];
const FIRST = { type: "order_shipped", user: "usr_42" };

export class Compose {
  constructor(choices, { changed, sent }) {
    [this.choices, this.changed, this.sent] = [choices, changed, sent];
    this.form = $("#compose");
    this.#fill($("#type"), choices.types.map(({ name, category }) => [name, plain(name), plain(category)]), FIRST.type);
    this.#fill($("#user"), choices.people.map(({ id, name }) => [id, `${name} · ${id}`, ""]), FIRST.user);
    $("#type").addEventListener("change", () => this.#type());
    $("#user").addEventListener("change", () => this.#user());
    $("#priority").addEventListener("change", () => this.#tell());
    this.form.addEventListener("submit", (event) => this.#submit(event));
    addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) this.form.requestSubmit();
    });
    $("#copy").addEventListener("click", (event) => this.#copy(event));
    this.#type();
    this.#user();
  }

  get type() {
    return this.choices.types.find(({ name }) => name === $("#type").value);
  }

  /** The body as the API takes it. Throws when a field holds no JSON. */
  body() {
    const body = { type: this.type.name, target: { type: "user", user_id: $("#user").value }, data: this.#data() };
    const usual = CHANNELS.filter((channel) => this.type.channels.includes(channel));
    const chosen = CHANNELS.filter((channel) => this.chosen.has(channel));
    if (chosen.length && chosen.join() !== usual.join()) body.channels = chosen;
    if ($("#priority").value) body.priority = $("#priority").value;
    return body;
  }

  #fill(select, options, first) {
    const groups = Map.groupBy ? Map.groupBy(options, ([, , group]) => group) : new Map([["", options]]);
    for (const [group, members] of groups) {
      const made = members.map(([value, label]) => h("option", { value, selected: value === first }, label));
      select.append(...(group ? [h("optgroup", { label: group }, ...made)] : made));
    }
  }

  #type() {
    const { type } = this;
    $("#type-words").replaceChildren(
      `${type.description} `,
      h("a", { href: type.texts, target: "_blank", rel: "noopener", title: "In the admin: the next send shows them" }, "Change its words"),
    );
    this.chosen = new Set(type.channels);
    $("#priority").replaceChildren(
      h("option", { value: "" }, `${type.priority} (its own)`),
      ...PRIORITIES.filter((name) => name !== type.priority).map((name) => h("option", { value: name }, name)),
    );
    $("#data").replaceChildren(...Object.entries(type.example).map(([name, value]) => this.#field(name, value)));
    this.#chips();
    this.#tell();
  }

  #user() {
    const user = this.choices.people.find(({ id }) => id === $("#user").value);
    $("#user-words").textContent = user?.story ?? "";
    this.#tell();
  }

  #field(name, value) {
    const kind = typeof value;
    const scalar = kind === "string" || kind === "number";
    const control = scalar
      ? h("input", { name, type: kind === "number" ? "number" : "text", step: "any", value })
      : h("textarea", { name, rows: 2, spellcheck: "false" }, JSON.stringify(value));
    control.dataset.kind = scalar ? kind : "json";
    control.addEventListener("input", () => this.#tell());
    return h(scalar ? "label.field" : "label.field.wide", {}, h("span", {}, plain(name)), control);
  }

  #data() {
    const data = {};
    for (const control of $("#data").querySelectorAll("[name]")) {
      const { kind } = control.dataset;
      data[control.name] = kind === "string" ? control.value : kind === "number" ? Number(control.value) : JSON.parse(control.value);
    }
    return data;
  }

  #chips() {
    const made = CHANNELS.map((channel) => {
      const box = h("input", { type: "checkbox", name: `channel-${channel}`, checked: this.chosen.has(channel) });
      box.addEventListener("change", () => {
        box.checked ? this.chosen.add(channel) : this.chosen.delete(channel);
        this.#tell();
      });
      return h(`label.chip.${channel}`, { title: this.type.channels.includes(channel) ? "one of the type’s own" : "not one of the type’s" }, box, icon(channel), LABELS[channel]);
    });
    $("#chips").replaceChildren(h("legend", {}, "Channels"), ...made);
  }

  #tell() {
    if (!this.chosen) return;
    try {
      const body = this.body();
      this.#error("");
      $("#curl").textContent = this.curl(body);
      this.changed(body);
    } catch {
      this.#error("One of the fields holds no JSON.");
    }
  }

  /** A line for a shell, with the token from demo.env. */
  curl(body) {
    const token = body.priority ? "ADMIN_TOKEN" : this.type.token;
    const text = JSON.stringify(body).replaceAll("'", "'\\''");
    return `. '${this.choices.env}'; curl -s "$API/notifications" -H "Authorization: Bearer $${token}" -H 'Content-Type: application/json' -d '${text}'`;
  }

  async #submit(event) {
    event.preventDefault();
    const button = $("#send-now");
    if (button.dataset.state === "sending") return;
    button.dataset.state = "sending";
    try {
      const body = this.body();
      const told = await post("/demo/send", body);
      this.#error("");
      this.sent({ id: told.notification_id, user: body.target.user_id });
      button.dataset.state = "sent";
      setTimeout(() => delete button.dataset.state, 900);
    } catch (error) {
      this.#error(error.message);
      delete button.dataset.state;
    }
  }

  #error(words) {
    $("#send-error").hidden = !words;
    $("#send-error").textContent = words;
  }

  async #copy(event) {
    event.preventDefault();
    await navigator.clipboard?.writeText($("#curl").textContent).catch(() => {});
    event.target.textContent = "Copied";
    setTimeout(() => (event.target.textContent = "Copy"), 1400);
  }
}
