/* The element's face: header, list, empty state, toast. Keeps one list item an entry and moves only what changed. */

import { element, icon, makeItem, updateItem } from "./item.js";
import { STYLE } from "./style.js";

const BELL = "M12 3a6 6 0 0 0-6 6v3.5L4 16.5h16l-2-4V9a6 6 0 0 0-6-6zM10 19.5a2.2 2.2 0 0 0 4 0";
const DONE = "M24 5a19 19 0 1 0 0 38 19 19 0 0 0 0-38zM16 24.5l6 6 11-12.5";
const MINUTE = 60000;

export class View {
  #items = new Map();
  #toastTimer = 0;
  #stateTimer = 0;
  #news = 0;
  loaded = false;

  constructor(host, { words, language }) {
    Object.assign(this, { host, words, language });
    this.root = host.attachShadow({ mode: "open" });
    this.#build();
    this.#watch();
  }

  clear() {
    this.loaded = false;
    for (const item of this.#items.values()) item.remove();
    this.#items.clear();
    this.badges.forEach((badge) => (badge.hidden = true));
  }

  /** Shows the entries as they are now. */
  show(entries, more) {
    const list = entries.list();
    this.#drop(new Set(list.map((entry) => entry.id)));
    let after = null;
    for (const entry of list) after = this.#place(entry, after);
    this.#badge(entries.unseen);
    this.readAll.disabled = entries.unread === 0;
    this.bones.hidden = this.loaded || list.length > 0;
    this.empty.hidden = !this.loaded || list.length > 0;
    this.sentinel.hidden = !more;
  }

  state(name) {
    clearTimeout(this.#stateTimer);
    const good = name === "live" || name === "polling";
    this.statusText.textContent = this.words[name];
    this.panel.dataset.state = name;
    if (good) this.status.hidden = true;
    else this.#stateTimer = setTimeout(() => (this.status.hidden = false), name === "connecting" ? 1500 : 0);
  }

  /** Says it to those who listen instead of looking; many at once are counted. */
  announce(entry) {
    this.#news += 1;
    const many = this.#news > 1;
    this.spoken.textContent = many ? this.words.fresh(this.#news) : `${entry.title}. ${entry.body ?? ""}`;
    setTimeout(() => (this.#news = 0), 1500);
  }

  toast(word, ms, undo) {
    clearTimeout(this.#toastTimer);
    this.toastText.textContent = this.words[word];
    this.toastButton.textContent = undo ? this.words.undo : "";
    this.toastButton.onclick = () => {
      this.toastBox.hidden = true;
      undo?.();
    };
    this.toastBox.hidden = false;
    this.#toastTimer = setTimeout(() => (this.toastBox.hidden = true), ms);
  }

  // --- the list

  #place(entry, after) {
    let item = this.#items.get(entry.id);
    if (item) updateItem(item, entry, this);
    else item = this.#make(entry);
    const where = after ? after.nextElementSibling : this.list.firstElementChild;
    if (where !== item) this.list.insertBefore(item, where);
    return item;
  }

  #make(entry) {
    const { id } = entry;
    const on = {
      open: (event) => this.host.opened(id, event),
      archive: () => this.#archive(id),
      toggle: () => this.host.toggle(id),
    };
    const item = makeItem(entry, { words: this.words, language: this.language, on });
    item.dataset.id = id;
    if (this.loaded) item.classList.add("fresh");
    this.#items.set(id, item);
    this.eyes.observe(item);
    return item;
  }

  #drop(kept) {
    for (const [id, item] of this.#items) {
      if (kept.has(id)) continue;
      this.#items.delete(id);
      this.eyes.unobserve(item);
      item.remove();
    }
  }

  #archive(id) {
    const item = this.#items.get(id);
    const next = item?.nextElementSibling ?? item?.previousElementSibling;
    const focused = item?.contains(this.root.activeElement);
    this.host.archive(id);
    if (focused) next?.querySelector(".main")?.focus();
  }

  #badge(count) {
    for (const badge of this.badges) {
      const text = count > 99 ? "99+" : String(count);
      badge.hidden = count === 0;
      if (badge.textContent !== text) {
        badge.classList.remove("pop");
        void badge.offsetWidth;
        badge.classList.add("pop");
      }
      badge.textContent = text;
    }
    this.bell?.setAttribute("aria-label", `${this.words.inbox} (${count})`);
  }

  // --- the frame around it

  #build() {
    const { words } = this;
    this.panel = element("section", "panel", { part: "panel", "aria-label": words.inbox });
    this.badges = [element("span", "badge", { part: "badge", hidden: "" })];
    this.readAll = element("button", "link", { type: "button", part: "read-all", disabled: "" }, words.readAll);
    this.readAll.addEventListener("click", () => this.host.readAll());
    const header = element("header", "", { part: "header" });
    header.append(element("h2", "", {}, words.inbox), this.badges[0], element("span", "space"), this.readAll);
    this.status = element("div", "status", { role: "status", hidden: "" });
    this.statusText = element("span");
    this.status.append(element("i"), this.statusText);
    this.scroll = element("div", "scroll");
    this.list = element("ul", "", { part: "list", role: "list" });
    this.sentinel = element("div", "more", { hidden: "" });
    this.scroll.append(this.#bones(), this.list, this.#empty(), this.sentinel);
    this.spoken = element("div", "spoken", { "aria-live": "polite" });
    this.panel.append(header, this.status, this.scroll, this.spoken, this.#toast());
    const style = element("style", "", {}, STYLE);
    this.root.append(style, ...this.#bell(), this.panel);
  }

  #bell() {
    if (this.host.getAttribute("display") !== "bell") return [];
    this.panel.hidden = true;
    this.bell = element("button", "bell", { type: "button", part: "bell", "aria-expanded": "false" });
    this.badges.push(element("span", "badge", { hidden: "" }));
    this.bell.append(icon(BELL, 24), this.badges[1]);
    this.bell.addEventListener("click", () => this.#toggle(this.panel.hidden));
    document.addEventListener("click", (event) => {
      if (!event.composedPath().includes(this.host)) this.#toggle(false);
    });
    return [this.bell];
  }

  #toggle(open) {
    this.panel.hidden = !open;
    this.bell.setAttribute("aria-expanded", String(open));
  }

  #bones() {
    this.bones = element("div", "bones", { "aria-label": this.words.loading });
    for (let number = 0; number < 4; number += 1) {
      const bone = element("div", "bone");
      bone.append(element("i"), element("span"));
      this.bones.append(bone);
    }
    return this.bones;
  }

  #empty() {
    this.empty = element("div", "empty", { part: "empty", hidden: "" });
    this.empty.append(icon(DONE, 48), element("b", "", {}, this.words.empty), element("span", "", {}, this.words.emptyMore));
    return this.empty;
  }

