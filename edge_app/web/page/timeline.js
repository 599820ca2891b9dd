// When something happened in front of each camera: a row of bars a camera.

import { el, replace, svg } from "./dom.js";
import { several } from "./words.js";

const BINS = 96;
const HEIGHT = 28;
const HOUR = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric" });

/** Rows for the cameras; a click on a bar calls `onChoose(camera, from, until)` with its span [s since 1970]. */
export class Timeline {
  constructor(onChoose) {
    this.choose = onChoose;
    this.element = el("div", { class: "timeline" });
  }

  /** Draws when these began, by camera: `{gate: [1795446000.1, …]}`, of that span. */
  show(times, from, until) {
    const most = Math.max(1, ...Object.values(times).map((each) => Math.max(...bins(each, from, until))));
    const rows = Object.entries(times).map(([camera, each]) => this.row(camera, each, from, until, most));
    replace(this.element, rows, this.axis(from, until));
  }

  row(camera, times, from, until, most) {
    const width = (until - from) / BINS;
    const bars = bins(times, from, until).map((count, n) => {
      if (!count) return null;
      const height = Math.max(3, (count / most) * HEIGHT);
      const [begin, end] = [from + n * width, from + (n + 1) * width];
      return svg("rect", { x: n, y: HEIGHT - height, width: 0.8, height, onclick: () => this.choose(camera, begin, end) },
        svg("title", {}, `${HOUR.format(begin * 1000)} to ${HOUR.format(end * 1000)}: ${several(count, "event")}`));
    });
    const words = `${camera}: ${several(times.length, "event")}`;
    return el("div", { class: "timeline-row" },
      el("span", { class: "timeline-name" }, camera),
      svg("svg", { viewBox: `0 0 ${BINS} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": words }, bars),
      el("span", { class: "timeline-count soft" }, times.length));
  }

  axis(from, until) {
    const days = until - from > 2 * 86400;
    const marks = [0, 0.25, 0.5, 0.75, 1].map((share) => {
      const at = new Date((from + share * (until - from)) * 1000);
      return el("span", {}, share === 1 ? "now" : (days ? DAY : HOUR).format(at));
    });
    return el("div", { class: "timeline-row", "aria-hidden": "true" },
      el("span"), el("div", { class: "timeline-axis soft" }, marks), el("span"));
  }
}

function bins(times, from, until) {
  const found = new Array(BINS).fill(0);
  for (const at of times) {
    const n = Math.floor(((at - from) / (until - from)) * BINS);
    if (n >= 0 && n < BINS) found[n] += 1;
  }
  return found;
}
