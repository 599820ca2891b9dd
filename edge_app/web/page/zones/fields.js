// What is said about a shape beside its points, as fields; each has room for what is wrong with it.

import { el, replace, say } from "../dom.js";
import { KINDS } from "./shapes.js";

const ANCHORS = {
  bottom_center: "bottom", center: "middle", top_center: "top", bottom_left: "bottom left", bottom_right: "bottom right",
  center_left: "left", center_right: "right", top_left: "top left", top_right: "top right",
};
const INERTIA = { zone: 3, line: 2 };

const words = (text) => text.split(",").map((each) => each.trim()).filter(Boolean);
const lines = (text) => text.split(/\n|;/).map((each) => each.trim()).filter(Boolean);
const listOr = (list) => (list.length ? list : null);
/** A number, or the text as it is, so that the program says what is wrong with it; nothing is nothing. */
const number = (text) => (text.trim() === "" ? null : Number.isFinite(Number(text)) ? Number(text) : text);

export class Fields {
  #errors = new Map();
  #labels;
  #onChange;
  #readOnly;

  /** `onChange(change, tag)` is given what makes another shape of a shape. */
  constructor({ labels, readOnly, onChange }) {
    this.element = el("div", { class: "fields" });
    this.#labels = labels;
    this.#readOnly = readOnly;
    this.#onChange = onChange;
  }

  /** Shows the fields of a shape; null: none. */
  show(shape) {
    this.#errors.clear();
    replace(this.element, shape && this.#of(shape));
  }

  focusName() {
    const name = this.element.querySelector("input");
    name?.focus({ preventScroll: true });
    name?.select();
  }

  /** Says what is wrong with a key of the shape, as in `labels[0]`; with one that has no field, above all. */
  complain(key, message) {
    const field = this.#errors.get(key.split(/[.[]/)[0]) ?? this.#errors.get("");
    if (!field) return false;
    say(field.error, message);
    field.input?.setAttribute("aria-invalid", "true");
    (field.input ?? field.error).focus();
    return true;
  }

  #of(shape) {
    const { kind, keys } = shape;
    const general = el("p", { class: "wrong", role: "alert", tabindex: "-1" });
    this.#errors.set("", { error: general });
    if (!KINDS[kind].named) return [general, el("p", { class: "help" }, `${KINDS[kind].word}: ${KINDS[kind].help}.`)];
    return [
      general,
      this.#field("name", "Name", this.#text(shape.name, { pattern: "[a-z0-9_]+", autocapitalize: "off", spellcheck: "false" }),
        "a to z, 0 to 9 and _; it is part of events and counts",
        (text) => (one) => ({ ...one, name: text.trim() })),
      this.#field("labels", "Objects", this.#text((keys.labels ?? []).join(", "), { placeholder: "everything" }),
        this.#known(), this.#key("labels", (text) => listOr(words(text)))),
      kind === "zone" && el("div", { class: "pair" },
        this.#field("dwell_s", "Stays for (s)", this.#text(keys.dwell_s ?? "", { inputmode: "decimal", placeholder: "never" }),
          "", this.#key("dwell_s", number)),
        this.#field("crowd", "Crowd of", this.#text(keys.crowd?.count ?? "", { inputmode: "numeric", placeholder: "none" }), "",
          (text) => (one) => this.#crowd(one, { count: number(text) })),
        this.#field("for_s", "for (s)", this.#text(keys.crowd?.for_s ?? "", { inputmode: "decimal", placeholder: "3" }), "",
          (text) => (one) => this.#crowd(one, { for_s: number(text) }))),
      kind === "zone" && el("p", { class: "help" }, "Tells who stays that long, and when so many are there at once for that long."),
      this.#field("active", "Active hours", this.#text((keys.active ?? []).join("; "), { placeholder: "always" }),
        "such as mon-fri 22:00-06:00; sat,sun", this.#key("active", (text) => listOr(lines(text)))),
      el("div", { class: "pair" },
        this.#field("anchor", "Point of the box", this.#choice(keys.anchor ?? "bottom_center"), "",
          this.#key("anchor", (value) => (value === "bottom_center" ? null : value))),
        this.#field("inertia", "Frames to decide", this.#text(keys.inertia ?? "", { inputmode: "numeric", placeholder: INERTIA[kind] }), "",
          this.#key("inertia", number))),
      el("p", { class: "help" }, kind === "zone" ? "An object is inside once that point of its box has been for so many frames."
        : "An object has crossed once that point of its box has been beyond for so many frames."),
    ];
  }

  #crowd(one, change) {
    const crowd = Object.fromEntries(Object.entries({ ...one.keys.crowd, ...change }).filter(([, value]) => value !== null));
    return { ...one, keys: { ...one.keys, crowd: Object.keys(crowd).length ? crowd : null } };
  }

  #key(key, read) {
    return (text) => (one) => ({ ...one, keys: { ...one.keys, [key]: read(text) } });
  }

  #known() {
    if (!this.#labels.length) return "";
    const some = this.#labels.slice(0, 6).join(", ");
    return `any of ${some}${this.#labels.length > 6 ? ` and ${this.#labels.length - 6} more` : ""}`;
  }

  #text(value, props) {
    return el("input", { type: "text", value, autocomplete: "off", ...props });
  }

  #choice(chosen) {
    return el("select", {}, Object.entries(ANCHORS).map(([value, text]) => el("option", { value, selected: value === chosen }, text)));
  }

  #field(key, label, input, help, change) {
    const id = `field-${key}`;
    const error = el("p", { id: `${id}-wrong`, class: "wrong" });
    input.id = id;
    input.disabled = this.#readOnly;
    input.setAttribute("aria-describedby", `${id}-help ${id}-wrong`);
    input.addEventListener("input", () => {
      say(error, "");
      input.removeAttribute("aria-invalid");
      this.#onChange(change(input.value), id);
    });
    this.#errors.set(key, { input, error });
    return el("div", { class: "field" }, el("label", { for: id }, label), input, el("p", { id: `${id}-help`, class: "help" }, help), error);
  }
}
