// The shapes over the picture in SVG, as far as it is to be seen; what is done to them is the business of `pen.js`.

import { replace, svg } from "../dom.js";
import { middle } from "./shapes.js";

const WIDTH = 1000; // units across the picture; down, as many as its form asks for
const HANDLE = 6; // radii and lengths in pixels of the screen
const TARGET = 14;
const ARROW = 44;
const LETTERS = 13;

export class Drawing {
  #height = (WIDTH * 9) / 16;
  #layer = svg("g");

  constructor(label) {
    this.element = svg("svg", { class: "pen", tabindex: "0", role: "application", "aria-label": label }, this.#layer);
    this.shapeOf(16, 9);
  }

  /** The picture's form. */
  shapeOf(width, height) {
    this.#height = (WIDTH * height) / width;
    this.element.setAttribute("viewBox", `0 0 ${WIDTH} ${this.#height}`);
  }

  /** Where in the picture an event of the pointer was, in shares; it may be beyond its edge. */
  place(event) {
    const { left, top, width, height } = this.element.getBoundingClientRect();
    return [(event.clientX - left) / width, (event.clientY - top) / height];
  }

  /** How far two points are from each other on the screen [px]. */
  distance(a, b) {
    const { width, height } = this.element.getBoundingClientRect();
    return Math.hypot((a[0] - b[0]) * width, (a[1] - b[1]) * height);
  }

  /** Draws shapes, the selected one with its points, what is being drawn, and the cross of the keyboard. */
  show({ shapes, selected, draft, cross, editable }) {
    const held = this.#layer.contains(document.activeElement) ? document.activeElement.dataset.point : undefined;
    const others = shapes.filter((each) => each !== selected).map((each) => this.#shape(each, false));
    replace(
      this.#layer,
      others,
      selected && this.#shape(selected, true),
      selected && editable && !draft && this.#handles(selected),
      draft && this.#draft(draft),
      cross && this.#cross(cross),
    );
    if (held !== undefined) this.#layer.querySelector(`[data-point="${held}"]`)?.focus();
  }

  /** Puts the focus on a point of the selected shape. */
  focusPoint(index) {
    this.#layer.querySelector(`[data-point="${index}"]`)?.focus();
  }

  #px(pixels) {
    return (pixels * WIDTH) / (this.element.clientWidth || WIDTH);
  }

  #xy([x, y]) {
    return [x * WIDTH, y * this.#height];
  }

  #path(points) {
    return points.map((each) => this.#xy(each).map((value) => value.toFixed(1)).join(",")).join(" ");
  }

  #shape(one, isSelected) {
    const props = { class: `shape ${one.kind}${isSelected ? " selected" : ""}`, "data-shape": one.id };
    const tag = one.kind === "line" ? "polyline" : "polygon";
    return svg("g", props,
      svg(tag, { class: "halo", points: this.#path(one.points) }),
      svg(tag, { points: this.#path(one.points) }),
      one.kind === "line" && this.#sides(one.points),
      this.#words(one.name || (one.kind === "ignore" ? "ignored" : "private"), this.#anchor(one.points)),
    );
  }

  #anchor(points) {
    const top = points.reduce((best, each) => (each[1] < best[1] ? each : best));
    const [x, y] = this.#xy(top);
    const room = this.#px(LETTERS + 6);
    return [Math.min(x, WIDTH - this.#px(90)) + this.#px(4), y > room ? y - this.#px(6) : y + room];
  }

  #words(text, [x, y]) {
    return svg("text", { x, y, "font-size": this.#px(LETTERS), "stroke-width": this.#px(3) }, text);
  }

  /** An arrow across the line's middle, the way that counts as `in`: to the right hand of whoever looks along it. */
  #sides(points) {
    const [a, b] = points.map((each) => this.#xy(each));
    const length = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
    const right = [-(b[1] - a[1]) / length, (b[0] - a[0]) / length];
    const at = (far, aside = 0) => [
      (a[0] + b[0]) / 2 + right[0] * this.#px(far) + right[1] * this.#px(aside),
      (a[1] + b[1]) / 2 + right[1] * this.#px(far) - right[0] * this.#px(aside),
    ];
    const arrow = [at(-ARROW / 2), at(ARROW), at(ARROW - 9, 6), at(ARROW), at(ARROW - 9, -6)];
    const word = (text, far) => {
      const [x, y] = at(far, 12);
      return this.#words(text, [x, y + this.#px(LETTERS / 3)]);
    };
    return svg("g", { class: "sides" },
      svg("polyline", { points: arrow.map((each) => each.join(",")).join(" ") }),
      svg("circle", { cx: a[0], cy: a[1], r: this.#px(4) }),
      word("in", ARROW), word("out", -ARROW / 2));
  }

  #handles({ kind, points }) {
    const pairs = kind === "line" ? [] : points.map((each, index) => [each, points[(index + 1) % points.length]]);
    return svg("g", { class: "handles" },
      pairs.map(([a, b], index) => this.#dot(middle(a, b), HANDLE * 0.7, { class: "between", "data-between": index })),
      points.map((each, index) => this.#dot(each, HANDLE, {
        class: "point", "data-point": index, tabindex: "0", role: "button",
        "aria-label": `Point ${index + 1} of ${points.length}: ${percent(each[0])} across, ${percent(each[1])} down`,
      })));
  }

  /** A dot, with room around it for fingers. */
  #dot(at, radius, props) {
    const [cx, cy] = this.#xy(at);
    return svg("g", props, svg("circle", { class: "room", cx, cy, r: this.#px(TARGET) }), svg("circle", { cx, cy, r: this.#px(radius) }));
  }

  #draft({ kind, points, pointer }) {
    const line = pointer ? [...points, pointer] : points;
    return svg("g", { class: `shape draft ${kind}` },
      svg("polyline", { class: "halo", points: this.#path(line) }),
      svg("polyline", { points: this.#path(line) }),
      points.map((each) => {
        const [cx, cy] = this.#xy(each);
        return svg("circle", { cx, cy, r: this.#px(HANDLE * 0.8) });
      }));
  }

  #cross(at) {
    const [x, y] = this.#xy(at);
    const arm = this.#px(16);
    return svg("path", { class: "cross", d: `M${x - arm},${y}H${x + arm}M${x},${y - arm}V${y + arm}` });
  }
}

const percent = (value) => `${Math.round(value * 1000) / 10} %`;
