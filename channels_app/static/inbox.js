/* <notification-inbox>: a live inbox for any page, without dependencies.

   <script type="module" src="https://…/static/inbox.js"></script>
   <notification-inbox api="https://…/api/v1" socket="wss://…/ws/inbox/" user="usr_42" token="npu_…"></notification-inbox>

   Attributes: api, socket (absent: long-polling), user, token or token-url (answers {"token": …}, asked with the page's
   cookies whenever the token is over), display ("panel" or "bell"), theme ("light", "dark"), lang.
   Property: tokenSource, an async function that returns a token. Events: notification (detail: the entry),
   unread (detail: {unread, unseen}), open (detail: the entry; cancelable), state, unauthorized. */

import { Connection } from "./inbox/connection.js";
import { Entries } from "./inbox/entries.js";
import { Rest, Unauthorized } from "./inbox/rest.js";
import { View } from "./inbox/view.js";
import { wordsFor } from "./inbox/words.js";

const UNDO_MS = 5000;
const SEEN_MS = 600;
const SENDS = {
  read: "mark_read",
  unread: "mark_unread",
  seen: "mark_seen",
  opened: "mark_opened",
  archive: "archive",
};

export class NotificationInbox extends HTMLElement {
  static observedAttributes = ["api", "socket", "user", "token"];

  #entries = new Entries();
  #view = null;
  #rest = null;
  #connection = null;
  #cursor = null;
  #loading = false;
  #catchingUp = true;
  #archiving = new Map();
  #seen = new Set();
  #seenTimer = 0;
  #starting = 0;
  #told = "";

  tokenSource = null;

