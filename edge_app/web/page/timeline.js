// When something happened in front of each camera: a row of bars a camera.

import { get } from "./api.js";
import { el, replace, svg } from "./dom.js";
import { began, moment, several } from "./words.js";

const BINS = 96;
const HEIGHT = 28;
const PAGE = 1000; // events
const MOST_PAGES = 5;
const HOUR = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric" });

/**
 * When the events since then began that `query` asks for, by camera: `{times: {gate: [1795446000.1, …]}, from}` [s since 1970].
 * Where they are too many those before `from` are left out; raises Refused.
 */
export async function beginnings(query, since, signal) {
  const times = {};
  let after = null;
  let oldest = since;
  for (let page = 0; page < MOST_PAGES; page++) {
    const asked = new URLSearchParams({ ...query, since, limit: PAGE, ...(after ? { after } : {}) });
    const { events, next } = await get(`api/v1/events?${asked}`, { signal });
    for (const event of events) (times[event.camera] ??= []).push(began(event));
    if (!next) return { times, from: since };
    after = next;
    oldest = began(events.at(-1));
  }
  return { times, from: oldest };
}

/** Rows for the cameras; a click on a bar, or Enter where arrow keys have gone to it, calls `onChoose(camera, from, until)` with its span [s since 1970]. */
export class Timeline {
  constructor(onChoose) {
    this.choose = onChoose;
    this.element = el("div", { class: "timeline" });
  }

  /** Draws when these began, by camera, as `beginnings` has them, of that span; of what was before `known` it says nothing. */
  show(times, from, until, known = from) {
    const most = Math.max(1, ...Object.values(times).map((each) => Math.max(...bins(each, from, until))));
    const rows = Object.entries(times).map(([camera, each]) => this.row(camera, each, from, until, most));
    const left = known > from && el("p", { class: "soft" }, `There are too many to count all of them: none from before ${moment(known)} is shown.`);
    replace(this.element, rows, this.axis(from, until), left);
  }

  row(camera, times, from, until, most) {
    const width = (until - from) / BINS;
    const bars = bins(times, from, until).map((count, n) => {
      if (!count) return null;
      const height = Math.max(3, (count / most) * HEIGHT);
      const [begin, end] = [from + n * width, from + (n + 1) * width];
      const words = `${HOUR.format(begin * 1000)} to ${HOUR.format(end * 1000)}: ${several(count, "event")}`;
      return svg("rect", { x: n, y: HEIGHT - height, width: 0.8, height, role: "link", tabindex: -1, "aria-label": words, onclick: () => this.choose(camera, begin, end) },
        svg("title", {}, words));
    }).filter(Boolean);
    bars.at(-1)?.setAttribute("tabindex", 0); // one stop of the Tab key a camera, at the newest
    const words = `${camera}: ${several(times.length, "event")}`;
    return el("div", { class: "timeline-row" },
      el("span", { class: "timeline-name" }, camera),
      svg("svg", { viewBox: `0 0 ${BINS} ${HEIGHT}`, preserveAspectRatio: "none", role: bars.length ? "group" : "img", "aria-label": words, onkeydown: (event) => walk(event, bars) }, bars),
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

/** From bar to bar by arrow keys; Enter chooses. */
function walk(event, bars) {
  const at = bars.indexOf(event.target);
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: bars.length - 1 }[event.key];
  if (event.key === "Enter") event.target.dispatchEvent(new MouseEvent("click"));
  else if (to === undefined || !bars[to]) return;
  else {
    for (const bar of bars) bar.setAttribute("tabindex", bar === bars[to] ? 0 : -1);
    bars[to].focus();
  }
  event.preventDefault();
}

function bins(times, from, until) {
  const found = new Array(BINS).fill(0);
  for (const at of times) {
    const n = Math.floor(((at - from) / (until - from)) * BINS);
    if (n >= 0 && n < BINS) found[n] += 1;
  }
  return found;
}
