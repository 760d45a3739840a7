/* Push to this very browser: asked for on a button, kept as a device of whoever's phone is shown. */

import { $ } from "./dom.js";
import { post } from "./server.js";

const WORKER = new URL("./push-worker.js", import.meta.url);
const OPENED = "opened";

export class BrowserPush {
  /** The button is there where an account carries Web Push, and where the browser knows what that is. */
  constructor({ web_push_key: key, api }, phone) {
    this.key = key;
    this.api = new URL(api).pathname;
    this.phone = phone;
    this.button = $("#push-here");
    if (!key || !("serviceWorker" in navigator) || !("PushManager" in window)) return;
    this.button.hidden = false;
    this.button.addEventListener("click", () => this.#ask());
    navigator.serviceWorker.addEventListener("message", ({ data }) => data.kind === OPENED && this.#opened(data));
    navigator.serviceWorker.startMessages();
    this.#openedBefore();
  }

  async #ask() {
    this.button.disabled = true;
    try {
      this.button.textContent = await this.#subscribe(this.phone.user);
    } catch (error) {
      this.button.textContent = error.message || "This browser can’t be subscribed";
    }
    this.button.disabled = false;
  }

  async #subscribe(user) {
    if ((await Notification.requestPermission()) !== "granted") return "The browser says no";
    const { pushManager } = await active(await navigator.serviceWorker.register(WORKER));
    const known = await pushManager.getSubscription();
    if (known && encoded(known.options.applicationServerKey) !== this.key) await known.unsubscribe();
    const subscription = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: this.key });
    await this.#call("PUT", user, "devices", { token: JSON.stringify(subscription), platform: "web", name: "This browser" });
    return `Pushes for ${user} come here`;
  }

  /** The notification was clicked: the push's receipt, as an app tells it. */
  async #opened({ user, id, send }) {
    const path = `notifications/${encodeURIComponent(id)}/opened?via=push&send=${encodeURIComponent(send)}`;
    await this.#call("POST", user, path).catch(() => {});
  }

  /** The click opened this page: what was clicked is in its address. */
  #openedBefore() {
    const asked = new URLSearchParams(location.search);
    if (asked.get(OPENED)) this.#opened({ user: asked.get("user"), id: asked.get("id"), send: asked.get(OPENED) });
  }

  async #call(method, user, path, body) {
    const { token } = await post("/demo/token", { user_id: user });
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    const address = `${this.api}/users/${encodeURIComponent(user)}/${path}`;
    const answer = await fetch(address, { method, headers, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).detail ?? `web answered ${answer.status}`);
  }
}

/** A registration once its worker runs: before that nothing can be subscribed. */
async function active(registration) {
  const worker = registration.installing ?? registration.waiting ?? registration.active;
  if (worker.state !== "activated")
    await new Promise((done) => worker.addEventListener("statechange", () => worker.state === "activated" && done()));
  return registration;
}

function encoded(buffer) {
  const text = btoa(String.fromCharCode(...new Uint8Array(buffer ?? new ArrayBuffer(0))));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
