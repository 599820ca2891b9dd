// What is now: a tile for each camera, and beside them what has happened lately.

import { el, notice, replace } from "../dom.js";
import { EventList } from "../event_list.js";
import { showEvent } from "../event_dialog.js";
import { Tile } from "../tile.js";
import { watchConfig, watchHealth } from "../watch.js";
import { DRAW_FIRST, tellsNothing } from "../words.js";

export const title = "Cameras";
const LATEST = 12;

export function mount(root) {
  const tiles = new Map();
  const scenes = {};
  const grid = el("div", { class: "tiles" });
  const hint = el("p", { class: "soft" });
  let isEmpty = false;
  const latest = new EventList({
    query: { limit: LATEST },
    most: LATEST,
    onChoose: showEvent,
    onState: (kind, error) => {
      isEmpty = kind === "empty";
      hint.textContent = error?.message ?? "";
      sayWhy();
    },
  });
  replace(
    root,
    el("h1", { class: "visually-hidden" }, title),
    el("div", { class: "now" },
      grid,
      el("aside", { class: "latest", "aria-label": "Latest events" },
        el("div", { class: "head" }, el("h2", {}, "Latest events"), el("a", { href: "#/events" }, "All events")), hint, latest.element)),
  );
  const sight = new IntersectionObserver(
    (seen) => seen.forEach(({ target, isIntersecting }) => tiles.get(target.dataset.camera)?.visible(isIntersecting)),
    { rootMargin: "80px" },
  );

  function show(health) {
    if (grid.querySelector(".notice")) replace(grid);
    for (const [name, tile] of tiles) {
      if (name in health.cameras) continue;
      sight.unobserve(tile.element);
      tile.stop();
      tiles.delete(name);
    }
    for (const [name, camera] of Object.entries(health.cameras)) {
      if (!tiles.has(name)) {
        const tile = new Tile(name, { scene: () => scenes[name] });
        tiles.set(name, tile);
        grid.append(tile.element);
        sight.observe(tile.element);
      }
      tiles.get(name).show(camera, health.warnings.filter((warning) => warning.camera === name));
    }
  }

  /** Why nothing has happened, where that can be told. */
  function sayWhy() {
    if (isEmpty) hint.textContent = `Nothing has happened yet.${tellsNothing(scenes) ? ` ${DRAW_FIRST}` : ""}`;
  }

  function takeScenes({ cameras }) {
    Object.assign(scenes, cameras);
    sayWhy();
  }

  function fail(error) {
    if (!tiles.size) replace(grid, notice("No cameras to show yet", error.message));
    else for (const tile of tiles.values()) tile.lost(error);
  }

  const hidden = () => tiles.forEach((tile) => tile.fit());
  document.addEventListener("visibilitychange", hidden);
  const leave = [watchHealth(show, fail), watchConfig(takeScenes)];
  return () => {
    leave.forEach((each) => each());
    document.removeEventListener("visibilitychange", hidden);
    sight.disconnect();
    latest.stop();
    tiles.forEach((tile) => tile.stop());
  };
}
