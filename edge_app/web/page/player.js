// Plays fragments of a video as they come, as close to now as it goes without stumbling (Media Source Extensions).

import { el } from "./dom.js";

const Source = globalThis.ManagedMediaSource ?? globalThis.MediaSource;
const BEHIND_S = 0.05; // behind the newest picture: each is shown once it is there
const HURRY_S = 0.25; // behind the newest: from here on it is played a little faster
const JUMP_S = 1; // and from here on what lies between is left out; likewise ahead of it, as after a pause
const JUMP_MS = 2000; // between two jumps: each decodes from the key frame before on, which a busy machine needs time for
const KEPT_S = 8;
const MOST_WAITING = 600; // fragments that wait for the browser

export class VideoPlayer {
  /** Whether the browser can play it at all. */
  static plays(type) {
    return Boolean(Source?.isTypeSupported(type));
  }

  /** `onFrame(captured)` is called for each picture that is shown, `onFail` once it cannot go on. */
  constructor(type, { onFrame, onFail }) {
    this.onFrame = onFrame;
    this.fail = onFail;
    this.waiting = [];
    this.times = []; // when pictures are shown and were captured, in the order of their showing
    this.newest = 0;
    this.jumped = -Infinity;
    this.video = el("video", { muted: true, playsinline: true, disableremoteplayback: true });
    this.video.muted = true;
    this.video.onerror = () => this.fail();
    this.source = new Source();
    this.url = URL.createObjectURL(this.source);
    this.source.addEventListener("sourceopen", () => this.open(type), { once: true });
    this.video.src = this.url;
    this.watch();
  }

  open(type) {
    try {
      this.buffer = this.source.addSourceBuffer(type);
    } catch {
      this.fail(); // which says nothing where it was stopped before it was open
      return;
    }
    this.buffer.addEventListener("updateend", () => this.next());
    this.next();
  }

  /** The head, or a fragment that is shown at that time of the video and was captured then. */
  append(content, shown = null, captured = null) {
    if (shown !== null) {
      this.newest = shown;
      this.times.push([shown, captured]);
      while (this.times.length > 1 && this.times[0][0] < shown - KEPT_S) this.times.shift();
    }
    this.waiting.push(content);
    if (this.waiting.length > MOST_WAITING) this.fail();
    else this.next();
  }

  next() {
    const { buffer, video } = this;
    if (!buffer || buffer.updating || this.source.readyState !== "open") return;
    try {
      const begin = buffer.buffered.length ? buffer.buffered.start(0) : 0;
      if (this.waiting.length) buffer.appendBuffer(joined(this.waiting.splice(0)));
      else if (video.currentTime - begin > 2 * KEPT_S) buffer.remove(0, video.currentTime - KEPT_S);
    } catch {
      this.fail();
      return;
    }
    this.keepUp();
  }

  /** Stays close to the newest picture, and gets over gaps. */
  keepUp() {
    const { video, buffer } = this;
    const ranges = buffer.buffered;
    if (!ranges.length) return;
    const begin = ranges.start(ranges.length - 1);
    const behind = this.newest - video.currentTime;
    if (video.currentTime < begin || Math.abs(behind) > JUMP_S) {
      const now = performance.now();
      if (video.seeking || now - this.jumped < JUMP_MS) return;
      this.jumped = now;
      video.currentTime = Math.max(begin, this.newest - BEHIND_S);
    } else {
      video.playbackRate = behind > HURRY_S ? 1.1 : behind < 0 ? 0.9 : 1;
    }
    if (video.paused) video.play().catch(() => {});
  }

  /** Tells of each picture that is shown. */
  watch() {
    const { video } = this;
    const tell = (shown) => {
      if (this.stopped) return;
      const captured = this.captured(shown);
      if (captured !== null) this.onFrame(captured);
    };
    if (video.requestVideoFrameCallback) {
      const each = (_, frame) => {
        tell(frame.mediaTime);
        if (!this.stopped) video.requestVideoFrameCallback(each);
      };
      video.requestVideoFrameCallback(each);
    } else {
      video.ontimeupdate = () => tell(video.currentTime);
    }
  }

  /** When the picture was captured that is shown at that time of the video. */
  captured(shown) {
    const found = this.times.filter(([at]) => at <= shown + 0.002).at(-1);
    return found ? found[1] : null;
  }

  stop() {
    this.stopped = true;
    this.fail = () => {};
    this.video.onerror = null;
    this.video.removeAttribute("src");
    this.video.load();
    this.video.remove();
    URL.revokeObjectURL(this.url);
  }
}

function joined(pieces) {
  if (pieces.length === 1) return pieces[0];
  const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
