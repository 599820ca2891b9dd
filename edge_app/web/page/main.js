// Begins: signs in where that is wanted, and shows the frame around the views.

import { mayWrite, onSignedOut, session, signOut, whoAmI } from "./api.js";
import { el, notice, replace, say } from "./dom.js";
import { login } from "./login.js";
import { startRouter } from "./router.js";
import { watchHealth } from "./watch.js";
import { several } from "./words.js";

const TABS = { cameras: "Cameras", events: "Events", numbers: "Numbers" };
let takeDown = () => {};

/** Shows the page, or the login where the program does not know us. */
async function begin() {
  takeDown();
  takeDown = () => {};
  try {
    const known = await whoAmI();
    takeDown = (known ? frame : login)(document.body, begin) ?? takeDown;
  } catch (error) {
    const again = el("button", { type: "button", class: "button", onclick: begin }, "Try again");
    replace(document.body, el("main", {}, notice("The program does not answer", "It may be starting, or the network is away.", again)));
    const timer = setTimeout(begin, 3000);
    takeDown = () => clearTimeout(timer);
  }
}

/** The frame: what is above and below every view. */
function frame(body) {
  const tabs = Object.entries(TABS).map(([view, words]) => el("a", { href: `#/${view}` }, words));
  const overall = el("span", { class: "overall", role: "status" });
  const main = el("main", { id: "main", tabindex: "-1" });
  const skip = el("button", { type: "button", class: "skip", onclick: () => main.focus() }, "Skip to the content");
  replace(
    body,
    skip,
    el("header", { class: "bar" },
      el("a", { class: "brand", href: "#/cameras", "aria-label": "edge_app, cameras" }, el("img", { src: "page/icon.svg", alt: "", width: 24, height: 24 }), el("span", {}, "edge_app")),
      el("nav", { class: "tabs", "aria-label": "Views" }, tabs),
      overall,
      mayWrite() && el("a", { class: "button quiet", href: "#/add" }, "Add a camera"),
      session.tokenWanted && el("button", { type: "button", class: "button quiet", onclick: signOut }, "Sign out"),
    ),
    main,
  );
  const stop = startRouter(main, (view) => {
    for (const tab of tabs) {
      if (tab.hash === `#/${view}`) tab.setAttribute("aria-current", "page");
      else tab.removeAttribute("aria-current");
    }
  });
  const unwatch = watchHealth((health) => tell(overall, health), (error) => fail(overall, error));
  return () => {
    stop();
    unwatch();
  };
}

function tell(overall, health) {
  const cameras = Object.values(health.cameras).filter((camera) => camera.state !== "disabled");
  const up = cameras.filter((camera) => camera.state === "up").length;
  overall.dataset.level = health.status;
  say(overall, up === cameras.length ? `${several(up, "camera")} live` : `${up} of ${several(cameras.length, "camera")} live`);
}

function fail(overall, error) {
  overall.dataset.level = "down";
  say(overall, error.status === 0 ? "The program does not answer" : error.message);
}

onSignedOut(begin);
begin();
