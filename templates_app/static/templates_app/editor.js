/* The editor of a type's words: asks the server a moment after each change, shows what comes back, keeps the draft. */
(() => {
  const WAIT_MS = 300;
  const BEACON_MAX = 40_000;  // characters; browsers send 64 KB
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  const askBefore = () => {
    document.addEventListener("submit", (event) => {
      const words = event.target.dataset.confirm;
      if (words && !window.confirm(words)) event.preventDefault();
    });
  };

  const fillFrames = (mails, html) => {
    for (const frame of all("iframe", mails)) if (frame.srcdoc !== html) frame.srcdoc = html;
  };

  const scaleFrames = (mails) => {
    const widths = { "tpl-wide": 640, "tpl-narrow": 375 };
    for (const figure of all("figure", mails)) {
      const box = one("div", figure);
      const scale = Math.min(1, box.clientWidth / widths[figure.className]);
      one("iframe", figure).style.transform = `scale(${scale})`;
      box.style.height = `${Math.round(640 * scale)}px`;
    }
  };

  /* Puts text where the cursor was last, so that undo by keyboard works. */
  const insert = (field, text) => {
    field.focus();
    if (!document.execCommand("insertText", false, text)) field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  };

  const goToLine = (field, line) => {
    field.closest("details")?.setAttribute("open", "");
    field.focus();
    if (!line) return;
    const lines = field.value.split("\n");
    const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    field.setSelectionRange(start, start + (lines[line - 1] || "").length);
    field.scrollTop = Math.max(0, (line - 4) * (field.scrollHeight / Math.max(lines.length, 1)));
  };

  const longer = (value) => {
    if (typeof value === "string" && !/^\d{4}-\d\d-\d\d|^https?:/.test(value)) return `${value} ${value} ${value}`;
    if (typeof value === "number") return value * 1000;
    if (Array.isArray(value)) return [...value, ...value].map(longer);
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, longer(each)]));
    return value;
  };

  const start = () => {
    askBefore();
    const form = one("#tpl-form");
    if (!form) return;
    const field = (name) => form.elements[name];
    const mails = one(".tpl-mails");
    const example = field("data").value;
    let timer = 0;
    let asked = 0;
    let isDirty = false;
    let saves = 0;  // under way
    let last = one("textarea", form);

    const show = (found) => {
      one("#tpl-preview").innerHTML = found.preview;
      one("#tpl-under").innerHTML = found.under;
      one("#tpl-findings").innerHTML = found.findings;
      if (mails) fillFrames(mails, found.mail);
      one("#tpl-state").innerHTML = found.state;
      if (found.revision) field("revision").value = found.revision;
      if (found.saved && one("#tpl-saved")) one("#tpl-saved").textContent = "All changes are kept in the draft.";
      if (found.saved) for (const dot of all(".tpl-rows [aria-current] .tpl-dot")) dot.className = "tpl-dot tpl-dot-draft";
      const problem = one("#tpl-problem");
      problem.hidden = !found.problem;
      problem.textContent = found.problem || "";
    };

    const body = () => {
      const data = new FormData(form);
      if (isDirty && form.dataset.saves) data.set("save", "1");
      return data;
    };

    const ask = async () => {
      const number = ++asked;
      const sent = body();
      const saving = sent.has("save");
      if (saving) { isDirty = false; saves++; }
      let found;
      try {
        const answer = await fetch(form.dataset.live, { method: "POST", body: sent });
        if (!answer.ok) throw new Error(`the server said ${answer.status}`);
        found = await answer.json();
      } catch (error) {
        isDirty = isDirty || saving;
        one("#tpl-problem").hidden = false;
        one("#tpl-problem").textContent = `Not saved: ${error.message}. It is tried again with your next key.`;
        return;
      } finally {
        if (saving) saves--;
      }
      if (found.problem) isDirty = isDirty || saving;
      if (number === asked) show(found);
      else if (found.revision) field("revision").value = found.revision;
    };

    const soon = (event) => {
      if (event.target.name !== "data") isDirty = true;
      clearTimeout(timer);
      timer = setTimeout(ask, WAIT_MS);
    };

    const choose = (which) => {
      const data = JSON.parse(example || "{}");
      const optional = new Set((form.dataset.optional || "").split(" "));
      const chosen = { example: data, long: longer(data), required: Object.fromEntries(Object.entries(data).filter(([name]) => !optional.has(name))) }[which];
      field("data").value = JSON.stringify(chosen, null, 2);
      ask();
    };

    form.addEventListener("submit", (event) => { event.preventDefault(); ask(); });
    for (const input of form.elements) input.addEventListener("input", soon);
    form.addEventListener("focusin", (event) => { if (event.target.tagName === "TEXTAREA" && event.target.name !== "data") last = event.target; });
    for (const chip of all("[data-insert]", form)) chip.addEventListener("click", () => insert(last, chip.dataset.insert));
    for (const button of all("[data-data]")) button.addEventListener("click", () => choose(button.dataset.data));
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key === "s") { event.preventDefault(); clearTimeout(timer); ask(); }
    });
    const go = (event) => {
      const finding = event.target.closest(".tpl-finding[data-field]");
      const target = finding && field(finding.dataset.field === "example" ? "data" : finding.dataset.field);
      if (target) { event.preventDefault(); goToLine(target, Number(finding.dataset.line)); }
    };
    one("#tpl-findings").addEventListener("click", go);
    one("#tpl-findings").addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") go(event); });
    const askOf = async (panel, address) => {
      const data = new FormData(panel);
      data.set("data", field("data").value);
      const answer = await fetch(address, { method: "POST", body: data });
      return answer.ok ? answer.json() : { problem: `The server said ${answer.status}.` };
    };

    one("[data-test]")?.addEventListener("submit", async (event) => {
      event.preventDefault();
      const panel = event.currentTarget;
      if (isDirty) await ask();
      const found = await askOf(panel, panel.dataset.test);
      const said = one("[data-said]", panel);
      said.classList.toggle("tpl-alert", Boolean(found.problem));
      said.classList.toggle("tpl-said", Boolean(found.said));
      said.textContent = found.said || found.problem;
    });

    one("[data-events]")?.addEventListener("submit", async (event) => {
      event.preventDefault();
      const panel = event.currentTarget;
      const found = await askOf(panel, panel.dataset.events);
      const list = one("[data-found]", panel);
      list.replaceChildren(...(found.events || []).map((each) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "tpl-button";
        button.textContent = each.at;
        button.title = each.id;
        button.addEventListener("click", () => { field("data").value = JSON.stringify(each.data, null, 2); ask(); });
        return button;
      }));
      if (found.problem) list.textContent = found.problem;
      else one("button", list).click();
    });

    /* Whoever leaves within the wait, or while an answer is awaited, loses nothing; a text that a beacon can't carry asks. */
    window.addEventListener("pagehide", () => {
      isDirty = isDirty || saves > 0;
      if (isDirty && form.dataset.saves) navigator.sendBeacon(form.dataset.live, body());
    });
    window.addEventListener("beforeunload", (event) => {
      const size = [...form.elements].reduce((sum, each) => sum + (each.value || "").length, 0);
      if ((isDirty || saves) && form.dataset.saves && size > BEACON_MAX) event.preventDefault();
    });
    if (mails) {
      fillFrames(mails, mails.dataset.mail);
      scaleFrames(mails);
      window.addEventListener("resize", () => scaleFrames(mails));
    }
  };

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
