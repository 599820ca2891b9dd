// A camera's live picture: its own video where the browser plays it, pictures else; with what was found in it.

import { address } from "./api.js";
import { Clock } from "./clock.js";
import { el } from "./dom.js";
import { Overlay } from "./overlay.js";
import { VideoPlayer } from "./player.js";

const HEADER = 25; // bytes: what it is, and when it is shown, was captured, and was sent [s]
const HEAD = 0;
const FRAGMENT = 1;
const PICTURE = 2;
const SILENT_MS = 25000; // the program says something every ten seconds
const WAIT_MS = 500; // until it connects again; twice as long each further time
const LONGEST_WAIT_MS = 10000;
const SPOILED_MS = 5000; // that pictures are shown instead of a video that was damaged; twice as long each further time
const LONGEST_SPOILED_MS = 600000;

/**
 * Shows a camera live in `screen` until `stop`: pictures in its `still`, an img, and video before that. `scene` returns its
 * zones and lines. `onAge(seconds)` is told how old the picture is that is seen.
 */
export class Live {
  constructor(screen, still, camera, { scene = () => null, onAge = () => {} } = {}) {
    this.camera = camera;
    this.onAge = onAge;
    this.still = still;
    this.overlay = new Overlay(scene);
    this.shownAt = -Infinity; // when a picture was last shown, by performance.now()
    still.after(this.overlay.element);
    this.screen = screen;
    this.player = null;
    this.wantsPictures = typeof MediaSource === "undefined" && typeof ManagedMediaSource === "undefined";
    this.wait = WAIT_MS;
    this.spoiled = SPOILED_MS;
    this.playsSince = 0; // when the video began, by performance.now()
    this.clock = new Clock();
    this.connect();
  }

  connect() {
    const url = address(`api/v1/cameras/${this.camera}/live${this.wantsPictures ? "?format=jpeg" : ""}`);
    url.protocol = url.protocol.replace("http", "ws");
    this.socket = new WebSocket(url);
    this.socket.binaryType = "arraybuffer";
    this.socket.onmessage = ({ data }) => {
      this.heard();
      if (typeof data === "string") this.told(JSON.parse(data));
      else this.got(data);
    };
    this.socket.onclose = () => this.again();
    this.heard();
  }

  heard() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.socket.close(), SILENT_MS);
  }

  again() {
    clearTimeout(this.silence);
    this.dropVideo();
    this.retry = setTimeout(() => this.connect(), this.wait);
    this.wait = Math.min(Math.max(WAIT_MS, 2 * this.wait), LONGEST_WAIT_MS);
  }

  told(message) {
    if (message.kind === "objects") this.overlay.found(message);
    if (message.kind === "video") this.play(message.codec);
  }

  got(data) {
    this.wait = WAIT_MS;
    const header = new DataView(data, 0, HEADER);
    const kind = header.getUint8(0);
    const shown = header.getFloat64(1);
    const captured = header.getFloat64(9);
    this.clock.heard(header.getFloat64(17));
    const content = new Uint8Array(data, HEADER);
    if (kind === PICTURE) this.show(content, captured);
    if (kind === HEAD) this.player?.append(content);
    if (kind === FRAGMENT) this.player?.append(content, shown, captured);
  }

  /** Plays what follows; where the browser cannot, pictures are asked for instead, of a damaged video for a while. */
  play(codec) {
    this.dropVideo();
    const type = `video/mp4; codecs="${codec}"`;
    if (!VideoPlayer.plays(type)) {
      this.pictures();
      return;
    }
    this.player = new VideoPlayer(type, {
      onFrame: (captured) => this.seen(captured, this.player.video),
      onFail: () => this.spoil(),
    });
    this.playsSince = performance.now();
    this.player.video.setAttribute("aria-label", `Live video of ${this.camera}`);
    this.overlay.element.before(this.player.video);
  }

  pictures() {
    if (!this.wantsPictures) this.ask(true);
  }

  /** Pictures for a while: a browser gives a video up for one damaged packet, of which networks and cameras have many. */
  spoil() {
    if (this.wantsPictures) return;
    if (performance.now() - this.playsSince > LONGEST_SPOILED_MS) this.spoiled = SPOILED_MS;
    this.heal = setTimeout(() => this.ask(false), this.spoiled);
    this.spoiled = Math.min(2 * this.spoiled, LONGEST_SPOILED_MS);
    this.ask(true);
  }

  /** Asks anew, for pictures or for the video. */
  ask(wantsPictures) {
    this.wantsPictures = wantsPictures;
    this.wait = 0;
    this.socket.close();
  }

  show(jpeg, captured) {
    const url = URL.createObjectURL(new Blob([jpeg], { type: "image/jpeg" }));
    this.still.onload = () => {
      this.release(url);
      this.still.hidden = false;
      this.player?.stop();
      this.player = null;
      this.seen(captured, this.still);
    };
    this.still.src = url;
  }

  /** A picture of that time is on the screen. */
  seen(captured, element) {
    if (element !== this.still) this.still.hidden = true;
    this.shownAt = performance.now();
    this.overlay.draw(captured, element);
    this.onAge(this.clock.age(captured));
  }

  /** Whether a picture was shown lately. */
  get runs() {
    return performance.now() - this.shownAt < 5000;
  }

  /** Ends the video; its last picture stays. */
  dropVideo() {
    if (!this.player) return;
    const { video } = this.player;
    if (video.videoWidth) {
      const last = el("canvas", { width: video.videoWidth, height: video.videoHeight });
      last.getContext("2d").drawImage(video, 0, 0);
      this.still.onload = null;
      this.still.src = last.toDataURL("image/jpeg", 0.8);
      this.still.hidden = false;
    }
    this.player.stop();
    this.player = null;
  }

  /** Lets go of the picture before this one. */
  release(url) {
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = url;
  }

  stop() {
    clearTimeout(this.silence);
    clearTimeout(this.retry);
    clearTimeout(this.heal);
    this.socket.onclose = this.socket.onmessage = null;
    this.socket.close();
    this.dropVideo();
    this.still.onload = null;
    this.overlay.element.remove();
  }
}
