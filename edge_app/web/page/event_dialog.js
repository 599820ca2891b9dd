// One event: its clip or picture, what is said of it, and what came of it.

import { address, get } from "./api.js";
import { el, replace } from "./dom.js";
import { began, eventHeadline, eventNews, moment, picked, span } from "./words.js";

const FOUND = ["snapshot", "clip", "description", "verified"]; // what an event has by now, whatever its document says

/** Shows it above the page until it is closed; meanwhile the address of the page is the event's, and can be sent to others. */
export function showEvent(event) {
  const before = location.hash;
  history.replaceState(null, "", `#/events?id=${event.id}`);
  const body = el("div", { class: "event-body" });
  const title = el("h2", { id: "event-title" }, eventHeadline(event));
  const close = el("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Close");
  const dialog = el("dialog", { class: "event-dialog", "aria-labelledby": "event-title" },
    el("header", { class: "head" }, title, close), body);
  const stop = new AbortController();
  window.addEventListener("hashchange", () => dialog.close(), { signal: stop.signal }); // it is of the view below it
  dialog.addEventListener("click", (click) => click.target === dialog && dialog.close());
  dialog.addEventListener("close", () => {
    if (new URLSearchParams(location.hash.split("?")[1]).get("id") === event.id) history.replaceState(null, "", before || "#");
    stop.abort();
    dialog.remove();
  });
  document.body.append(dialog);
  fill(body, event, []);
  dialog.showModal();
  get(`api/v1/events/${event.id}`, { signal: stop.signal }).then(
    (record) => {
      const known = whole(record);
      replace(title, eventHeadline(known));
      fill(body, known, record.history);
    },
    (error) => error.name !== "AbortError" && body.append(el("p", { class: "wrong", role: "alert" }, error.message)),
  );
}

/** What happened last, with what was found out about it later, and why its clip is short or missing. */
function whole({ event, history }) {
  const happened = history.findLast((each) => each.update_of === undefined) ?? event;
  const noted = history.findLast((each) => each.clip_note !== undefined && each.clip === event.clip);
  return { ...happened, ...picked(event, FOUND), clip_note: noted?.clip_note };
}

function fill(body, event, history) {
  replace(
    body,
    media(event),
    event.description && el("p", { class: "description" }, event.description),
    el("dl", { class: "facts" }, facts(event).flatMap(([what, value]) => [el("dt", {}, what), el("dd", {}, value)])),
    history.length > 1 && el("details", {}, el("summary", {}, `History (${history.length})`),
      el("ol", { class: "history" }, history.map((each) => el("li", {}, `${moment(each.capture_time)} ${eventHeadline(each)}${eventNews(each)}`)))),
  );
}

function media(event) {
  const file = (name) => address(`api/v1/events/${event.id}/${name}`);
  const picture = event.snapshot ? file("snapshot.jpg") : null;
  if (event.clip) {
    const video = el("video", { src: file("clip.mp4"), poster: picture, controls: true, playsinline: true, preload: "metadata" });
    const missing = () => video.replaceWith(el("div", { class: "media" }, still(event, picture), el("p", { class: "help" }, "The clip is still being made, or this browser cannot play it.")));
    video.onerror = missing;
    return video;
  }
  return still(event, picture);
}

function still(event, picture) {
  return picture && el("img", { src: picture, alt: eventHeadline(event) });
}

function facts(event) {
  const known = [
    ["Camera", event.camera],
    ["When", moment(began(event))],
    ["Where", event.zone ?? event.line],
    ["Stayed", event.dwell_s === undefined ? null : span(event.dwell_s)],
    [event.line ? "Since midnight" : "How many", event.count],
    ["Direction", event.direction],
    ["Speed", event.speed_mps === undefined ? null : `${(3.6 * event.speed_mps).toFixed(1)} km/h`],
    ["Confidence", event.score === undefined ? null : `${Math.round(100 * event.score)} %`],
    ["Track", event.track_id],
    ["Verified", event.verified === undefined ? null : event.verified ? "yes" : "no"],
    [event.clip ? "Clip" : "No clip", event.clip_note],
  ];
  return known.filter(([, value]) => value !== undefined && value !== null).map(([what, value]) => [what, String(value)]);
}
