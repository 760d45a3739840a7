/* Talking to web, which may be killed at any moment: every call may fail, the page goes on. */

const TIMEOUT_MS = 6000;
let ahead = 0;

/** A refusal (RFC 9457) with the server's words, or (status 0) no answer at all. */
export class Refused extends Error {
  constructor(message, status, problem = {}) {
    super(message);
    this.status = status;
    this.problem = problem;
  }
}

/** The server's clock, in ms. */
export const now = () => Date.now() + ahead;
export const setClock = (at) => (ahead = at - Date.now());

export const get = (path) => call(path, {});
export const post = (path, body = {}) =>
  call(path, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", "X-CSRFToken": cookie("csrftoken") },
  });

async function call(path, options) {
  let response;
  try {
    response = await fetch(path, { ...options, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    throw new Refused("web doesn’t answer just now", 0);
  }
  const told = await response.json().catch(() => ({}));
  if (response.ok) return told;
  const words = [told.detail ?? told.title ?? `web answered ${response.status}`, told.remedy].filter(Boolean).join(" ");
  throw new Refused(words, response.status, told);
}

function cookie(name) {
  const found = document.cookie.split("; ").find((part) => part.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}
