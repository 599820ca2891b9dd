// Adds a camera: finds it in the network or takes its URL, looks at it, and writes it into the configuration.

import { mayWrite, send } from "../api.js";
import { el, notice, replace, say } from "../dom.js";
import { toast } from "../toast.js";
import { review } from "../review.js";

export const title = "Add a camera";

export function mount(root) {
  if (!mayWrite()) {
    replace(root, notice(title, "This token may only read: nothing can be added with it."));
    return () => {};
  }
  const stop = new AbortController();
  const form = new CameraForm(stop.signal);
  const finder = new Finder(stop.signal, (address) => form.take(address));
  replace(root,
    el("div", { class: "head" }, el("h1", {}, title), el("a", { class: "button", href: "#/cameras" }, "Close")),
    el("div", { class: "adding" }, form.element, finder.element));
  form.focus();
  return () => stop.abort();
}

const FIELDS = {
  name: ["Name", "a to z, 0 to 9 and _; it is part of topics, events and file names", { pattern: "[a-z0-9_]+", placeholder: "gate" }],
  url: ["URL of its stream", "as its manual or its maker's page has it; rtsp, rtsps, http or https", { placeholder: "rtsp://10.0.0.5/stream1", inputmode: "url" }],
  username: ["User", "where the camera wants a login", {}],
  password: ["Password", "kept in a file that only the program's user can read, not in the configuration", { type: "password", autocomplete: "new-password" }],
};

class CameraForm {
  #seen = null;

  constructor(signal) {
    this.signal = signal;
    this.inputs = {};
    this.errors = {};
    this.wrong = el("p", { class: "wrong", role: "alert" });
    this.found = el("div", { class: "found", "aria-live": "polite" });
    this.lookButton = el("button", { class: "button" }, "Look at it");
    this.askButton = el("button", { type: "button", class: "button", hidden: true, onclick: () => this.#ask() }, "Ask for its URL");
    this.addButton = el("button", { type: "button", class: "button primary", onclick: () => this.#review() }, "Review");
    this.element = el("form", { class: "card side", autocomplete: "off", novalidate: true, onsubmit: (event) => this.#look(event) },
      Object.entries(FIELDS).map(([key, field]) => this.#field(key, ...field)),
      this.wrong, el("div", { class: "actions" }, this.askButton, this.lookButton, this.addButton), this.found);
  }

  focus() {
    this.inputs.name.focus();
  }

  /** Takes what was found in the network. */
  take({ address, name, services }) {
    this.service = services[0] ?? null;
    this.askButton.hidden = this.service === null;
    this.inputs.url.value = `rtsp://${address}/`;
    if (!this.inputs.name.value) this.inputs.name.value = name.toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "");
    this.#forget();
    this.inputs.url.focus();
    this.inputs.url.setSelectionRange(this.inputs.url.value.length, this.inputs.url.value.length);
  }

  /** Asks the camera that was found by which URLs it sends. */
  async #ask() {
    this.#clear();
    const { username, password } = this.inputs;
    replace(this.found, el("p", { class: "help" }, "Asking it…"));
    await this.#busy(async () => {
      const body = { service: this.service, username: username.value, password: password.value };
      const { streams } = await send("POST", "api/v1/discover/streams", body, { signal: this.signal });
      const choose = ({ url }) => {
        this.inputs.url.value = url;
        this.#clear();
      };
      if (streams.length) choose(streams[0]);
      replace(this.found, el("p", { class: "help" }, streams.length ? "It sends:" : "It names no stream."), el("ul", { class: "shapes" },
        streams.map((each) => el("li", {}, el("button", { type: "button", class: "item", onclick: () => choose(each) },
          el("span", {}, each.name || each.url), el("small", {}, each.width ? `${each.width} × ${each.height}` : ""))))));
    });
  }

  #field(key, label, help, props) {
    const id = `camera-${key}`;
    const input = el("input", {
      id, type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false", "aria-describedby": `${id}-help ${id}-wrong`, ...props,
    });
    input.addEventListener("input", () => this.#forget());
    this.inputs[key] = input;
    this.errors[key] = el("p", { id: `${id}-wrong`, class: "wrong" });
    return el("div", { class: "field" }, el("label", { for: id }, label), input, el("p", { id: `${id}-help`, class: "help" }, help), this.errors[key]);
  }

  get #said() {
    const { url, username, password } = this.inputs;
    const login = username.value ? { username: username.value, password: password.value } : {};
    return { url: url.value.trim(), ...login };
  }

  #forget() {
    this.#seen = null;
    this.#clear();
    replace(this.found);
  }

