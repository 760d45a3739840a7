/* What the inbox knows: entries by id, newest first, and the two counts. No DOM, no network. */

const PARTS = ["read", "seen", "opened", "archived"];

export class Entries {
  #byId = new Map();
  #gone = new Set();
  unread = 0;
  unseen = 0;

  /** All entries, newest first. */
  list() {
    return [...this.#byId.values()].sort((a, b) => compare(b, a));
  }

  get size() {
    return this.#byId.size;
  }

  get(id) {
    return this.#byId.get(id);
  }

  /** Takes an entry as the server shows it. Returns true if it was new; a second one only brings its state. */
  add(entry, { counts = false } = {}) {
    if (this.#gone.has(entry.id) || entry.archived) return false;
    const known = this.#byId.get(entry.id);
    if (known) {
      Object.assign(known, entry);
      return false;
    }
    this.#byId.set(entry.id, { read: false, ...entry });
    if (counts && !entry.read) {
      this.unread += 1;
      if (!entry.seen) this.unseen += 1;
    }
    return true;
  }

  /** Applies a change of read state and keeps the counts in step; returns the ids that really changed. */
  mark(ids, change) {
    const changed = [];
    for (const id of ids) {
      const entry = this.#byId.get(id);
      if (!entry) continue;
      const parts = implied(change);
      if (PARTS.every((part) => parts[part] === undefined || !!entry[part] === parts[part])) continue;
      this.#count(entry, -1);
      for (const part of PARTS) if (parts[part] !== undefined) entry[part] = parts[part];
      if (entry.archived) {
        this.#byId.delete(id);
        this.#gone.add(id);
      } else this.#count(entry, 1);
      changed.push(id);
    }
    return changed;
  }

  /** Everything is read and seen. */
  markAll() {
    for (const entry of this.#byId.values()) Object.assign(entry, { read: true, seen: true });
    this.unread = this.unseen = 0;
  }

  /** Takes an entry out for the moment; `restore` brings it back. */
  remove(id) {
    const entry = this.#byId.get(id);
    if (!entry) return null;
    this.#count(entry, -1);
    this.#byId.delete(id);
    this.#gone.add(id);
    return entry;
  }

  restore(entry) {
    this.#gone.delete(entry.id);
    this.#byId.set(entry.id, entry);
    this.#count(entry, 1);
  }

  clear() {
    this.#byId.clear();
    this.#gone.clear();
    this.unread = this.unseen = 0;
  }

  #count(entry, by) {
    if (!entry.read) this.unread = Math.max(0, this.unread + by);
    if (!entry.read && !entry.seen) this.unseen = Math.max(0, this.unseen + by);
  }
}

function implied(change) {
  const parts = { ...change };
  if (parts.opened) parts.read = true;
  if (parts.read) parts.seen = true;
  return parts;
}

function compare(a, b) {
  if (a.created_at !== b.created_at) return a.created_at < b.created_at ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
