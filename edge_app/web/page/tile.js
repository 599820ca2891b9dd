// A camera's tile: its picture, live while it can be seen, and how it is, in words.

import { address, mayWrite } from "./api.js";
import { el, say } from "./dom.js";
import { Live } from "./live.js";
import { Spark } from "./spark.js";
import { cameraState, moment, reason, span } from "./words.js";

const STILL_MS = 10000; // between two pictures of a tile that is out of sight

export class Tile {
  constructor(name, { scene, large = false } = {}) {
    this.name = name;
    this.scene = scene;
    this.live = null;
    this.screen = el("div", { class: "screen" });
    this.still = el("img", { class: "still", alt: `Last picture of ${name}`, hidden: true });
    this.veil = el("p", { class: "veil" });
    this.screen.append(this.still, this.veil);
    this.state = el("p", { class: "state" });
    this.why = el("p", { class: "why" });
    this.fps = el("span");
    this.age = el("span");
    this.spark = new Spark("fps in the last minutes");
    const open = el("a", { href: `#/camera/${name}` }, name);
    this.element = el("article", { class: `tile card${large ? " large" : ""}`, "data-camera": name, "aria-label": `Camera ${name}` },
      this.screen,
      el("div", { class: "tile-foot" },
        !large && el("h2", {}, open),
        this.state,
        el("div", { class: "figures" }, this.spark.element, this.fps, this.age),
        mayWrite() && this.button(),
        this.why,
      ),
    );
    this.seen = false;
    this.known = null;
  }

  button() {
    const go = () => (location.hash = `#/zones/${this.name}`);
    return el("button", { type: "button", class: "button small", onclick: go }, "Zones", el("span", { class: "visually-hidden" }, ` of ${this.name}`));
  }

  /** Takes what is known of the camera, and what looks wrong with it. */
  show(camera, warnings) {
    this.known = camera;
    this.element.dataset.state = camera.state;
    this.element.toggleAttribute("data-warned", warnings.length > 0);
    const up = camera.state === "up";
    say(this.state, up && warnings.length ? `Live, but ${reason(warnings[0].reason)}` : cameraState(camera));
    say(this.why, camera.state === "down" ? this.explained(camera) : "");
    say(this.fps, up ? `${camera.fps.toFixed(1)} fps` : "– fps");
    if (!this.live?.runs || !up) say(this.age, camera.age_ms === null ? "" : `age ${span(camera.age_ms / 1000)}`);
    this.spark.add(camera.fps);
    say(this.veil, this.veiled(camera));
    this.fit();
  }

  explained(camera) {
    const next = camera.next_retry ? ` Next try in ${span((Date.parse(camera.next_retry) - Date.now()) / 1000)}.` : "";
    return `${camera.detail}.${next}`;
  }

  veiled(camera) {
    if (camera.state === "down") return camera.last_frame ? `No picture since ${moment(Date.parse(camera.last_frame) / 1000)}` : "No picture yet";
    if (camera.state === "connecting") return "Waiting for the first picture…";
    return camera.state === "disabled" ? "Switched off in the configuration" : "";
  }

  /** The program does not answer. */
  lost(error) {
    this.element.dataset.state = "unknown";
    say(this.state, "Not known");
    say(this.why, error.message);
    say(this.fps, "– fps");
    say(this.age, "");
  }

  /** Whether somebody can see it. */
  visible(seen) {
    this.seen = seen;
    this.fit();
  }

  /** Live while it is seen and up; else a picture now and then, where there is one. */
  fit() {
    const up = this.known?.state === "up";
    const live = this.seen && up && !document.hidden;
    if (live && !this.live) {
      this.live = new Live(this.screen, this.still, this.name, { scene: this.scene, onAge: (age) => this.aged(age) });
    } else if (!live && this.live) {
      this.live.stop();
      this.live = null;
    }
    if (up && !this.live?.runs && !document.hidden) this.refresh();
  }

  aged(age) {
    const now = performance.now();
    if (now - (this.told ?? 0) < 500) return;
    this.told = now;
    say(this.age, `age ${span(age)}`);
  }

  /** Another still picture, unless the last one is fresh. */
  refresh() {
    const now = performance.now();
    if (now - (this.asked ?? -Infinity) < STILL_MS) return;
    this.asked = now;
    const url = address(`api/v1/cameras/${this.name}/snapshot.jpg?width=640`);
    url.searchParams.set("t", Math.round(now));
    const next = new Image();
    next.onload = () => {
      if (this.live?.runs) return;
      this.still.src = next.src;
      this.still.hidden = false;
    };
    next.src = url;
  }

  stop() {
    this.live?.stop();
    this.live = null;
    this.element.remove();
  }
}
