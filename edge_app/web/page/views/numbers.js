// How the program does, in numbers: while it is looked at, nothing of it is kept.

import { get } from "../api.js";
import { Chart } from "../chart.js";
import { el, replace, say } from "../dom.js";
import { watchHealth, watchStats } from "../watch.js";
import { cameraState, reason, span } from "../words.js";

export const title = "Numbers";
const POINTS = 450; // of a curve: a quarter of an hour
const STAGES = {
  decode: "Decoding", queue: "Waiting for the engine", preprocess: "Scaling", infer: "The model", postprocess: "Boxes from its output", publish: "Handing over",
};
const COUNTED = { in: "in", out: "out", entered: "entered" };

export function mount(root) {
  const parts = [new Engine(), new Sinks(), new Rates(), new Stages(), new Counts()];
  replace(root, el("h1", {}, title), el("div", { class: "numbers" }, parts.map((part) => part.element)));
  const leave = [
    watchHealth((health) => parts.forEach((part) => part.health?.(health))),
    watchStats((stats) => parts.forEach((part) => part.stats?.(stats))),
  ];
  return () => {
    leave.forEach((each) => each());
    parts.forEach((part) => part.stop?.());
  };
}

const card = (heading, ...children) => el("section", { class: "card padded" }, el("h2", {}, heading), children);

/** What computes, in which precision, and why. */
class Engine {
  constructor() {
    this.what = el("p", { class: "large-figure" });
    this.why = el("p", { class: "soft" });
    this.int8 = el("p", { class: "soft" });
    this.element = card("Engine", this.what, this.why, this.int8);
    get("api/v1/engine").then((engine) => this.tell(engine), () => {});
  }

  health({ engine }) {
    say(this.what, `${engine.model} in ${engine.precision.toUpperCase()} on ${engine.name}${engine.state === "up" ? "" : `, failing: ${engine.reason}`}`);
  }

  tell({ because, precision_because: precision, int8 }) {
    say(this.why, [because, precision].filter(Boolean).map(sentence).join(" "));
    if (int8) {
      say(this.int8, `INT8 was calibrated with ${int8.images} pictures (${int8.method}); against FP32 it has mAP50 ${int8.agreement.map50.toFixed(3)}, ` +
        `recall ${int8.agreement.recall.toFixed(3)} and precision ${int8.agreement.precision.toFixed(3)}; at least ${int8.min_agreement} was asked for.`);
    }
  }
}

/** Frames a second, and how old they are, of each camera. */
class Rates {
  constructor() {
    this.body = el("tbody");
    this.fpsBox = el("div");
    this.ageBox = el("div");
    this.element = card("Cameras",
      el("div", { class: "charts" }, el("div", {}, el("h3", {}, "fps"), this.fpsBox), el("div", {}, el("h3", {}, "age [ms]"), this.ageBox)),
      table(["Camera", "State", "fps", "age", "analysed", "dropped"], this.body));
    this.times = [];
    this.names = [];
  }

  health({ cameras }) {
    const names = Object.keys(cameras);
    if (names.join() !== this.names.join()) this.begin(names);
    this.times.push(Date.now() / 1000);
    names.forEach((name, n) => {
      const { state, fps, age_ms: age } = cameras[name];
      this.fps[n].push(state === "up" ? fps : null);
      this.age[n].push(age);
    });
    for (const each of [this.times, ...this.fps, ...this.age]) if (each.length > POINTS) each.shift();
    this.fpsChart.show([this.times, ...this.fps]);
    this.ageChart.show([this.times, ...this.age]);
    this.known = cameras;
    this.fill();
  }

  stats({ cameras }) {
    this.counted = cameras;
    this.fill();
  }

  begin(names) {
    this.stop();
    this.names = names;
    this.times = [];
    [this.fps, this.age] = [names.map(() => []), names.map(() => [])];
    this.fpsChart = new Chart("Frames a second of each camera", names);
    this.ageChart = new Chart("Age of frames of each camera, when they are published", names, { unit: "ms" });
    replace(this.fpsBox, this.fpsChart.element);
    replace(this.ageBox, this.ageChart.element);
  }

  fill() {
    replace(this.body, Object.entries(this.known ?? {}).map(([name, camera]) => {
      const counted = this.counted?.[name];
      const dropped = Object.entries(counted?.dropped ?? {}).map(([why, n]) => `${n} ${why.replaceAll("_", " ")}`).join(", ");
      return row(el("a", { href: `#/camera/${name}` }, name), cameraState(camera), camera.fps.toFixed(1),
        camera.age_ms === null ? "–" : span(camera.age_ms / 1000), counted?.analysed ?? "–", dropped || "0");
    }));
  }

  stop() {
    this.fpsChart?.stop();
    this.ageChart?.stop();
  }
}

/** Where the time of a frame goes, over the last seconds, all cameras together. */
class Stages {
  constructor() {
    this.body = el("tbody");
    this.element = card("Where the time goes", el("p", { class: "soft" }, "Means over the last seconds, of all cameras."), table(["Stage", "a frame", ""], this.body));
  }

