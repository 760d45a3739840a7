/* The words on the page, by language, and times as people say them. */

const WORDS = {
  en: {
    inbox: "Notifications",
    readAll: "Mark all read",
    empty: "You're all caught up",
    emptyMore: "New notifications appear here the moment they happen.",
    archived: "Archived",
    undo: "Undo",
    archive: "Archive",
    markRead: "Mark as read",
    markUnread: "Mark as unread",
    unread: "unread",
    live: "Live",
    connecting: "Connecting…",
    polling: "Connected (slow path)",
    offline: "Offline, trying again…",
    signedOut: "Signed out. Please sign in again.",
    failed: "That didn't work. Try again in a moment.",
    loading: "Loading…",
    fresh: (n) => (n === 1 ? "1 new notification" : `${n} new notifications`),
    now: "now",
  },
  de: {
    inbox: "Mitteilungen",
    readAll: "Alle gelesen",
    empty: "Alles gelesen",
    emptyMore: "Neues erscheint hier in dem Augenblick, in dem es geschieht.",
    archived: "Archiviert",
    undo: "Rückgängig",
    archive: "Archivieren",
    markRead: "Als gelesen markieren",
    markUnread: "Als ungelesen markieren",
    unread: "ungelesen",
    live: "Live",
    connecting: "Verbinden …",
    polling: "Verbunden (langsamer Weg)",
    offline: "Offline, neuer Versuch …",
    signedOut: "Abgemeldet. Bitte neu anmelden.",
    failed: "Das ging nicht. Bitte gleich noch einmal.",
    loading: "Lädt …",
    fresh: (n) => (n === 1 ? "1 neue Mitteilung" : `${n} neue Mitteilungen`),
    now: "jetzt",
  },
};

export function wordsFor(language) {
  return WORDS[(language || "en").slice(0, 2).toLowerCase()] || WORDS.en;
}

const STEPS = [
  [60, 1, "second"],
  [3600, 60, "minute"],
  [86400, 3600, "hour"],
  [7 * 86400, 86400, "day"],
];

/** "5 min. ago", or the date when it is a week or more. */
export function ago(iso, language, now = Date.now()) {
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000);
  if (seconds < 45) return wordsFor(language).now;
  for (const [limit, unit, name] of STEPS) {
    if (seconds < limit)
      return new Intl.RelativeTimeFormat(language, { style: "narrow", numeric: "auto" }).format(
        -Math.round(seconds / unit),
        name,
      );
  }
  return new Intl.DateTimeFormat(language, { day: "numeric", month: "short" }).format(new Date(iso));
}
