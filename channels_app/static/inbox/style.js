/* How it looks. Every colour and size is a custom property; `theme="light|dark"` overrides the system's choice. */

const DARK = `
  --_bg: var(--inbox-bg, #15171c); --_raised: var(--inbox-raised, #1d2027); --_hover: var(--inbox-hover, #22262f);
  --_text: var(--inbox-text, #f2f4f8); --_muted: var(--inbox-muted, #9aa3b2); --_line: var(--inbox-line, #2a2e38);
  --_accent: var(--inbox-accent, #7c93ff); --_on-accent: var(--inbox-on-accent, #0d1020);
  --_tint: var(--inbox-tint, rgba(124, 147, 255, .10)); --_danger: var(--inbox-danger, #ff6b6b);
  --_shadow: 0 18px 48px rgba(0, 0, 0, .5); color-scheme: dark;`;

export const STYLE = `
:host {
  --_bg: var(--inbox-bg, #ffffff); --_raised: var(--inbox-raised, #f6f7f9); --_hover: var(--inbox-hover, #f4f6fa);
  --_text: var(--inbox-text, #14171f); --_muted: var(--inbox-muted, #636b7a); --_line: var(--inbox-line, #e8ebf0);
  --_accent: var(--inbox-accent, #4259e8); --_on-accent: var(--inbox-on-accent, #ffffff);
  --_tint: var(--inbox-tint, rgba(66, 89, 232, .06)); --_danger: var(--inbox-danger, #d93a3a);
  --_shadow: 0 18px 48px rgba(20, 23, 31, .18); --_radius: var(--inbox-radius, 16px);
  color-scheme: light; display: block; position: relative; height: 100%; min-height: 0; color: var(--_text);
  font: 400 15px/1.4 var(--inbox-font, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif);
  -webkit-font-smoothing: antialiased; }
@media (prefers-color-scheme: dark) { :host(:not([theme="light"])) { ${DARK} } }
:host([theme="dark"]) { ${DARK} }
:host([display="bell"]) { display: inline-block; height: auto; }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; }
:focus-visible { outline: 2px solid var(--_accent); outline-offset: -2px; border-radius: 10px; }

.panel { display: flex; flex-direction: column; height: 100%; min-height: 0; background: var(--_bg); overflow: hidden;
  border-radius: var(--_radius); position: relative; }
:host([display="bell"]) .panel { position: absolute; z-index: 1000; top: calc(100% + 10px); right: 0;
  width: min(400px, 92vw); height: min(600px, 76vh); border: 1px solid var(--_line); box-shadow: var(--_shadow);
  animation: appear .16s ease-out; }
@media (max-width: 520px) { :host([display="bell"]) .panel { position: fixed; inset: 12px; top: 64px; width: auto;
  height: auto; } }

.bell { position: relative; width: 44px; height: 44px; border-radius: 50%; display: grid; place-items: center; }
.bell:hover { background: var(--_hover); }
.bell svg { width: 22px; height: 22px; }
.bell .badge { position: absolute; top: 3px; right: 2px; border: 2px solid var(--_bg); }

.badge { min-width: 20px; height: 20px; padding: 0 6px; border-radius: 10px; background: var(--_accent);
  color: var(--_on-accent); font-size: 12px; font-weight: 650; line-height: 20px; text-align: center;
  font-variant-numeric: tabular-nums; box-sizing: content-box; }
.badge.pop { animation: pop .3s ease-out; }

header { display: flex; align-items: center; gap: 8px; padding: 16px 16px 12px 18px; flex: none; }
h2 { margin: 0; font-size: 19px; font-weight: 680; letter-spacing: -.015em; }
header .space { flex: 1; }
.link { color: var(--_accent); font-size: 13.5px; font-weight: 560; padding: 6px 8px; border-radius: 8px; white-space: nowrap; }
.link:hover { background: var(--_tint); }
.link:disabled { opacity: .4; cursor: default; background: none; }
.status { display: flex; align-items: center; gap: 7px; padding: 7px 18px; font-size: 12.5px; color: var(--_muted);
  background: var(--_raised); flex: none; }
.status i { width: 7px; height: 7px; border-radius: 50%; background: #e5a23b; animation: breathe 1.4s infinite; }

.scroll { flex: 1; min-height: 0; overflow-y: auto; overscroll-behavior: contain; scrollbar-width: thin;
  scrollbar-color: var(--_line) transparent; }
ul { list-style: none; margin: 0; padding: 0 8px 8px; }
li { position: relative; border-radius: 12px; overflow: hidden; }
li.fresh { animation: arrive .34s cubic-bezier(.2, .8, .3, 1); }
li.going { animation: leave .2s ease-in forwards; }
.behind { position: absolute; inset: 0; display: flex; align-items: center; justify-content: flex-end; padding: 0 22px;
  background: var(--_danger); color: #fff; font-weight: 600; font-size: 13px; opacity: 0; border-radius: 12px; }
li.swiping .behind { opacity: 1; }
li.swiping.right .behind { justify-content: flex-start; }
.card { position: relative; display: flex; gap: 12px; padding: 12px 12px 12px 10px; background: var(--_bg); border-radius: 12px;
  touch-action: pan-y; transition: background .12s; }
li.unread .card { background: linear-gradient(var(--_tint), var(--_tint)), var(--_bg); }
li:not(.swiping) .card { transition: transform .2s ease, background .12s; }
@media (hover: hover) { .card:hover { background: var(--_hover); } li.unread .card:hover { background:
  linear-gradient(var(--_tint), var(--_tint)), var(--_hover); } }
li + li { margin-top: 2px; }

.main { position: absolute; inset: 0; border-radius: 12px; width: 100%; text-decoration: none; }
.picture { flex: none; width: 44px; height: 44px; border-radius: 12px; overflow: hidden; display: grid; place-items: center;
  background: hsl(var(--hue) 60% 50% / .14); color: hsl(var(--hue) 55% 45%); font-weight: 680; font-size: 17px; }
:host([theme="dark"]) .picture { color: hsl(var(--hue) 75% 75%); }
@media (prefers-color-scheme: dark) { :host(:not([theme="light"])) .picture { color: hsl(var(--hue) 75% 75%); } }
.picture img { width: 100%; height: 100%; object-fit: cover; }
.text { flex: 1; min-width: 0; }
.top { display: flex; align-items: baseline; gap: 8px; }
.title { flex: 1; min-width: 0; font-weight: 500; overflow-wrap: anywhere; }
li.unread .title { font-weight: 650; }
.body { margin: 2px 0 0; color: var(--_muted); font-size: 13.5px; display: -webkit-box; -webkit-line-clamp: 3;
  -webkit-box-orient: vertical; overflow: hidden; overflow-wrap: anywhere; }
time { flex: none; color: var(--_muted); font-size: 12px; font-variant-numeric: tabular-nums; white-space: nowrap; }
.dot { flex: none; width: 8px; height: 8px; border-radius: 50%; background: var(--_accent); align-self: center; opacity: 0;
  transform: scale(.3); transition: opacity .18s, transform .18s; }
li.unread .dot { opacity: 1; transform: none; }
li.critical .dot { background: var(--_danger); }

.tools { position: absolute; right: 8px; bottom: 8px; display: flex; gap: 2px; opacity: 0; transition: opacity .12s;
  background: var(--_bg); border: 1px solid var(--_line); border-radius: 10px; padding: 2px; pointer-events: none; }
li:focus-within .tools { opacity: 1; pointer-events: auto; }
@media (hover: hover) { li:hover .tools { opacity: 1; pointer-events: auto; } }
@media (hover: none) { .tools { display: none; } }
.tools button { width: 30px; height: 28px; border-radius: 8px; display: grid; place-items: center; color: var(--_muted); }
.tools button:hover { background: var(--_hover); color: var(--_text); }
.tools svg { width: 16px; height: 16px; }

.empty { display: grid; place-content: center; justify-items: center; text-align: center; gap: 6px; height: 100%;
  padding: 32px; color: var(--_muted); }
.empty svg { width: 68px; height: 68px; color: var(--_accent); opacity: .85; margin-bottom: 8px; }
.empty b { color: var(--_text); font-weight: 620; font-size: 16px; }
.bones { padding: 0 8px; }
.bone { display: flex; gap: 12px; padding: 12px 10px; }
.bone i { width: 44px; height: 44px; border-radius: 12px; } .bone span { flex: 1; height: 40px; border-radius: 10px; }
.bone i, .bone span { background: var(--_raised); animation: breathe 1.4s infinite; }
.more { height: 1px; }

.toast { position: absolute; left: 50%; bottom: 16px; transform: translateX(-50%); display: flex; align-items: center;
  gap: 4px; padding: 6px 8px 6px 16px; border-radius: 12px; background: var(--_text); color: var(--_bg); font-size: 13.5px;
  box-shadow: var(--_shadow); animation: rise .2s ease-out; white-space: nowrap; z-index: 2; }
.toast button { font-weight: 650; padding: 6px 10px; border-radius: 8px; }
.toast button:empty { display: none; }
.spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

@keyframes arrive { from { opacity: 0; transform: translateY(-14px); } }
@keyframes leave { to { opacity: 0; transform: translateX(-40px); } }
@keyframes appear { from { opacity: 0; transform: translateY(-6px) scale(.985); } }
@keyframes rise { from { opacity: 0; transform: translate(-50%, 10px); } }
@keyframes pop { 40% { transform: scale(1.25); } }
@keyframes breathe { 50% { opacity: .45; } }
@media (prefers-reduced-motion: reduce) { *, *::before { animation: none !important; transition: none !important; } }
`;
