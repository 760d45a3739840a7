/* Times, names and counts in words. */

import { now } from "./server.js";

export const LABELS = { in_app: "In-app", push: "Push", email: "Email", sms: "SMS" };
export const CHANNELS = Object.keys(LABELS);
export const VERDICTS = { send: "goes out", drop: "stays off", defer: "waits" };

const whole = new Intl.NumberFormat("en");

export const count = (number) => whole.format(Math.round(number));
export const plain = (name) => name.replaceAll("_", " ");

/** 12 ms, 1.24 s, 3 min. */
export function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  return `${Math.round(ms / 60_000)} min`;
}

/** How long ago, from ms. */
export function ago(at) {
  const seconds = Math.max(0, (now() - at) / 1000);
  if (seconds < 5) return "now";
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

/** Until `due` (ms): "4 s", "12 min", "at 07:00 on Tue". */
export function until(due) {
  const seconds = (due - now()) / 1000;
  if (seconds <= 0) return "now";
  if (seconds < 90) return `in ${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `in ${Math.round(seconds / 60)} min`;
  return new Intl.DateTimeFormat("en", { weekday: "short", hour: "2-digit", minute: "2-digit", hour12: false }).format(due);
}
