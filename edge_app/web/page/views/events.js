// What has happened: filters, when it was, and a row for each.

import { get } from "../api.js";
import { el, notice, replace } from "../dom.js";
import { showEvent } from "../event_dialog.js";
import { EventList } from "../event_list.js";
import { Timeline, beginnings } from "../timeline.js";
import { toast } from "../toast.js";
import { watchConfig, watchHealth } from "../watch.js";
import { DRAW_FIRST, EVENT_TYPES, began, tellsNothing } from "../words.js";

export const title = "Events";
const PAGE = 60;
const SPANS = { 3600: "Last hour", 21600: "Last 6 hours", 86400: "Last 24 hours", 604800: "Last 7 days" };

export function mount(root, { query }) {
  const filter = new Filter(query, restart);
  const list = el("div");
  const older = el("button", { type: "button", class: "button", hidden: true, onclick: more }, "Show older ones");
  const hint = el("div", { role: "status" });
  const trouble = el("div", { role: "status" });
  const timeline = new Timeline((camera, from, until) => filter.set({ camera, since: Math.floor(from), until: Math.ceil(until) }));
  const span = el("select", { "aria-label": "Span of the timeline", onchange: drawTimeline },
    Object.entries(SPANS).map(([seconds, words]) => el("option", { value: seconds, selected: seconds === "86400" }, words)));
  let events = null;
  let stop = new AbortController();
  const left = new AbortController();
  let cameras = [];
  let config = null;
  let isEmpty = false;
  replace(
    root,
    el("div", { class: "head" }, el("h1", {}, title)),
    el("section", { class: "card padded", "aria-label": "When" }, el("div", { class: "head" }, el("h2", {}, "When"), span), timeline.element),
    filter.element,
    trouble,
    hint,
    list,
    older,
  );

  function restart() {
    events?.stop();
    events = new EventList({ query: { ...filter.asked, limit: PAGE }, most: 1000, wide: true, onChoose: showEvent, onState, keep: (event) => filter.fits(event) });
    replace(list, events.element);
    older.hidden = true;
  }

  function onState(kind, error) {
    older.hidden = !events?.next;
    if (kind === "filled") replace(hint);
    if (kind === "failed") replace(hint, notice("The events cannot be read", error.message));
    isEmpty = kind === "empty";
    if (isEmpty) {
      replace(hint, filter.isEmpty
        ? notice("Nothing has happened yet", whyEmpty(config))
        : notice("Nothing fits", "No event fits all of these filters.", el("button", { type: "button", class: "button", onclick: () => filter.clear() }, "Show all events")));
    }
  }

  async function more() {
    await events.load(events.next);
    older.hidden = !events.next;
  }

  async function drawTimeline() {
    stop.abort();
    stop = new AbortController();
    const until = Date.now() / 1000;
    const since = until - Number(span.value);
    const found = await beginnings({}, since, stop.signal).catch(() => null);
    if (found) timeline.show({ ...Object.fromEntries(cameras.map((name) => [name, []])), ...found.times }, since, until, found.from);
  }

  let told = null;
  const unwatch = watchHealth((health) => {
    const reason = health.evidence?.reason ?? null;
    if (reason !== told) replace(trouble, reason && notice("Events are not kept at the moment", `The disk does not take them: ${reason}.`));
    told = reason;
    const names = Object.keys(health.cameras);
    if (names.join() === cameras.join()) return;
    cameras = names;
    filter.offer(names);
    drawTimeline();
  });
  const unwatchConfig = watchConfig((shown) => {
    config = shown;
    if (isEmpty) onState("empty");
  });
  const rests = () => !document.hidden && !timeline.element.contains(document.activeElement); // who walks along it goes on
  const timer = setInterval(() => rests() && drawTimeline(), 60000);
  restart();
  if (query.has("id")) openLinked(query.get("id"), left.signal);
  return () => {
    unwatch();
    unwatchConfig();
    clearInterval(timer);
    stop.abort();
    left.abort();
    events.stop();
  };
}

/** Shows the event that the address names. */
function openLinked(id, signal) {
  history.replaceState(null, "", "#/events"); // what is left when it is closed
  get(`api/v1/events/${encodeURIComponent(id)}`, { signal }).then(
    ({ event }) => showEvent(event),
    (error) => error.name !== "AbortError" && toast(`The event cannot be shown: ${error.message}`),
  );
}

/** Why there is no event in a program that is configured like this. */
function whyEmpty(config) {
  if (config?.evidence === null) return "Events are kept where the configuration has the section “evidence”.";
  if (config && tellsNothing(config.cameras)) return DRAW_FIRST;
  return "What zones, lines and tracks tell appears here as it happens.";
}

/** Which events are wanted; the address says it too, so that it can be kept and sent to others. */
class Filter {
  constructor(query, onChange) {
    this.change = onChange;
    this.camera = el("select", { id: "camera" }, el("option", { value: "" }, "All cameras"));
    this.type = el("select", { id: "type" }, el("option", { value: "" }, "Everything"), Object.entries(EVENT_TYPES).map(([type, words]) => el("option", { value: type }, words)));
    this.label = el("input", { id: "label", type: "search", placeholder: "any, such as person", size: 18, autocapitalize: "off" });
    this.since = el("input", { id: "since", type: "datetime-local", step: 60 });
    this.until = el("input", { id: "until", type: "datetime-local", step: 60 });
    const field = (words, input) => el("div", { class: "field" }, el("label", { for: input.id }, words), input);
    this.element = el("form", { class: "filters", role: "search", "aria-label": "Events", onchange: () => this.changed(), onsubmit: (e) => e.preventDefault() },
      field("Camera", this.camera), field("What", this.type), field("Object", this.label), field("From", this.since), field("Until", this.until),
      el("button", { type: "button", class: "button quiet", onclick: () => this.clear() }, "Clear"));
    if (query.get("camera")) this.offer([query.get("camera")]);
    this.fill(Object.fromEntries(query));
  }

  fill({ camera = "", type = "", label = "", since = "", until = "" }) {
    [this.camera.value, this.type.value, this.label.value] = [camera, type, label];
    [this.since.value, this.until.value] = [local(since), local(until)];
  }

  set(wanted) {
    this.offer([wanted.camera]);
    this.fill({ type: this.type.value, label: this.label.value, ...wanted });
    this.changed();
  }

  clear() {
    this.fill({});
    this.changed();
  }

  changed() {
    history.replaceState(null, "", `#/events${this.isEmpty ? "" : `?${new URLSearchParams(this.asked)}`}`);
    this.change();
  }

  /** Cameras that can be chosen, beside those that are there. */
  offer(names) {
    const known = new Set([...this.camera.options].map((option) => option.value));
    this.camera.append(...names.filter((name) => !known.has(name)).map((name) => el("option", { value: name }, name)));
  }

  get asked() {
    const wanted = { camera: this.camera.value, type: this.type.value, label: this.label.value.trim(), since: epoch(this.since), until: epoch(this.until) };
    return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== "" && value !== null));
  }

  get isEmpty() {
    return Object.keys(this.asked).length === 0;
  }

  /** Whether an event that has just happened is wanted; the program has looked at its camera and type. */
  fits(event) {
    const { label, since, until } = this.asked;
    return (!label || event.label === label) && (!since || began(event) >= since) && (!until || began(event) < until);
  }
}

function local(seconds) {
  if (!seconds) return "";
  const date = new Date(Number(seconds) * 1000);
  return new Date(date - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

function epoch(input) {
  return input.value ? new Date(input.value).getTime() / 1000 : null;
}
