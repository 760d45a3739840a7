/* The live ledger: big numbers that run to their value, and the rate at which outcomes come in. */

import { $, $$ } from "./dom.js";
import { count } from "./words.js";

const FIGURES = ["accepted", "delivered", "dropped", "parked", "in_flight", "unaccounted"];
const POINTS = 60;
const RUN = 0.22;

export class Ledger {
  moving = false;
  #goal = Object.fromEntries(FIGURES.map((name) => [name, 0]));
  #shown = { ...this.#goal };
  #boxes = new Map($$("[data-figure]").map((box) => [box.dataset.figure, box]));
  #rates = Array(POINTS).fill(0);
  #last = null;
  #running = false;
  #first = true;

  take(told, at) {
    $("#ledger").classList.toggle("unknown", !told);
    if (!told) return;
    const before = this.#goal;
    const settled = (one) => one.delivered + one.dropped + one.parked;
    const reading = told.behind > 0 && settled(told) < settled(before);
    $("#ledger").classList.toggle("reading", reading);
    if (reading) return; // web is new and reads the log from its beginning: what was shown still holds
    this.#goal = Object.fromEntries(FIGURES.map((name) => [name, told[name]]));
    this.moving = told.in_flight > 0 || told.behind > 0 || told.accepted !== before.accepted;
    $("#ledger").classList.toggle("lost", told.unaccounted > 0);
    $("#ledger").dataset.behind = told.behind;
    if (this.#first) this.#shown = { ...this.#goal };
    this.#rate(told, at);
    this.#first = false;
    this.#run();
  }

  #rate(told, at) {
    const settled = told.delivered + told.dropped + told.parked;
    const seconds = this.#last ? (at - this.#last.at) / 1000 : 0;
    if (seconds > 0.1) {
      const rate = Math.max(0, (settled - this.#last.settled) / seconds);
      this.#rates = [...this.#rates.slice(1), rate];
      $("#rate").textContent = `${count(rate)} /s`;
      this.#spark();
    }
    this.#last = { settled, at };
  }

  #spark() {
    const top = Math.max(10, ...this.#rates);
    const smooth = this.#rates.map((rate, place) => (rate + (this.#rates[place - 1] ?? rate) + (this.#rates[place + 1] ?? rate)) / 3);
    const line = smooth.map((rate, place) => `${((place / (POINTS - 1)) * 120).toFixed(1)} ${(34 - (rate / top) * 31).toFixed(1)}`).join("L");
    $("#spark .line").setAttribute("d", `M${line}`);
    $("#spark .area").setAttribute("d", `M0 36L${line}L120 36Z`);
  }

  #run() {
    if (this.#running) return;
    this.#running = true;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const step = () => {
      let open = false;
      for (const [name, box] of this.#boxes) {
        const distance = this.#goal[name] - this.#shown[name];
        this.#shown[name] = still || Math.abs(distance) < 0.6 ? this.#goal[name] : this.#shown[name] + distance * RUN;
        open ||= this.#shown[name] !== this.#goal[name];
        const text = count(this.#shown[name]);
        if (box.textContent !== text) box.textContent = text;
      }
      this.#running = open;
      if (open) requestAnimationFrame(step);
    };
    step();
  }
}