  connectedCallback() {
    const language = this.lang || document.documentElement.lang || navigator.language || "en";
    this.#view ??= new View(this, { words: wordsFor(language), language });
    this.#start();
    addEventListener("pagehide", this.#flush);
  }

  disconnectedCallback() {
    removeEventListener("pagehide", this.#flush);
    this.#flush();
    this.#connection?.close();
    this.#connection = null;
  }

  attributeChangedCallback(name, before, after) {
    if (before === after || !this.isConnected || !this.#view) return;
    if (name === "token" && this.#rest) {
      if (this.#connection?.state === "signedOut") this.#start();
      return;
    }
    this.#start();
  }

  get unread() {
    return this.#entries.unread;
  }

  get unseen() {
    return this.#entries.unseen;
  }

  // --- what the view asks for

  /** Follows an entry: opened and read. */
  opened(id, event) {
    const entry = this.#entries.get(id);
    const go = this.dispatchEvent(new CustomEvent("open", { detail: { ...entry }, cancelable: true, bubbles: true, composed: true }));
    if (!go) event.preventDefault();
    this.#mark([id], { opened: true, read: true }, "opened", { rest: true });
  }

  toggle(id) {
    const read = !this.#entries.get(id).read;
    this.#mark([id], { read }, read ? "read" : "unread");
  }

  /** Takes it away now; the server hears of it when there is no undo any more. */
  archive(id) {
    const entry = this.#entries.remove(id);
    if (!entry) return;
    const timer = setTimeout(() => this.#archiveNow(id), UNDO_MS);
    this.#archiving.set(id, timer);
    this.#show();
    this.#view.toast("archived", UNDO_MS, () => {
      clearTimeout(this.#archiving.get(id));
      this.#archiving.delete(id);
      this.#entries.restore(entry);
      this.#show();
    });
  }

  readAll() {
    this.#entries.markAll();
    this.#show();
    if (!this.#connection?.send({ type: "read_all" })) this.#try(this.#rest.readAll());
  }

  /** These were before the user's eyes. */
  saw(id) {
    const entry = this.#entries.get(id);
    if (!entry || entry.seen || entry.read) return;
    this.#seen.add(id);
    clearTimeout(this.#seenTimer);
    this.#seenTimer = setTimeout(() => this.#mark([...this.#take(this.#seen)], { seen: true }, "seen"), SEEN_MS);
  }

  /** Time has passed: what says how long ago it was is said anew. */
  refresh() {
    this.#show();
  }

  async more() {
    if (this.#loading || this.#cursor === null) return;
    await this.#load(this.#cursor);
  }

  // --- inside

  #start() {
    clearTimeout(this.#starting);
    this.#starting = setTimeout(() => this.#begin());
  }

  #begin() {
    this.#connection?.close();
    this.#entries.clear();
    this.#view.clear();
    this.#catchingUp = true;
    const [api, user] = [this.getAttribute("api"), this.getAttribute("user")];
    if (!api || !user || !this.isConnected) return;
    const token = () => this.getAttribute("token") ?? "";
    const renew = () => this.#renew();
    this.#rest = new Rest({ api, user, token, renew });
    this.#connection = new Connection({ url: this.getAttribute("socket"), token, renew, rest: this.#rest });
    this.#connection.addEventListener("frame", (event) => this.#frame(event.detail));
    this.#connection.addEventListener("state", (event) => this.#state(event.detail));
    const ready = token() ? Promise.resolve(true) : this.#renew();
    const connection = this.#connection;
    ready.then((found) => {
      if (this.#connection !== connection) return;
      if (!found) return this.#state("signedOut");
      this.#load(undefined);
      connection.open();
    });
  }

  async #renew() {
    const before = this.getAttribute("token");
    try {
      const source = this.getAttribute("token-url");
      const token = this.tokenSource
        ? await this.tokenSource()
        : source && (await (await fetch(source, { credentials: "include" })).json()).token;
      if (token) this.setAttribute("token", token);
    } catch {
      return false;
    }
    return !!this.getAttribute("token") && this.getAttribute("token") !== before;
  }

  async #load(cursor) {
    this.#loading = true;
    try {
      const page = await this.#rest.page(cursor);
      for (const entry of page.notifications) this.#entries.add(entry);
      if (cursor !== undefined || this.#cursor === null) this.#cursor = page.cursor ?? null;
      if (cursor === undefined) this.#counts(page.unread_count, page.unseen_count ?? page.unread_count);
      this.#view.loaded = true;
    } catch (error) {
      if (error instanceof Unauthorized) this.#state("signedOut");
      else setTimeout(() => this.#rest && this.isConnected && this.#load(cursor), 3000 + Math.random() * 4000);
    } finally {
      this.#loading = false;
      this.#show();
    }
  }

  #frame(frame) {
    if (frame.type === "hello") this.#catchingUp = true;
    else if (frame.type === "synced") {
      this.#catchingUp = false;
      if (!frame.complete) this.#load(undefined);
    } else if (frame.type === "notification") return this.#arrived(frame.notification);
    else if (frame.type === "unread_count") this.#counts(frame.unread, frame.unseen);
    else if (frame.type === "read") this.#elsewhere(frame);
    else if (frame.type === "error" && !this.#catchingUp) this.#view.toast("failed", UNDO_MS);
    this.#show();
  }

  #arrived(entry) {
    const live = !this.#catchingUp;
    if (this.#entries.add(entry, { counts: live }) && live) {
      this.#view.announce(entry);
      this.dispatchEvent(new CustomEvent("notification", { detail: { ...entry }, bubbles: true, composed: true }));
    }
    this.#show();
  }

  #elsewhere({ ids = [], all, read, seen, opened, archived }) {
    if (all) this.#entries.markAll();
    else if (archived === false) this.#load(undefined);
    else this.#entries.mark(ids, { read, seen, opened, archived });
  }

  #counts(unread, unseen) {
    [this.#entries.unread, this.#entries.unseen] = [unread, unseen];
  }

  #state(name) {
    this.#view.state(name);
    this.dispatchEvent(new CustomEvent("state", { detail: name, bubbles: true, composed: true }));
    if (name === "signedOut") this.dispatchEvent(new CustomEvent("unauthorized", { bubbles: true, composed: true }));
    if (name === "live" && this.#view.loaded) this.#load(undefined);
    if (name === "polling") this.#catchingUp = false;
  }

  #mark(ids, change, action, { rest = false } = {}) {
    const changed = this.#entries.mark(ids, change);
    this.#show();
    if (!changed.length) return;
    if (!rest && this.#connection?.send({ type: SENDS[action], ids: changed })) return;
    for (const id of changed) this.#try(this.#rest.mark(id, action));
  }

  #archiveNow(id) {
    clearTimeout(this.#archiving.get(id));
    this.#archiving.delete(id);
    if (!this.#connection?.send({ type: "archive", ids: [id] })) this.#try(this.#rest?.mark(id, "archive"));
  }

  #flush = () => {
    for (const id of [...this.#archiving.keys()]) this.#archiveNow(id);
  };

  #try(promise) {
    promise?.catch((error) => (error instanceof Unauthorized ? this.#state("signedOut") : this.#view.toast("failed", UNDO_MS)));
  }

  #take(set) {
    const taken = [...set];
    set.clear();
    return taken;
  }

  #show() {
    this.#view.show(this.#entries, this.#cursor !== null);
    const counts = { unread: this.#entries.unread, unseen: this.#entries.unseen };
    if (JSON.stringify(counts) === this.#told) return;
    this.#told = JSON.stringify(counts);
    this.dispatchEvent(new CustomEvent("unread", { detail: counts, bubbles: true, composed: true }));
  }
}

customElements.define("notification-inbox", NotificationInbox);
