/* The live preview beside a template's form: asks the server a moment after each change and shows what comes back. */
(() => {
  const WAIT_MS = 300;

  const start = () => {
    const panel = document.querySelector(".tpl-preview");
    if (!panel) return;
    const form = panel.closest("form");
    const part = (name) => panel.querySelector(`.tpl-preview-${name}`);
    let timer = 0;
    let asked = 0;

    const fields = () => {
      const data = new FormData(form);
      for (const input of form.querySelectorAll("[name]:disabled")) data.set(input.name, input.value);
      data.set("example", part("example").value);
      return data;
    };

    const show = ({ content, error }) => {
      const problem = part("error");
      problem.hidden = !error;
      if (error) {
        problem.textContent = `${error.field}${error.line ? `, line ${error.line}` : ""}: ${error.reason}`;
        return;
      }
      part("title").textContent = content.title;
      part("body").textContent = content.body;
      part("url").textContent = content.action_url;
      part("image").hidden = !content.image;
      if (content.image) part("image").src = content.image;
      part("html").hidden = !content.html;
      part("html").srcdoc = content.html;
      part("data").querySelector("pre").textContent = JSON.stringify(content.data, null, 2);
    };

    const ask = async () => {
      const number = ++asked;
      const answer = await fetch(panel.dataset.previewUrl, { method: "POST", body: fields() });
      const found = answer.ok ? await answer.json() : { error: { field: "preview", reason: `the server said ${answer.status}` } };
      if (number === asked) show(found);
    };

    const soon = () => {
      clearTimeout(timer);
      timer = setTimeout(ask, WAIT_MS);
    };
    form.addEventListener("input", soon);
    form.addEventListener("change", soon);
    ask();
  };

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
