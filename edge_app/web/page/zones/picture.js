// The camera's live picture below a drawing, in the picture's own form.

import { el, say } from "../dom.js";
import { Live } from "../live.js";

const PATIENCE_MS = 6000;

/** Shows it until `stop`; `drawing` lies over it, and is told the picture's form. */
export class Picture {
  #form = "";

  constructor(camera, drawing) {
    this.drawing = drawing;
    this.still = el("img", { class: "still", alt: `Picture of ${camera}`, hidden: true });
    this.veil = el("p", { class: "veil" }, "Waiting for a picture…");
    this.element = el("div", { class: "screen drawn" }, this.still, this.veil, drawing.element);
    this.live = new Live(this.element, this.still, camera, { onAge: () => this.#seen() });
    const words = `No picture of ${camera} comes at present. What is drawn counts all the same.`;
    this.patience = setTimeout(() => say(this.veil, words), PATIENCE_MS);
  }

  #seen() {
    const shown = this.element.querySelector("video") ?? this.still;
    const width = shown.videoWidth || shown.naturalWidth;
    const height = shown.videoHeight || shown.naturalHeight;
    const form = `${width} / ${height}`;
    if (!width || !height || form === this.#form) return;
    this.#form = form;
    clearTimeout(this.patience);
    say(this.veil, "");
    this.element.style.aspectRatio = form;
    this.element.style.maxWidth = `calc((100dvh - 230px) * ${width / height})`;
    this.drawing.shapeOf(width, height);
  }

  stop() {
    clearTimeout(this.patience);
    this.live.stop();
  }
}
