// Which view is shown: `#/zones/gate?x=1` is the view `zones` with {name: "gate", query}.
//
// A view is a module with `title` and `mount(root, args)`, which fills the element and returns what takes it down again.

import { el, notice, replace } from "./dom.js";

const VIEWS = {
  cameras: () => import("./views/cameras.js"),
  camera: () => import("./views/camera.js"),
  events: () => import("./views/events.js"),
  numbers: () => import("./views/numbers.js"),
  zones: () => import("./views/zones.js"),
  add: () => import("./views/add.js"),
};

/** What the address says. */
export function route(hash = location.hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [view, name = ""] = path.split("/").map(decoded);
  return { view: view in VIEWS ? view : "cameras", name, query: new URLSearchParams(query) };
}

/** A part of the address; as it stands where somebody has cut it in the middle of a letter. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Shows in `root` what the address says, from now on; `onChange(view)` is told. Returns what ends it. */
export function startRouter(root, onChange) {
  let takeDown = () => {};
  let turn = 0;

  async function show() {
    const mine = ++turn;
    const { view, name, query } = route();
    takeDown();
    takeDown = () => {};
    onChange(view);
    try {
      const module = await VIEWS[view]();
      if (mine !== turn) return;
      replace(root);
      window.scrollTo(0, 0);
      takeDown = module.mount(root, { name, query }) ?? takeDown;
      document.title = `${name || module.title} – edge_app`;
    } catch (error) {
      if (mine !== turn) return;
      console.error(error);
      const again = el("button", { type: "button", class: "button", onclick: show }, "Try again");
      replace(root, notice("This view could not be shown", error.message, again));
    }
    root.focus({ preventScroll: true });
  }

  window.addEventListener("hashchange", show);
  show();
  return () => {
    turn += 1;
    window.removeEventListener("hashchange", show);
    takeDown();
  };
}
