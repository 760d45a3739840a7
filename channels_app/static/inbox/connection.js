/* The live connection: a WebSocket that comes back by itself, and long-polling where there is none. */

import { Unauthorized } from "./rest.js";

const BACKOFF_MS = [500, 1000, 2000, 5000, 10000, 30000];
const TRIES_BEFORE_POLLING = 4;
const ACK_MS = 100;
const NOT_YOU = 4401;

/** Events: `frame` (detail: the frame), `state` (detail: connecting | live | polling | offline | signedOut). */
export class Connection extends EventTarget {
  #socket = null;
  #timers = new Map();
  #failures = 0;
  #refusals = 0;
  #comeBack = null;
  #acks = [];
  #polling = null;
  #offset = 0;
  #heardAt = 0;
  #closed = false;

  constructor({ url, token, renew, rest }) {
    super();
    Object.assign(this, { url, token, renew, rest });
  }

  open() {
    addEventListener("online", this.#online);
    addEventListener("offline", this.#offline);
    document.addEventListener("visibilitychange", this.#visible);
    this.#connect();
  }

  close() {
    this.#closed = true;
    removeEventListener("online", this.#online);
    removeEventListener("offline", this.#offline);
    document.removeEventListener("visibilitychange", this.#visible);
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#polling?.abort();
    this.#socket?.close(1000);
  }

  /** Sends a frame; false if there is no socket to send it on. */
  send(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** The server's time when something was last heard: what a `sync` starts from. */
  get lastSeen() {
    return this.#heardAt ? new Date(this.#heardAt + this.#offset).toISOString() : null;
  }

  #connect() {
    if (this.#closed || this.#socket) return;
    if (!this.url || typeof WebSocket === "undefined") return this.#poll();
    if (!this.#polling) this.#state("connecting");
    let opened = false;
    try {
      this.#socket = new WebSocket(this.url);
    } catch {
      return this.#poll();
    }
    const socket = this.#socket;
    socket.onopen = () => {
      opened = true;
      this.send({ type: "auth", token: this.token(), ...(this.lastSeen && { last_seen: this.lastSeen }) });
    };
    socket.onmessage = (event) => this.#heard(JSON.parse(event.data));
    socket.onclose = (event) => {
      if (this.#socket === socket) this.#lost(event.code, opened);
    };
  }

  #heard(frame) {
    this.#heardAt = Date.now();
    this.#later("silence", this.silence ?? 90000, () => this.#socket?.close(4000));
    if (frame.type === "hello") {
      this.#offset = Date.parse(frame.at) - Date.now();
      this.silence = frame.dead_seconds * 1000;
      this.#failures = this.#refusals = 0;
      this.#polling?.abort();
      this.#polling = null;
      this.#state("live");
    } else if (frame.type === "ping") this.send({ type: "pong" });
    else if (frame.type === "reconnect") this.#comeBack = frame.after_ms;
    else if (frame.type === "notification") this.#ack(frame.notification.id);
    this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
  }

  #ack(id) {
    this.#acks.push(id);
    if (this.#acks.length > 1) return;
    this.#later("acks", ACK_MS, () => this.send({ type: "ack", ids: this.#acks.splice(0, 500) }));
  }

  async #lost(code, opened) {
    this.#socket = null;
    this.#acks = [];
    clearTimeout(this.#timers.get("silence"));
    if (this.#closed) return;
    if (code === NOT_YOU && (this.#refusals++ > 0 || !(await this.renew()))) return this.#state("signedOut");
    this.#failures += 1;
    if (!opened && this.#failures >= TRIES_BEFORE_POLLING) this.#poll();
    else if (!this.#polling) this.#state(navigator.onLine === false ? "offline" : "connecting");
    this.#later("connect", this.#pause(), () => this.#connect());
  }

  /** What the server asked for, else exponential with full jitter. */
  #pause() {
    const asked = this.#comeBack;
    this.#comeBack = null;
    if (asked !== null) return asked;
    return 100 + Math.random() * BACKOFF_MS[Math.min(this.#failures - 1, BACKOFF_MS.length - 1)];
  }

  async #poll() {
    if (this.#polling || this.#closed) return;
    const polling = (this.#polling = new AbortController());
    let since = this.lastSeen ?? new Date().toISOString();
    let failures = 0;
    while (!polling.signal.aborted && !this.#closed) {
      try {
        const answer = await this.rest.poll(since, polling.signal);
        failures = 0;
        this.#state("polling");
        since = this.#polled(answer) ?? since;
      } catch (error) {
        if (polling.signal.aborted) return;
        if (error instanceof Unauthorized) return this.#state("signedOut");
        this.#state("offline");
        await pause(Math.random() * BACKOFF_MS[Math.min(failures++, BACKOFF_MS.length - 1)] + 200);
      }
    }
  }

  #polled(answer) {
    const found = answer?.notifications ?? [];
    const tell = (detail) => this.dispatchEvent(new CustomEvent("frame", { detail }));
    for (const notification of [...found].sort((a, b) => (a.created_at < b.created_at ? -1 : 1)))
      tell({ type: "notification", notification });
    if (answer?.unread_count !== undefined)
      tell({ type: "unread_count", unread: answer.unread_count, unseen: answer.unseen_count ?? answer.unread_count });
    if (answer?.complete === false) tell({ type: "synced", complete: false });
    return answer?.since;
  }

  #state(name) {
    if (name === this.state) return;
    this.state = name;
    this.dispatchEvent(new CustomEvent("state", { detail: name }));
  }

  #later(name, ms, work) {
    clearTimeout(this.#timers.get(name));
    this.#timers.set(name, setTimeout(work, ms));
  }

  #online = () => {
    this.#failures = 0;
    this.#connect();
  };

  #offline = () => this.#state("offline");

  /** A phone that wakes up: the socket may be long dead without anybody having said so. */
  #visible = () => {
    if (document.visibilityState !== "visible") return;
    if (!this.#socket) this.#connect();
    else if (Date.now() - this.#heardAt > 45000) this.#socket.close(4000);
  };
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
