/* The lines between the nodes, drawn from where the nodes are; a line is lit when the node it leads to is. */

import { svg } from "./dom.js";

const BEND = 14;
const OUT = 38;
const TROUBLE = new Set(["failed", "parked", "in_doubt"]);

export class Edges {
  constructor(map, layer) {
    [this.map, this.layer] = [map, layer];
    this.paths = new Map();
    new ResizeObserver(() => this.draw()).observe(map);
  }

  draw() {
    const box = this.map.getBoundingClientRect();
    if (!box.width) return;
    this.layer.setAttribute("viewBox", `0 0 ${box.width} ${box.height}`);
    const used = new Set();
    const at = (dot) => {
      const { left, top, width, height } = dot.getBoundingClientRect();
      return [left - box.left + width / 2, top - box.top + height / 2];
    };
    const trunk = [...this.map.querySelectorAll(".trunk .node")];
    trunk.slice(1).forEach((node, place) => this.#edge(used, `trunk-${place}`, "trunk", this.#line(at(trunk[place].firstChild), at(node.firstChild)), node));
    const end = at(trunk.at(-1).firstChild);
    for (const lane of this.map.querySelectorAll(".lane")) this.#lane(used, lane, end, at);
    for (const [name, pair] of this.paths) {
      if (used.has(name)) continue;
      for (const path of pair) path.remove();
      this.paths.delete(name);
    }
  }

  #lane(used, lane, end, at) {
    const { channel } = lane.dataset;
    const sign = lane.querySelector(".sign");
    const nodes = [...lane.querySelectorAll(".node")];
    const gate = at(sign);
    this.#edge(used, `${channel}-fork`, channel, this.#fork(end, gate), nodes[0], lane);
    let before = gate;
    nodes.forEach((node, place) => {
      const here = at(node.firstChild);
      this.#edge(used, `${channel}-${place}`, channel, this.#line(before, here), node, lane, place > 0);
      before = here;
    });
  }

  #edge(used, name, kind, d, node, lane, after = false) {
    used.add(name);
    const [base, light] = this.paths.get(name) ?? this.#make(name);
    for (const path of [base, light]) path.setAttribute("d", d);
    const verdict = lane?.dataset.verdict;
    base.setAttribute("class", `base ${verdict === "drop" || verdict === "defer" ? verdict : ""}`);
    light.style.setProperty("--after", node.style.getPropertyValue("--after") || "0ms");
    const trouble = after && TROUBLE.has(lane?.dataset.status) ? lane.dataset.status : "";
    const classes = `light ${kind} ${node.classList.contains("lit") ? "lit" : ""} ${trouble}`;
    if (light.getAttribute("class") !== classes) light.setAttribute("class", classes);
  }

  /** The line as it lies there, and over it the one that lights up. */
  #make(name) {
    const made = [svg("path", { pathLength: 1 }), svg("path", { pathLength: 1 })];
    this.paths.set(name, made);
    this.layer.append(...made);
    return made;
  }

  #line([x1, y1], [x2, y2]) {
    return `M${x1} ${y1}L${x2} ${y2}`;
  }

  /** Beside the trunk a soft curve; below it (on a phone) down a rail. */
  #fork([x1, y1], [x2, y2]) {
    if (x2 > x1 + 10) {
      const middle = (x1 + x2) / 2;
      return `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`;
    }
    const rail = y1 + 58;
    const out = x1 + OUT;
    return `M${x1} ${y1}H${out - BEND}Q${out} ${y1} ${out} ${y1 + BEND}V${rail - BEND}Q${out} ${rail} ${out - BEND} ${rail}H${x2 + BEND}Q${x2} ${rail} ${x2} ${rail + BEND}V${y2}`;
  }
}
