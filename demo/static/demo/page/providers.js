/* A switch for each provider: "this provider is failing", and how. */

import { $, h } from "./dom.js";
import { post } from "./server.js";

const OK = "ok";
const USUAL = "transient";
const BREAKERS = { open: "breaker open", half_open: "breaker half-open", retry_after: "waits as it was told", paused: "paused" };

export class Providers {
  #rows = new Map();

  constructor({ providers, modes }) {
    for (const provider of providers) this.#rows.set(provider.name, this.#row(provider, modes));
    $("#providers").append(...[...this.#rows.values()].map(({ row }) => row));
  }

  take(told) {
    for (const [name, parts] of this.#rows) {
      const { mode = OK, breaker = "closed" } = told?.[name] ?? {};
      if (performance.now() > parts.until) this.#set(parts, mode);
      parts.breaker.textContent = BREAKERS[breaker] ?? "";
    }
  }

  #row({ name, label, channel }, modes) {
    const box = h("input", { type: "checkbox", role: "switch", id: `fails-${name}`, "aria-label": `${label} is failing` });
    const how = h("select", { "aria-label": `How ${label} fails` }, ...modes.map((mode) => h("option", { value: mode.name }, mode.words)));
    const fine = h("span.fine", {}, "works");
    const breaker = h("small.breaker");
    const row = h(`li.${channel}`, { "data-provider": name }, h("label", { for: `fails-${name}` }, h("i.lamp"), h("b", {}, label)), fine, how, breaker, box);
    const parts = { row, box, how, fine, breaker, until: 0 };
    box.addEventListener("change", () => this.#switch(name, parts, box.checked ? how.value || USUAL : OK));
    how.addEventListener("change", () => this.#switch(name, parts, how.value));
    this.#set(parts, OK);
    return parts;
  }

  async #switch(provider, parts, mode) {
    parts.until = performance.now() + 1500;
    this.#set(parts, mode);
    await post("/demo/switches", { provider, mode }).catch(() => (parts.until = 0));
  }

  #set({ row, box, how, fine }, mode) {
    const failing = mode !== OK;
    box.checked = failing;
    row.classList.toggle("failing", failing);
    how.hidden = !failing;
    fine.hidden = failing;
    if (failing) how.value = mode;
  }
}