  stats({ cameras }) {
    const now = Object.fromEntries(Object.keys(STAGES).map((stage) => [stage, total(cameras, stage)]));
    const before = this.before ?? Object.fromEntries(Object.keys(STAGES).map((stage) => [stage, { count: 0, sum: 0 }]));
    const means = Object.keys(STAGES).map((stage) => {
      const count = now[stage].count - before[stage].count;
      return count > 0 ? (1000 * (now[stage].sum - before[stage].sum)) / count : null;
    });
    this.before = now;
    if (means.every((mean) => mean === null)) return;
    const most = Math.max(...means);
    replace(this.body, Object.values(STAGES).map((words, n) => row(
      words, means[n] === null ? "–" : `${means[n].toFixed(1)} ms`, el("meter", { min: 0, max: most || 1, value: means[n] ?? 0, "aria-label": words }))));
  }
}

function total(cameras, stage) {
  const found = Object.values(cameras).map((camera) => camera.durations[stage]).filter(Boolean);
  return { count: found.reduce((sum, each) => sum + each.count, 0), sum: found.reduce((sum, each) => sum + each.sum_s, 0) };
}

/** What zones and lines counted, by the hour. */
class Counts {
  constructor() {
    this.which = el("select", { "aria-label": "Which zone or line", onchange: () => this.draw() });
    this.box = el("div");
    this.hint = el("p", { class: "soft" });
    this.element = card("Counts by the hour", this.which, this.hint, this.box);
    this.rows = [];
    this.load();
    this.timer = setInterval(() => !document.hidden && this.load(), 60000);
  }

  async load() {
    try {
      this.rows = (await get(`api/v1/counts?by=hour&since=${Math.floor(Date.now() / 1000) - 86400}`)).counts;
    } catch (error) {
      say(this.hint, error.message);
      return;
    }
    const places = [...new Set(this.rows.map(({ camera, place }) => `${camera} / ${place}`))].sort();
    const chosen = this.which.value;
    replace(this.which, places.map((place) => el("option", { value: place, selected: place === chosen }, place)));
    this.which.hidden = !places.length;
    say(this.hint, places.length ? "" : "Zones and lines have counted nothing in the last 24 hours.");
    this.draw();
  }

  draw() {
    const mine = this.rows.filter(({ camera, place }) => `${camera} / ${place}` === this.which.value);
    const names = [...new Set(mine.flatMap((each) => Object.keys(COUNTED).filter((key) => key in each).map((key) => `${each.label}, ${COUNTED[key]}`)))];
    this.chart?.stop();
    replace(this.box);
    if (!names.length) return;
    const hour = (at) => Math.floor(new Date(at).getTime() / 3600000) * 3600;
    const first = hour(Date.now() - 23 * 3600000);
    const hours = Array.from({ length: 24 }, (_, n) => first + 3600 * n);
    const values = names.map((name) => hours.map((at) => mine.filter((each) => hour(each.from) === at).reduce(
      (sum, each) => sum + Object.keys(COUNTED).reduce((own, key) => own + (`${each.label}, ${COUNTED[key]}` === name ? (each[key] ?? 0) : 0), 0), 0)));
    this.chart = new Chart("Counts by the hour", names, { bars: true });
    this.box.append(this.chart.element);
    this.chart.show([hours, ...values]);
  }

  stop() {
    clearInterval(this.timer);
    this.chart?.stop();
  }
}

/** Where messages go, and what waits for that. */
class Sinks {
  constructor() {
    this.body = el("tbody");
    this.element = card("Sinks", table(["Sink", "State", "waiting", "on the disk", "oldest", "delivered", "dropped"], this.body));
  }

  health({ sinks }) {
    this.known = sinks;
    this.fill();
  }

  stats({ sinks }) {
    this.counted = sinks;
    this.fill();
  }

  fill() {
    replace(this.body, Object.entries(this.known ?? {}).map(([name, sink]) => {
      const counted = this.counted?.[name];
      const dropped = Object.entries(counted?.dropped ?? {}).map(([why, n]) => `${n} ${why.replaceAll("_", " ")}`).join(", ");
      const state = sink.state === "up" ? "delivers" : `${sink.state}${sink.reason ? `: ${reason(sink.reason)}` : ""}`;
      return row(name, state, sink.queued, sink.spooled, sink.oldest_s === null ? "–" : span(sink.oldest_s), counted?.published ?? "–", dropped || "0");
    }));
  }
}

const sentence = (words) => `${words[0].toUpperCase()}${words.slice(1)}.`;
const table = (heads, body) => el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": heads[0] },
  el("table", {}, el("thead", {}, el("tr", {}, heads.map((words) => el("th", { scope: "col" }, words)))), body));
const row = (first, ...rest) => el("tr", {}, el("th", { scope: "row" }, first), rest.map((each) => el("td", {}, each)));
