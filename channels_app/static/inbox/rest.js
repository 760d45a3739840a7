/* The inbox's REST calls, with a token that renews itself once when it is refused. */

export class Unauthorized extends Error {}

export class Rest {
  /** `token()` gives the token, `renew()` fetches another and says whether there is one. */
  constructor({ api, user, token, renew }) {
    this.base = `${api.replace(/\/$/, "")}/users/${encodeURIComponent(user)}/notifications`;
    this.token = token;
    this.renew = renew;
  }

  page(cursor, limit = 20) {
    return this.#call(`?limit=${limit}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
  }

  /** Waits for what comes after `since`; ends empty when nothing does. */
  poll(since, signal) {
    return this.#call(`?since=${encodeURIComponent(since)}`, { signal });
  }

  /** action: read, unread, seen, opened or archive. */
  mark(id, action) {
    return this.#call(`/${encodeURIComponent(id)}/${action}`, { method: "POST", keepalive: true });
  }

  readAll() {
    return this.#call("/read_all", { method: "POST", keepalive: true });
  }

  async #call(path, options = {}, again = true) {
    const headers = { Authorization: `Bearer ${this.token()}`, Accept: "application/json" };
    const answer = await fetch(this.base + path, { ...options, headers });
    if (answer.status === 401) {
      if (again && (await this.renew())) return this.#call(path, options, false);
      throw new Unauthorized();
    }
    if (!answer.ok) throw new Error(`${answer.status} from ${path}`);
    return answer.status === 204 ? null : answer.json().catch(() => null);
  }
}
