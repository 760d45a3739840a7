/* The service worker of the page's pushes: shows what came, and says that it was opened. */

const ICON = new URL("../company/parcel.svg", self.location).href;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => event.waitUntil(show(event.data?.json() ?? {})));

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(opened(event.notification.data));
});

async function show({ title, body, image, tag, badge, notification_id: id, send_id: send, user_id: user }) {
  if (badge !== undefined) await self.navigator.setAppBadge?.(badge).catch(() => {});
  await self.registration.showNotification(title || "Harbor", { body, image, tag, icon: ICON, data: { id, send, user } });
}

/** A page that is open hears of it and comes to the front; else one is opened that has it in its address. */
async function opened({ id, send, user }) {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find(({ url }) => new URL(url).pathname === "/");
  if (!page) return self.clients.openWindow(`/?${new URLSearchParams({ id, user, opened: send })}`);
  page.postMessage({ kind: "opened", id, send, user });
  return page.focus();
}
