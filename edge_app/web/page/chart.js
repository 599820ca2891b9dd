// Curves and bars with axes: uPlot, which is loaded when the first one is drawn.

import { address } from "./api.js";
import { el } from "./dom.js";

const COLOURS = ["#0b7fa8", "#c2611f", "#3a8f4f", "#8a5bb8", "#b84a6b", "#7a7a1f", "#2f6fd0", "#5f6b73"];
let library = null;

function load() {
  library ??= new Promise((done, failed) => {
    document.head.append(
      el("link", { rel: "stylesheet", href: address("page/vendor/uPlot.min.css") }),
      el("script", { src: address("page/vendor/uPlot.iife.min.js"), onload: () => done(globalThis.uPlot), onerror: () => {
        library = null; // the next chart is another try
        failed();
      } }),
    );
  });
  return library;
}

/** A chart of several series over the time: `names` of them, `unit` of their values; `bars`, which are stacked, instead of curves. */
export class Chart {
  constructor(words, names, { unit = "", bars = false, height = 180 } = {}) {
    this.element = el("figure", { class: "chart", "aria-label": words });
    this.names = names;
    this.options = { unit, bars, height };
    this.resized = new ResizeObserver(() => this.fit());
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.again = () => this.make();
    this.scheme.addEventListener("change", this.again);
    this.resized.observe(this.element);
  }

  /** Shows columns: times [s since 1970], then the values of each series; null where there is none. */
  show(data) {
    this.given = data;
    this.data = this.options.bars ? stacked(data) : data;
    if (this.plot) this.plot.setData(this.data);
    else load().then(() => !this.stopped && !this.plot && this.make(), () => {});
  }

  make() {
    if (!this.data || !globalThis.uPlot) return;
    this.plot?.destroy();
    const style = getComputedStyle(document.documentElement);
    const [soft, line] = ["--soft", "--line"].map((name) => style.getPropertyValue(name).trim());
    const { unit, bars, height } = this.options;
    const axis = { stroke: soft, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: "12px system-ui, sans-serif" };
    const paths = bars ? uPlot.paths.bars({ size: [0.7, 40] }) : undefined;
    this.plot = new uPlot({
      width: this.width(),
      height,
      padding: [8, 8, 0, 0],
      cursor: { y: false },
      scales: { y: { range: (_, least, most) => [0, most > 0 ? most * 1.08 : 1] } },
      series: [{ value: (_, at) => (at === null ? "–" : new Date(at * 1000).toLocaleString()) }, ...this.names.map((name, n) => ({
        label: name, stroke: COLOURS[n % COLOURS.length], fill: bars ? COLOURS[n % COLOURS.length] : undefined, width: bars ? 0 : 1.5, paths,
        points: { show: false }, value: (_, __, ___, at) => this.said(n, at, unit),
      }))],
      axes: [axis, { ...axis, size: 56 }],
    }, this.data, this.element);
  }

  /** The value of a series where the cursor is. */
  said(n, at, unit) {
    const value = at === null ? null : this.given[n + 1][at];
    return value === null || value === undefined ? "–" : `${+value.toFixed(1)}${unit && ` ${unit}`}`;
  }

  width() {
    return Math.max(200, Math.floor(this.element.clientWidth));
  }

  fit() {
    if (this.plot && this.plot.width !== this.width()) this.plot.setSize({ width: this.width(), height: this.options.height });
  }

  stop() {
    this.stopped = true;
    this.resized.disconnect();
    this.scheme.removeEventListener("change", this.again);
    this.plot?.destroy();
  }
}

/** Columns in which each series lies on those after it, so that the first one, drawn first, is the highest. */
function stacked([times, ...series]) {
  const sums = series.map((_, n) => times.map((__, at) => series.slice(n).reduce((sum, each) => sum + (each[at] ?? 0), 0) || null));
  return [times, ...sums];
}
