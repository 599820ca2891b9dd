// What the program says, in words for people.

const REASONS = {
  auth_failed: "the camera refuses the login",
  timeout: "the camera does not answer",
  refused: "nothing answers at its address",
  unreachable: "its address cannot be reached",
  not_found: "there is no such stream",
  stalled: "no pictures come any more",
  stuck: "its driver hangs",
  tls: "the encryption cannot be trusted",
  codec: "its video is of an unknown kind",
  decode_errors: "its video is broken",
  too_large: "its pictures are too large",
  ended: "its stream has ended",
  failed: "its pictures cannot be used",
  frozen_picture: "the picture stands still",
  black_picture: "the picture is black",
};

/** A reason of the program's, as the end of a sentence. */
export const reason = (code) => REASONS[code] ?? String(code ?? "").replaceAll("_", " ");

/** The state of a camera of `/api/v1/health`, in one short line. */
export function cameraState(camera) {
  if (camera.state === "up") return "Live";
  if (camera.state === "connecting") return "Connecting…";
  if (camera.state === "disabled") return "Switched off";
  return `Down: ${reason(camera.reason)}`;
}

/** When an event began [s since 1970]: by this they are in order. */
export const began = (event) => event.start_time ?? event.capture_time;

const EVENTS = {
  new: () => "appeared",
  update: (e) => (e.zone ? `is in ${e.zone}` : e.line ? `crossed ${e.line}` : "is seen"),
  end: () => "is gone",
  enter: (e) => `entered ${e.zone}`,
  leave: (e) => (e.dwell_s === undefined ? `left ${e.zone}` : `was in ${e.zone} for ${span(e.dwell_s)}`),
  dwell: (e) => `stays in ${e.zone}`,
  cross: (e) => `crossed ${e.line}${e.direction ? `, ${e.direction}` : ""}`,
};

/** What happened, as a headline beside the time at which it began; of an update about an event, that event. */
export function eventHeadline(event) {
  const type = event.update_of ?? event.type;
  if (type === "crowd") return `${event.count ?? "Many"} at once in ${event.zone}`;
  if (type === "calm") return `${event.zone} is calm again`;
  if (type === "camera") return event.state === "up" ? "Camera is back" : `Camera is down: ${reason(event.reason)}`;
  const who = event.label ?? "Something";
  return `${who[0].toUpperCase()}${who.slice(1)} ${(EVENTS[type] ?? (() => type ?? "was kept"))(event)}`;
}

/** What an update about an event tells of it, as the end of its headline; empty of what is no such update. */
export function eventNews(event) {
  if (event.update_of === undefined) return "";
  if (event.description !== undefined || event.verified !== undefined) return ": described";
  return event.clip_note ? `: ${event.clip ? "its clip is short" : "it has no clip"}` : ": its clip is whole";
}

/** These keys of an object, as far as it has them. */
export const picked = (object, keys) => Object.fromEntries(keys.filter((key) => object[key] !== undefined).map((key) => [key, object[key]]));

/** What to do where no camera has a zone or a line, as the end of a text. */
export const DRAW_FIRST = "No camera has a zone or a line: “Zones” on its tile draws them.";

/** Whether no camera of `/api/v1/config` has anything that tells events of objects. */
export const tellsNothing = (cameras) => Object.keys(cameras).length > 0
  && Object.values(cameras).every((camera) => [camera.zones, camera.lines].every((each) => !Object.keys(each ?? {}).length));

/** The types of events that can be asked for, with their words. */
export const EVENT_TYPES = {
  new: "appeared",
  end: "is gone",
  enter: "entered a zone",
  leave: "left a zone",
  dwell: "stayed in a zone",
  cross: "crossed a line",
  crowd: "a crowd",
  calm: "calm again",
  camera: "camera up or down",
};

/** A span of time: `4 s`, `12 min`, `3 h`, `2 days`. */
export function span(seconds) {
  const s = Math.max(0, seconds);
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 100) return `${Math.round(s)} s`;
  if (s < 6000) return `${Math.round(s / 60)} min`;
  if (s < 172800) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86400)} days`;
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });

/** When that was [s since 1970]: the time, and the day unless it is today. */
export function moment(seconds) {
  const date = new Date(seconds * 1000);
  const today = date.toDateString() === new Date().toDateString();
  return today ? CLOCK.format(date) : `${DAY.format(date)}, ${CLOCK.format(date)}`;
}

/** So many of something: `1 camera`, `3 cameras`. */
export const several = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
