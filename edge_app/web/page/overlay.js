// What was found in a picture, and where its zones and lines are: drawn over it, by the time of its capture.

import { el } from "./dom.js";

const KEPT = 40; // results
const STALE_S = 1; // after which boxes say nothing of a picture
const COLOURS = ["#4cc9f0", "#f9c74f", "#90be6d", "#f9844a", "#c77dff", "#ff7096", "#43e0b5", "#b5c7ff"];
const ZONE = "#7bdcb5";
const LINE = "#ffd166";
const SMALL = 560; // pixels: a picture that is no wider says no more than what it is
const TINY = 10; // and of what is no wider than that, nothing
const TRAIL = 24; // places of an object that are remembered

export class Overlay {
  /** `scene()` returns `{zones, lines}` as the configuration has them, or null. */
  constructor(scene) {
    this.scene = scene;
    this.element = el("canvas", { class: "overlay", "aria-hidden": "true" });
    this.results = [];
    this.trails = new Map();
  }

  /** Takes what was found in a frame. */
  found(result) {
    this.results.push(result);
    if (this.results.length > KEPT) this.results.shift();
    const seen = new Set();
    for (const { track, box } of result.objects) {
      if (track === undefined) continue;
      seen.add(track);
      const trail = this.trails.get(track) ?? [];
      trail.push([result.captured, (box[0] + box[2]) / 2 / result.width, box[3] / result.height]);
      this.trails.set(track, trail.slice(-TRAIL));
    }
    for (const track of this.trails.keys()) if (!seen.has(track)) this.trails.delete(track);
  }

  /** Draws what belongs to the picture of that time, which `shown` shows. */
  draw(captured, shown) {
    const canvas = this.element;
    const scale = Math.min(2, devicePixelRatio || 1);
    const width = Math.round(canvas.clientWidth * scale);
    const height = Math.round(canvas.clientHeight * scale);
    if (!width || !height) return;
    const place = placed(shown, width, height);
    const result = place && (this.results.findLast((each) => each.captured <= captured + 0.02) ?? this.results[0]);
    const boxes = result && Math.abs(captured - result.captured) < STALE_S ? result : null;
    const now = [width, height, place?.w, boxes, this.scene()];
    if (this.drawn?.every((each, n) => each === now[n])) return; // as nearly always: a canvas costs more than a video
    this.drawn = now;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const g = canvas.getContext("2d");
    g.setTransform(1, 0, 0, 1, 0, 0);
    g.clearRect(0, 0, width, height);
    if (!place) return;
    g.translate(place.x, place.y);
    this.places(g, place, scale);
    if (boxes) this.objects(g, place, scale, boxes);
  }

  places(g, { w, h }, scale) {
    const scene = this.scene();
    if (!scene) return;
    g.lineWidth = 1.5 * scale;
    g.font = `${11 * scale}px system-ui, sans-serif`;
    for (const [name, zone] of Object.entries(scene.zones ?? {})) {
      g.beginPath();
      zone.polygon.forEach(([x, y], n) => (n ? g.lineTo(x * w, y * h) : g.moveTo(x * w, y * h)));
      g.closePath();
      g.fillStyle = `${ZONE}1c`;
      g.strokeStyle = `${ZONE}b0`;
      g.fill();
      g.stroke();
      caption(g, name, zone.polygon[0][0] * w, zone.polygon[0][1] * h, scale, ZONE);
    }
    for (const [name, line] of Object.entries(scene.lines ?? {})) {
      const [[x1, y1], [x2, y2]] = [line.from, line.to];
      g.strokeStyle = LINE;
      g.beginPath();
      g.moveTo(x1 * w, y1 * h);
      g.lineTo(x2 * w, y2 * h);
      g.stroke();
      caption(g, name, ((x1 + x2) / 2) * w, ((y1 + y2) / 2) * h, scale, LINE);
    }
  }

  objects(g, { w, h }, scale, result) {
    const [sx, sy] = [w / result.width, h / result.height];
    g.lineWidth = 2 * scale;
    g.font = `600 ${12 * scale}px system-ui, sans-serif`;
    for (const { label, score, box, track } of result.objects) {
      const colour = COLOURS[hash(label) % COLOURS.length];
      const [x1, y1, x2, y2] = [box[0] * sx, box[1] * sy, box[2] * sx, box[3] * sy];
      this.trail(g, track, result.captured, w, h, colour);
      g.strokeStyle = colour;
      g.strokeRect(x1, y1, x2 - x1, y2 - y1);
      const more = w > SMALL * scale ? `${track ? ` ${track}` : ""} ${Math.round(100 * score)} %` : "";
      if (more || x2 - x1 > TINY * scale) caption(g, label + more, x1, y1, scale, colour);
    }
  }

  trail(g, track, until, w, h, colour) {
    const trail = (this.trails.get(track) ?? []).filter(([at]) => at <= until);
    if (trail.length < 2) return;
    g.strokeStyle = `${colour}90`;
    g.beginPath();
    trail.forEach(([, x, y], n) => (n ? g.lineTo(x * w, y * h) : g.moveTo(x * w, y * h)));
    g.stroke();
  }
}

/** Where the picture lies in its box, which is wider or higher than it. */
function placed(shown, width, height) {
  const w = shown.videoWidth || shown.naturalWidth;
  const h = shown.videoHeight || shown.naturalHeight;
  if (!w || !h) return null;
  const scale = Math.min(width / w, height / h);
  return { x: (width - w * scale) / 2, y: (height - h * scale) / 2, w: w * scale, h: h * scale };
}

function caption(g, words, x, y, scale, colour) {
  const pad = 4 * scale;
  const height = 16 * scale;
  const top = y - height < 0 ? y : y - height;
  g.fillStyle = "rgb(11 12 13 / 72%)";
  g.fillRect(x - g.lineWidth / 2, top, g.measureText(words).width + 2 * pad, height);
  g.fillStyle = colour;
  g.textBaseline = "middle";
  g.fillText(words, x + pad, top + height / 2 + 0.5 * scale);
}

function hash(text) {
  let value = 0;
  for (const letter of text) value = (31 * value + letter.codePointAt(0)) >>> 0;
  return value;
}