  #clear() {
    say(this.wrong, "");
    for (const [key, error] of Object.entries(this.errors)) {
      say(error, "");
      this.inputs[key].removeAttribute("aria-invalid");
    }
  }

  async #look(event) {
    event.preventDefault();
    this.#clear();
    replace(this.found, el("p", { class: "help" }, "Looking at it… that may take ten seconds."));
    await this.#busy(async () => {
      const seen = await send("POST", "api/v1/probe", this.#said, { signal: this.signal });
      this.#seen = seen;
      const rate = seen.fps ? `${Math.round(10 * seen.fps) / 10} frames/s` : "frames/s unknown";
      replace(this.found,
        el("img", { src: seen.picture, alt: "The camera's first picture", width: seen.width, height: seen.height }),
        el("p", { class: "help" }, `${seen.codec}, ${seen.width} × ${seen.height}, ${rate}`));
    });
  }

  async #review() {
    this.#clear();
    const name = this.inputs.name.value.trim();
    if (!name) {
      this.#complain("name", "A camera needs a name.");
      return;
    }
    const fps = this.#seen?.fps ? { fps: this.#seen.fps } : {};
    await this.#busy(() => review(`api/v1/cameras/${encodeURIComponent(name)}`, { ...this.#said, ...fps }, {
      part: `camera ${name}`,
      onApplied: ({ secrets }) => {
        toast(secrets ? `${name} is added. Its login is in ${secrets}.` : `${name} is added.`);
        location.hash = "#/cameras";
      },
    }));
  }

  async #busy(work) {
    const buttons = [this.askButton, this.lookButton, this.addButton];
    for (const each of buttons) each.disabled = true;
    try {
      await work();
    } catch (error) {
      replace(this.found);
      if (error.name !== "AbortError") this.#refused(error);
    } finally {
      for (const each of buttons) each.disabled = false;
    }
  }

  #refused(error) {
    const [first] = error.body?.error?.issues ?? [];
    const key = first?.key.split(".").at(-1);
    if (key in this.inputs) this.#complain(key, first.message);
    else say(this.wrong, error.message);
  }

  #complain(key, message) {
    say(this.errors[key], message);
    this.inputs[key].setAttribute("aria-invalid", "true");
    this.inputs[key].focus();
  }
}

class Finder {
  constructor(signal, onChoice) {
    this.signal = signal;
    this.onChoice = onChoice;
    this.button = el("button", { type: "button", class: "button", onclick: () => this.#find() }, "Find cameras");
    this.list = el("ul", { class: "shapes", "aria-live": "polite" });
    this.element = el("section", { class: "card side", "aria-label": "Cameras in the network" },
      el("h2", {}, "In this network"),
      el("p", { class: "help" }, "Asks the networks of the machine on which the program runs for cameras that speak ONVIF. Many do so only once it is switched on in their own settings."),
      el("div", { class: "actions" }, this.button), this.list);
  }

  async #find() {
    this.button.disabled = true;
    replace(this.list, el("li", { class: "help" }, "Asking…"));
    try {
      const { cameras } = await send("POST", "api/v1/discover", undefined, { signal: this.signal });
      replace(this.list, cameras.length ? cameras.map((each) => this.#item(each)) : el("li", { class: "help" }, "No camera answered."));
    } catch (error) {
      if (error.name !== "AbortError") replace(this.list, el("li", { class: "wrong" }, error.message));
    } finally {
      this.button.disabled = false;
    }
  }

  #item(camera) {
    const what = [camera.name, camera.hardware].filter(Boolean).join(", ") || "a camera";
    return el("li", {}, el("button", { type: "button", class: "item", onclick: () => this.onChoice(camera) },
      el("span", {}, what), el("small", {}, camera.address)));
  }
}
