// One camera, large, with what has happened in front of it.

import { el, notice, replace } from "../dom.js";
import { showEvent } from "../event_dialog.js";
import { EventList } from "../event_list.js";
import { Tile } from "../tile.js";
import { Timeline, beginnings } from "../timeline.js";
import { watchConfig, watchHealth } from "../watch.js";

export const title = "Camera";
const DAY_S = 86400;

export function mount(root, { name }) {
  let scene = null;
  const tile = new Tile(name, { scene: () => scene, large: true });
  const hint = el("p", { class: "soft" });
  const latest = new EventList({
    query: { camera: name, limit: 50 },
    onChoose: showEvent,
    onState: (kind, error) => (hint.textContent = { empty: "Nothing has happened here yet.", failed: error?.message }[kind] ?? ""),
  });
  const timeline = new Timeline((camera, from, until) => {
    location.hash = `#/events?${new URLSearchParams({ camera, since: Math.floor(from), until: Math.ceil(until) })}`;
  });
  const content = [
    el("div", { class: "head" }, el("h1", {}, name), el("a", { href: "#/cameras" }, "All cameras")),
    el("div", { class: "now" },
      el("div", { class: "stack" }, tile.element, el("section", { class: "card padded", "aria-label": "The last 24 hours" }, el("h2", {}, "The last 24 hours"), timeline.element)),
      el("aside", { class: "latest", "aria-label": `Events of ${name}` }, el("h2", {}, "Events"), hint, latest.element)),
  ];
  replace(root, content);
  const none = notice(`There is no camera ${name}`, "It may have been removed from the configuration.", el("a", { class: "button", href: "#/cameras" }, "All cameras"));
  let isThere = true;
  const sight = new IntersectionObserver((seen) => tile.visible(seen.at(-1).isIntersecting));
  sight.observe(tile.element);
  const stop = new AbortController();
  const now = Date.now() / 1000;
  beginnings({ camera: name }, now - DAY_S, stop.signal).then(
    ({ times, from }) => timeline.show({ [name]: times[name] ?? [] }, now - DAY_S, now, from), () => {});

  function show(health) {
    const camera = health.cameras[name];
    if (Boolean(camera) !== isThere) replace(root, camera ? content : none);
    isThere = Boolean(camera);
    if (camera) tile.show(camera, health.warnings.filter((warning) => warning.camera === name));
  }

  const hidden = () => tile.fit();
  document.addEventListener("visibilitychange", hidden);
  const leave = [watchHealth(show, (error) => tile.lost(error)), watchConfig((config) => (scene = config.cameras[name]))];
  return () => {
    leave.forEach((each) => each());
    document.removeEventListener("visibilitychange", hidden);
    sight.disconnect();
    stop.abort();
    latest.stop();
    tile.stop();
  };
}
