// A small curve of what was lately: no axes, for a glance.

import { el } from "./dom.js";

const POINTS = 60;
const FEWEST = 10; // over which the first ones are spread
const [WIDTH, HEIGHT] = [84, 22];

export class Spark {
  constructor(words) {
    const scale = Math.min(3, devicePixelRatio || 1);
    this.scale = scale;
    this.element = el("canvas", { class: "spark", width: WIDTH * scale, height: HEIGHT * scale, role: "img", "aria-label": words });
    this.values = [];
  }

  add(value) {
    this.values.push(value);
    if (this.values.length > POINTS) this.values.shift();
    this.draw();
  }

  draw() {
    const g = this.element.getContext("2d");
    const style = getComputedStyle(this.element);
    const most = Math.max(1, ...this.values) * 1.1;
    const step = WIDTH / (Math.max(FEWEST, this.values.length) - 1);
    const at = (value, n) => [n * step, HEIGHT - 2 - (value / most) * (HEIGHT - 4)];
    g.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    g.clearRect(0, 0, WIDTH, HEIGHT);
    g.lineWidth = 1.5;
    g.lineJoin = "round";
    g.strokeStyle = style.getPropertyValue("--line").trim();
    g.beginPath();
    g.moveTo(0, HEIGHT - 1);
    g.lineTo(WIDTH, HEIGHT - 1);
    g.stroke();
    g.strokeStyle = style.color;
    g.beginPath();
    this.values.forEach((value, n) => (n ? g.lineTo(...at(value, n)) : g.moveTo(...at(value, n))));
    g.stroke();
  }
}
