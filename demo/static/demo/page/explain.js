/* What will happen: the router's own decision, dry, while one is still choosing. */

import { $, h, icon, show } from "./dom.js";
import { post } from "./server.js";
import { LABELS, until, VERDICTS } from "./words.js";

const PATIENCE_MS = 220;
const CALM = /\(.*\)$/;

export class Explain {
  #asked = 0;
  #timer = 0;

  ask(body) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fetch(body), PATIENCE_MS);
  }

  async #fetch(body) {
    const number = ++this.#asked;
    try {
      const told = await post("/demo/explain", body);
      if (number === this.#asked) this.#show(told);
    } catch (error) {
      if (number === this.#asked) $("#explain-state").textContent = error.message;
    }
  }

  #show({ channels, saw }) {
    $("#explain-state").textContent = [saw.locale, saw.time_zone].filter(Boolean).join(" · ");
    show($("#explain"), channels, () => channels.map((one) => this.#row(one)));
  }

  #row(one) {
    const waits = one.due_at ? ` ${until(Date.parse(one.due_at)).replace(CALM, "")}` : "";
    return h(
      `li.verdict.${one.channel}`,
      { "data-verdict": one.verdict, "data-channel": one.channel },
      h("span.sign", {}, icon(one.channel)),
      h(
        "div",
        {},
        h("p.say", {}, h("b", {}, LABELS[one.channel]), ` ${VERDICTS[one.verdict]}${waits}`, one.addresses > 1 ? h("span.many", {}, ` to ${one.addresses} devices`) : null),
        h("p.why", {}, one.detail, one.setting ? h("code", {}, one.setting) : null),
        one.template_error ? h("p.why.bad", {}, one.template_error) : this.#preview(one),
      ),
    );
  }

  #preview({ channel, rendered }) {
    if (!rendered) return null;
    return h("blockquote", {}, rendered.title && channel !== "sms" ? h("b", {}, rendered.title) : null, h("span", {}, rendered.body));
  }
}
