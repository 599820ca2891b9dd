// What mouse, fingers and keys do to shapes: drawing new ones point by point, moving, adding and taking away points.

import { KINDS, middle, moved, point } from "./shapes.js";

const STEP = 0.005; // of the picture, by an arrow key; with Shift ten times as far
const CLOSE_PX = 12; // a click so near to the first point closes the area
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * Listens to a drawing. `editor` has `shapes`, `selected`, `tool` (a kind, or "select"), `select(id)`,
 * `change(id, points, tag)`, `add(kind, points)`, `drop(id)`, `say(words)`, `show()` and `settle()`, called when a move is over.
 */
export class Pen {
  draft = null;
  cross = null;
  #drag = null;
  #pressed = null; // the point that the pointer was put on last

  constructor(drawing, editor) {
    this.drawing = drawing;
    this.editor = editor;
    const { element } = drawing;
    element.addEventListener("pointerdown", (event) => this.#down(event));
    element.addEventListener("pointermove", (event) => this.#move(event));
    element.addEventListener("pointerup", () => this.#up());
    element.addEventListener("pointercancel", () => this.#up());
    element.addEventListener("pointerleave", () => this.#hover(null));
    element.addEventListener("click", (event) => this.#click(event));
    element.addEventListener("dblclick", (event) => this.#doubleClick(event));
    element.addEventListener("keydown", (event) => this.#key(event));
    element.addEventListener("focus", () => this.#showCross());
    element.addEventListener("blur", () => this.#hideCross());
  }

  get isDrawing() {
    return this.draft !== null;
  }

  /** Gives up what is being drawn; returns whether there was anything. */
  cancel() {
    const was = this.isDrawing;
    this.draft = null;
    this.editor.show();
    return was;
  }

  /** Ends what is being drawn, if that is enough of a shape. */
  finish() {
    if (!this.draft) return;
    const { kind, points } = this.draft;
    const { word, least } = KINDS[kind];
    if (points.length < least) {
      this.editor.say(`A ${word.toLowerCase()} needs at least ${least} points; this one has ${points.length}.`);
      return;
    }
    this.draft = null;
    this.editor.add(kind, points);
  }

  #put(at) {
    const { tool } = this.editor;
    this.draft ??= { kind: tool, points: [], pointer: null };
    const { points } = this.draft;
    if (points.length >= KINDS[tool].least && tool !== "line" && this.drawing.distance(points[0], at) < CLOSE_PX) {
      this.finish();
      return;
    }
    const last = points.at(-1);
    if (!last || last[0] !== at[0] || last[1] !== at[1]) points.push(at);
    if (tool === "line" && points.length === 2) this.finish();
    else this.editor.say(this.#progress(points.length, KINDS[tool].least));
    this.editor.show();
  }

  #progress(count, least) {
    const left = least - count;
    if (left > 0) return `${count === 1 ? "1 point" : `${count} points`}; at least ${left} more.`;
    return `${count} points. Enter, a double click, or a click on the first point closes the area.`;
  }

  #down(event) {
    const { editor, drawing } = this;
    if (event.button !== 0 || !editor.mayEdit) return;
    const handle = event.target.closest("[data-point], [data-between]");
    const hit = event.target.closest("[data-shape]");
    this.#pressed = handle?.dataset.point ?? null;
    if (handle && editor.selected) {
      this.#drag = this.#grabbed(handle.dataset, event.pointerId);
    } else if (editor.tool === "select") {
      editor.select(hit ? Number(hit.dataset.shape) : null);
      if (hit) this.#drag = { id: Number(hit.dataset.shape), from: drawing.place(event), points: editor.selected.points };
    } else {
      drawing.element.focus({ preventScroll: true });
      this.#hideCross();
      return;
    }
    if (this.#drag) drawing.element.setPointerCapture(event.pointerId);
    if (!handle) drawing.element.focus({ preventScroll: true });
  }

  #grabbed({ point: index, between }) {
    const { id, points } = this.editor.selected;
    if (index !== undefined) return { id, index: Number(index), points };
    const after = Number(between);
    const more = points.toSpliced(after + 1, 0, middle(points[after], points[(after + 1) % points.length]));
    return { id, index: after + 1, points: more };
  }

  #move(event) {
    const at = this.drawing.place(event);
    const drag = this.#drag;
    if (!drag) {
      this.#hover(at);
      return;
    }
    drag.moved = true;
    const points = drag.index === undefined
      ? moved(drag.points, at[0] - drag.from[0], at[1] - drag.from[1])
      : drag.points.with(drag.index, point(...at));
    this.editor.change(drag.id, points, `drag ${drag.id}`);
  }

  #up() {
    const drag = this.#drag;
    if (!drag) return;
    this.#drag = null;
    if (drag.moved) this.editor.settle(); // else nothing is drawn anew, so that the browser knows a double click
    if (drag.index !== undefined) this.drawing.focusPoint(drag.index);
  }

  #hover(at) {
    if (!this.draft) return;
    this.draft.pointer = at && point(...at);
    this.editor.show();
  }

  #click(event) {
    if (event.detail > 1 || !this.#draws || event.target.closest("[data-point], [data-between]")) return;
    this.#put(point(...this.drawing.place(event)));
  }

  /** Ends the drawing, or takes away a point: the target is not that, as the picture has caught the pointer. */
  #doubleClick(event) {
    event.preventDefault();
    if (this.draft) this.finish();
    else if (this.#pressed !== null && this.editor.selected) this.#takeAway(Number(this.#pressed));
  }

  get #draws() {
    return this.editor.mayEdit && this.editor.tool !== "select";
  }

  #key(event) {
    if (!this.editor.mayEdit || event.ctrlKey || event.metaKey || event.altKey) return;
    const index = event.target.dataset?.point;
    const done = index === undefined ? this.#keyOnPicture(event) : this.#keyOnPoint(event, Number(index));
    if (!done) return;
    event.preventDefault();
    event.stopPropagation();
  }

  #keyOnPoint(event, index) {
    const { selected } = this.editor;
    const by = arrow(event);
    if (by) {
      const [x, y] = selected.points[index];
      this.editor.change(selected.id, selected.points.with(index, point(x + by[0], y + by[1])), `key ${selected.id} ${index}`);
      return true;
    }
    if (event.key === "Delete" || event.key === "Backspace") return this.#takeAway(index);
    if ((event.key === "Insert" || event.key === "+") && selected.kind !== "line") {
      const next = selected.points[(index + 1) % selected.points.length];
      this.editor.change(selected.id, selected.points.toSpliced(index + 1, 0, middle(selected.points[index], next)));
      this.drawing.focusPoint(index + 1);
      return true;
    }
    return false;
  }

  #takeAway(index) {
    const { selected } = this.editor;
    const { word, least } = KINDS[selected.kind];
    if (selected.points.length <= least) this.editor.say(`A ${word.toLowerCase()} needs at least ${least} points.`);
    else this.editor.change(selected.id, selected.points.toSpliced(index, 1));
    this.drawing.focusPoint(Math.min(index, this.editor.selected.points.length - 1));
    return true;
  }

  #keyOnPicture(event) {
    const { editor } = this;
    const by = arrow(event);
    if (by && editor.tool === "select") {
      if (!editor.selected) return false;
      editor.change(editor.selected.id, moved(editor.selected.points, ...by), `key ${editor.selected.id}`);
      return true;
    }
    if (by) {
      const [x, y] = this.cross ?? [0.5, 0.5];
      this.cross = point(x + by[0], y + by[1]);
      if (this.draft) this.draft.pointer = this.cross;
      editor.show();
      return true;
    }
    if (event.key === " " && this.#draws) this.#put(this.cross ?? [0.5, 0.5]);
    else if (event.key === "Enter" && this.draft) this.finish();
    else if (event.key === "Backspace" && this.draft) this.takeBack();
    else if (event.key === "Delete" && editor.selected && !this.draft) editor.drop(editor.selected.id);
    else return false;
    return true;
  }

  /** Takes back the last point that was set; returns whether there was one. */
  takeBack() {
    if (!this.draft) return false;
    this.draft.points.pop();
    if (!this.draft.points.length) this.draft = null;
    this.editor.show();
    return true;
  }

  #showCross() {
    if (!this.#draws || !this.drawing.element.matches(":focus-visible")) return;
    this.cross ??= [0.5, 0.5];
    this.editor.show();
  }

  #hideCross() {
    this.cross = null;
    this.editor.show();
  }
}

function arrow(event) {
  const by = ARROWS[event.key];
  const far = event.shiftKey ? 10 * STEP : STEP;
  return by && [by[0] * far, by[1] * far];
}
