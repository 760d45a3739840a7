/* The drawn phone: a real inbox of a real user, and pushes that slide in from the top. */

import { $, h } from "./dom.js";
import { post } from "./server.js";

const BANNER_MS = 6000;
const MOST_BANNERS = 2;

export class Phone {
  #shown = new Set();

  constructor({ people, api, socket }, changed) {
    this.changed = changed;
    this.inbox = $("#inbox");
    this.choice = $("#phone-user");
    this.choice.append(...people.filter(({ erased }) => !erased).map(({ id, name }) => h("option", { value: id }, name)));
    this.inbox.tokenSource = async () => (await post("/demo/token", { user_id: this.user })).token;
    this.inbox.setAttribute("api", here(api));
    this.inbox.setAttribute("socket", here(socket));
    this.inbox.setAttribute("user", this.user);
    this.inbox.addEventListener("unread", ({ detail }) => this.#badge(detail.unseen));
    this.inbox.addEventListener("open", (event) => event.preventDefault());
    this.choice.addEventListener("change", () => this.#switch());
    this.#clock();
  }

  get user() {
    return this.choice.value;
  }

  of(user) {
    if (user === this.user || ![...this.choice.options].some(({ value }) => value === user)) return;
    this.choice.value = user;
    this.#switch();
  }

  /** A push came for this user: once a notification, however many devices it went to. */
  banner({ notification_id: id, title, body, send_id: send }) {
    if (this.#shown.has(id)) return;
    this.#shown.add(id);
    const made = h("article.banner", { "data-send": send }, h("span.app"), h("div", {}, h("p", {}, h("b", {}, title || "Harbor"), h("time", {}, "now")), h("p.body", {}, body)));
    $("#banners").prepend(made);
    for (const old of [...$("#banners").children].slice(MOST_BANNERS)) old.remove();
    setTimeout(() => made.classList.add("leaving"), BANNER_MS);
    made.addEventListener("animationend", () => made.classList.contains("leaving") && made.remove());
    made.addEventListener("click", () => {
      made.classList.add("leaving");
      this.#opened(id, send);
    });
  }

  /** What an app tells when its push was opened: APNs and FCM never say what became of one. */
  async #opened(id, send) {
    const user = this.user;
    const token = await this.inbox.tokenSource();
    const path = `${this.inbox.getAttribute("api")}/users/${encodeURIComponent(user)}/notifications/${id}/opened?via=push&send=${encodeURIComponent(send)}`;
    await fetch(path, { method: "POST", headers: { Authorization: `Bearer ${token}` } }).catch(() => {});
  }

  #switch() {
    $("#banners").replaceChildren();
    this.inbox.removeAttribute("token");
    this.inbox.setAttribute("user", this.user);
    this.changed(this.user);
  }

  #badge(unseen) {
    const badge = $("#tab-badge");
    badge.hidden = !unseen;
    badge.textContent = unseen > 99 ? "99+" : unseen;
  }

  #clock() {
    const show = () => ($("#clock").textContent = new Date().toLocaleTimeString("en", { hour: "2-digit", minute: "2-digit", hour12: false }));
    show();
    setInterval(show, 5000);
  }
}

/** The same server by the name this page was opened with: another name would be another origin. */
function here(address) {
  const found = new URL(address);
  found.hostname = location.hostname;
  return found.href.replace(/\/$/, address.endsWith("/") ? "/" : "");
}