  #toast() {
    this.toastBox = element("div", "toast", { part: "toast", role: "status", hidden: "" });
    this.toastText = element("span");
    this.toastButton = element("button", "", { type: "button" });
    this.toastBox.append(this.toastText, this.toastButton);
    return this.toastBox;
  }

  #watch() {
    this.eyes = new IntersectionObserver((found) => this.#saw(found), { root: this.scroll, threshold: 0.6 });
    new IntersectionObserver((found) => found.at(-1).isIntersecting && this.host.more(), {
      root: this.scroll,
      rootMargin: "300px",
    }).observe(this.sentinel);
    document.addEventListener("visibilitychange", () => this.#lookAgain());
    setInterval(() => this.host.isConnected && this.host.refresh(), MINUTE);
    this.panel.addEventListener("keydown", (event) => this.#key(event));
  }

  #saw(found) {
    if (document.visibilityState !== "visible") return;
    for (const one of found) if (one.isIntersecting) this.host.saw(one.target.dataset.id);
  }

  #lookAgain() {
    if (document.visibilityState !== "visible") return;
    for (const item of this.#items.values()) {
      this.eyes.unobserve(item);
      this.eyes.observe(item);
    }
  }

  /** Arrows move, Delete archives, r toggles read, Escape closes the bell's panel. */
  #key(event) {
    if (event.key === "Escape" && this.bell) {
      this.#toggle(false);
      this.bell.focus();
      return;
    }
    const item = event.target.closest("li");
    if (!item || event.ctrlKey || event.metaKey || event.altKey) return;
    const moves = { ArrowDown: item.nextElementSibling, ArrowUp: item.previousElementSibling };
    if (event.key in moves) moves[event.key]?.querySelector(".main").focus();
    else if (event.key === "Delete") this.#archive(item.dataset.id);
    else if (event.key === "r") this.host.toggle(item.dataset.id);
    else return;
    event.preventDefault();
  }
}
