// The editor: what is edited and what is selected, and the parts that show it.

import { el, replace, say } from "../dom.js";
import { Drawing } from "./drawing.js";
import { Fields } from "./fields.js";
import { History } from "./history.js";
import { Pen } from "./pen.js";
import { KINDS, freshName, keyOf, nameMistake, shape } from "./shapes.js";

const TOOLS = { zone: "Zone", line: "Line", ignore: "Ignored area", privacy: "Private area", select: "Select" };
const HINTS = {
  select: "Choose a shape to move it or its points. A point that is chosen moves by arrow keys; Delete takes it away, + adds one behind it.",
  line: "Set its two ends. Who looks along it from the first to the second sees “in” go from the left hand to the right.",
};
const DRAW = "Click or touch the corners on the picture; a click on the first one, a double click or Enter closes the area, Escape gives it up. By keyboard: arrow keys and the space bar.";

export class Editor {
  tool = "zone";
  #selectedId = null;

  constructor({ camera, shapes, labels, mayEdit }) {
    this.mayEdit = mayEdit;
    this.drawing = new Drawing(`Picture of ${camera}, to draw on`);
    this.history = new History(shapes, () => this.#changed());
    this.fields = new Fields({ labels, readOnly: !mayEdit, onChange: (make, tag) => this.#edit(this.#selectedId, make, tag) });
    this.list = el("ul", { class: "shapes", "aria-label": "Zones, lines and areas" });
    this.hint = el("p", { class: "help" });
    this.said = el("p", { class: "said", role: "status" });
    this.#makeTools();
    this.pen = new Pen(this.drawing, this);
    this.use(mayEdit ? "zone" : "select");
  }

  get shapes() {
    return this.history.state;
  }

  get selected() {
    return this.shapes.find(({ id }) => id === this.#selectedId) ?? null;
  }

  /** Says something to everybody, also to whoever does not see it. */
  say(words) {
    say(this.said, words);
  }

  use(tool) {
    this.tool = tool;
    if (tool !== "select") this.#selectedId = null;
    this.pen?.cancel();
    for (const [name, button] of this.buttons) button.setAttribute("aria-pressed", String(name === tool));
    say(this.hint, HINTS[tool] ?? DRAW);
    this.say("");
    this.drawing.element.dataset.tool = tool;
    this.#showSelected();
  }

  select(id) {
    if (this.tool !== "select") this.use("select");
    if (id !== this.#selectedId) this.say("");
    this.#selectedId = id;
    this.history.pause();
    this.#showSelected();
  }

  add(kind, points) {
    const made = shape(kind, points, KINDS[kind].named ? freshName(this.shapes, kind) : "");
    this.#selectedId = made.id;
    this.history.commit([...this.shapes, made]);
    this.select(made.id);
    this.fields.focusName();
    this.say(`${KINDS[kind].word} added.`);
  }

  drop(id) {
    const { kind, name } = this.shapes.find((each) => each.id === id);
    this.history.commit(this.shapes.filter((each) => each.id !== id));
    this.select(null);
    this.say(`${KINDS[kind].word} ${name} removed; Undo brings it back.`);
  }

  change(id, points, tag = null) {
    this.#edit(id, (one) => ({ ...one, points }), tag);
  }

  settle() {
    this.history.pause();
    this.show();
  }

  undo() {
    if (this.pen.takeBack()) return;
    this.history.undo();
    this.#showSelected();
  }

  redo() {
    this.history.redo();
    this.#showSelected();
  }

  /** Puts an issue of a key below the camera's beside what it is about; returns whether there is such a thing. */
  complain(key, message) {
    const keys = new Map(this.shapes.map((one) => [keyOf(this.shapes, one), one]));
    const about = [...keys.keys()].filter((each) => key.startsWith(each) && /^($|[.[])/.test(key.slice(each.length)));
    const longest = about.sort((a, b) => b.length - a.length)[0];
    if (longest === undefined) return false;
    this.select(keys.get(longest).id);
    const rest = key.slice(longest.length).replace(/^\./, "").replace("crowd.for_s", "for_s");
    return this.fields.complain(rest || "name", message);
  }

  /** Whether every shape has a name of its own; else says which has not. */
  hasNames() {
    const mistake = nameMistake(this.shapes);
    if (!mistake) return true;
    this.select(mistake.id);
    this.fields.complain("name", mistake.message);
    return false;
  }

  show() {
    const { draft, cross } = this.pen;
    this.finishButton.hidden = !draft || draft.points.length < KINDS[draft.kind].least;
    this.undoButton.disabled = !this.history.canUndo && !draft;
    this.drawing.show({ shapes: this.shapes, selected: this.selected, draft, cross, editable: this.mayEdit });
  }

  #edit(id, make, tag) {
    this.history.commit(this.shapes.map((one) => (one.id === id ? make(one) : one)), tag);
  }

  #changed() {
    this.#listShapes();
    this.redoButton.disabled = !this.history.canRedo;
    this.show();
  }

  #showSelected() {
    if (!this.selected) this.#selectedId = null;
    this.fields.show(this.selected);
    this.#changed();
    this.swapButton.hidden = this.selected?.kind !== "line";
    this.dropButton.hidden = !this.selected;
  }

  #listShapes() {
    const items = this.shapes.map((one) => {
      const name = one.name || KINDS[one.kind].word;
      const props = { type: "button", class: "item", "aria-pressed": String(one.id === this.#selectedId), onclick: () => this.select(one.id) };
      return el("li", { class: one.kind }, el("button", props, el("span", {}, name), one.name && el("small", {}, KINDS[one.kind].word.toLowerCase())));
    });
    replace(this.list, items.length ? items : el("li", { class: "help" }, "Nothing is drawn yet."));
  }

  #makeTools() {
    const button = (text, onclick, props = {}) => el("button", { type: "button", class: "button", onclick, ...props }, text);
    this.buttons = Object.entries(TOOLS).map(([tool, text]) => [tool, button(text, () => this.#choose(tool), { class: `button tool ${tool}` })]);
    this.undoButton = button("Undo", () => this.undo(), { title: "Ctrl+Z" });
    this.redoButton = button("Redo", () => this.redo(), { title: "Ctrl+Shift+Z" });
    this.finishButton = button("Finish", () => this.pen.finish(), { class: "button primary", title: "Enter" });
    this.swapButton = button("Swap in and out", () => this.change(this.#selectedId, this.selected.points.toReversed()));
    this.dropButton = button("Remove", () => this.drop(this.#selectedId), { class: "button danger" });
    this.tools = el("div", { class: "tools", role: "toolbar", "aria-label": "What to draw" },
      this.buttons.map(([, each]) => each), this.finishButton, el("span", { class: "gap" }), this.undoButton, this.redoButton);
  }

  #choose(tool) {
    this.use(tool);
    this.drawing.element.focus({ preventScroll: true });
  }
}
