// Events as rows, newest first, and new ones as they happen.

import { address, get } from "./api.js";
import { el, replace } from "./dom.js";
import { began, eventHeadline, moment, picked } from "./words.js";

const STREAM_PATIENCE_MS = 4000; // a stream that is refused is tried again so much later
const NEWS = ["session", "seq", "snapshot", "clip", "clip_note", "description", "verified"]; // of an update about an event

/** Whether one is listed below another: it began earlier, or at the same time and was noticed earlier. */
const below = (a, b) => began(a) < began(b) || (began(a) === began(b) && a.id < b.id);

/** What is known of an event once more has come: what an update tells about an event changes nothing of what happened since. */
function newest(known, event) {
  const about = known !== undefined && event.update_of !== undefined ? { ...known, ...picked(event, NEWS) } : { ...known, ...event, update_of: event.update_of };
  if (event.update_of !== undefined && event.clip === undefined && event.clip_note !== undefined) delete about.clip;
  return about;
}

/**
 * A list of events that fills itself: `query` is what of them is asked for, `most` how many rows there are, `onChoose(event)`
 * is called where one is chosen, `onState(kind, error)` with "empty", "filled" or "failed".
 */
export class EventList {
  constructor({ query = {}, most = 200, wide = false, onChoose, onState = () => {}, keep = () => true }) {
    this.query = query;
    this.most = most;
    this.choose = onChoose;
    this.tellState = onState;
    this.keep = keep;
    this.rows = new Map();
    this.next = null;
    this.element = el("ol", { class: wide ? "events wide" : "events", "aria-label": "Events, newest first" });
    this.stopped = new AbortController();
    this.begin();
    this.visibility = () => (document.hidden ? this.unfollow() : this.begin());
    document.addEventListener("visibilitychange", this.visibility);
  }

  /** Follows what happens, then asks for what was before: so nothing is missed in between. */
  async begin() {
    this.follow();
    await this.load();
  }

  async load(after = null) {
    const asked = new URLSearchParams(this.query);
    if (after) asked.set("after", after);
    try {
      const page = await get(`api/v1/events?${asked}`, { signal: this.stopped.signal });
      page.events.forEach((event) => this.put(event));
      this.next = page.next;
      this.tellState(this.rows.size ? "filled" : "empty");
    } catch (error) {
      if (error.name !== "AbortError") this.tellState("failed", error);
    }
  }

  follow() {
    this.unfollow();
    if (document.hidden || this.stopped.signal.aborted) return;
    const asked = new URLSearchParams();
    for (const key of ["camera", "type"]) if (this.query[key]) asked.set(key, this.query[key]);
    this.stream = new EventSource(address(`api/v1/events/stream?${asked}`));
    this.stream.addEventListener("event", ({ data }) => {
      const event = JSON.parse(data);
      if (this.keep(event)) this.put(event);
      if (this.rows.size === 1) this.tellState("filled");
    });
    this.stream.onerror = () => {
      if (this.stream?.readyState !== EventSource.CLOSED) return; // else the browser comes again by itself
      this.stream = null;
      this.retry = setTimeout(() => this.begin(), STREAM_PATIENCE_MS); // anew: where it was is forgotten
    };
  }

  unfollow() {
    clearTimeout(this.retry);
    this.stream?.close();
    this.stream = null;
  }

  /** Takes an event, or what is new of one. */
  put(event) {
    const before = this.rows.get(event.id);
    if (before && before.event.seq > event.seq && before.event.session === event.session) return;
    const merged = newest(before?.event, event);
    const element = this.row(merged, before?.element);
    if (!before) {
      const lower = [...this.rows.values()].filter((row) => below(row.event, merged));
      const next = lower.reduce((a, b) => (!a || below(a.event, b.event) ? b : a), null);
      this.element.insertBefore(element, next?.element ?? null);
    }
    this.rows.set(event.id, { event: merged, element });
    this.trim();
  }

  trim() {
    while (this.rows.size > this.most) {
      const oldest = [...this.rows.values()].reduce((a, b) => (below(a.event, b.event) ? a : b));
      oldest.element.remove();
      this.rows.delete(oldest.event.id);
    }
  }

  row(event, element = el("li", { "data-event-id": event.id })) {
    const picture = event.snapshot
      ? el("img", { src: `${address(`api/v1/events/${event.id}/snapshot.jpg`)}?${event.seq}`, alt: "", loading: "lazy", width: 96, height: 54 })
      : el("span", { class: "no-picture", "aria-hidden": "true" });
    picture.onerror = () => picture.replaceWith(el("span", { class: "no-picture", "aria-hidden": "true" }));
    const button = el("button", { type: "button", class: "event", onclick: () => this.choose(this.rows.get(event.id).event) },
      picture,
      el("span", { class: "event-words" },
        el("strong", {}, eventHeadline(event)),
        el("span", { class: "soft" }, `${event.camera} · ${moment(began(event))}`),
        event.description && el("span", { class: "description" }, event.description)),
      event.clip && el("span", { class: "badge" }, "clip"));
    return replace(element, button);
  }

  stop() {
    this.stopped.abort();
    this.unfollow();
    document.removeEventListener("visibilitychange", this.visibility);
  }
}
