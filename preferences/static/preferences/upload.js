/* Sends a file in pieces, so that its size doesn't matter, and a lost answer costs one piece. */
(() => {
  "use strict";
  const TRIES = 5;
  const form = document.getElementById("np-upload");
  if (!form) return;
  const bar = form.querySelector("progress");
  const says = document.getElementById("np-upload-says");
  const button = form.querySelector("button");
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;

  async function post(url, body) {
    for (let tried = 1; ; tried += 1) {
      try {
        const answer = await fetch(url, { method: "POST", body, headers: { "X-CSRFToken": token } });
        const told = await answer.json();
        if (answer.ok) return told;
        throw Object.assign(new Error(told.problem || "The server refused it."), { final: answer.status < 500 });
      } catch (error) {
        if (error.final || tried === TRIES) throw error;
        await new Promise((again) => setTimeout(again, 1000 * tried));
      }
    }
  }

  async function send(file) {
    const about = new FormData();
    about.append("name", file.name);
    about.append("list", form.elements.list.value);
    const { part } = await post(form.dataset.begin, about);
    const size = Number(form.dataset.partBytes);
    const parts = Math.max(1, Math.ceil(file.size / size));
    for (let number = 0; number < parts; number += 1) {
      const last = number === parts - 1;
      says.textContent = last ? "Reading the file…" : `Uploading: ${Math.round((number * 100) / parts)} %`;
      bar.value = (number * 100) / parts;
      const told = await post(`${part}?number=${number}${last ? "&last" : ""}`, file.slice(number * size, (number + 1) * size));
      if (last) window.location.assign(told.next);
    }
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    bar.hidden = false;
    try {
      await send(form.elements.file.files[0]);
    } catch (error) {
      says.textContent = error.message;
      button.disabled = false;
      bar.hidden = true;
    }
  });
})();
