// Draws zones and lines on the picture of a camera.

import { get, mayWrite } from "../api.js";
import { el, notice, replace, say } from "../dom.js";
import { toast } from "../toast.js";
import { Editor } from "../zones/editor.js";
import { Picture } from "../zones/picture.js";
import { review } from "../review.js";
import { fromDocument, toDocument } from "../zones/shapes.js";

export const title = "Zones";
const SCENE = ["zones", "lines", "ignore", "privacy"];

/** Edits those of the camera `name`. */
export function mount(root, { name }) {
  const stop = new AbortController();
  const path = `api/v1/cameras/${encodeURIComponent(name)}/zones`;
  let takeDown = () => {};
  get(path, { signal: stop.signal }).then(
    (document) => {
      takeDown = show(root, name, path, document);
    },
    (error) => error.name !== "AbortError" && replace(root, notice(`The zones of ${name} cannot be read`, error.message)),
  );
  return () => {
    stop.abort();
    takeDown();
  };
}

/** Whether two documents of the same camera say other things of it. */
const differs = (one, other) => SCENE.some((key) => JSON.stringify(one[key]) !== JSON.stringify(other[key]));

function show(root, camera, path, document) {
  const mayEdit = mayWrite();
  const editor = new Editor({ camera, shapes: fromDocument(document), labels: document.labels, mayEdit });
  const wrong = el("p", { class: "wrong", role: "alert" });
  const reviewButton = el("button", { type: "button", class: "button primary", onclick: onReview }, "Review");
  const leaving = el("div", { class: "leaving", role: "alert" });
  const picture = new Picture(camera, editor.drawing);
  replace(root,
    el("div", { class: "head" }, el("h1", {}, `Zones of ${camera}`), el("a", { class: "button", href: "#/cameras", onclick: onLeave }, "Close")),
    leaving,
    el("div", { class: "editor" },
      el("section", { class: "stage", "aria-label": "Picture" }, mayEdit && editor.tools, picture.element, el("div", { class: "below" }, editor.said, editor.hint)),
      el("section", { class: "side card", "aria-label": "What is drawn" },
        editor.list,
        editor.fields.element,
        mayEdit ? el("div", { class: "actions" }, editor.swapButton, editor.dropButton, reviewButton)
          : el("p", { class: "help" }, "This token may only read: nothing can be changed with it."),
        wrong)));
  editor.use(editor.tool);

  async function onReview() {
    say(wrong, "");
    if (editor.pen.isDrawing) editor.pen.finish();
    if (editor.pen.isDrawing || !editor.hasNames()) return;
    reviewButton.disabled = true;
    try {
      const elsewhere = differs(document, await get(path));
      const warning = elsewhere ? `Somebody else has changed what is drawn on ${camera} since you opened it. Applying undoes that, as shown above; “Back”, “Close” and “Zones” again show theirs.` : "";
      await review(path, toDocument(editor.shapes), { part: `camera ${camera}`, onApplied, warning });
    } catch (error) {
      complain(error);
    } finally {
      reviewButton.disabled = false;
    }
  }

  /** What the program says is wrong, beside the field that it is about. */
  function complain(error) {
    const own = `cameras.${camera}.`;
    const [first] = error.body?.error?.issues ?? [];
    const placed = first?.key.startsWith(own) && editor.complain(first.key.slice(own.length), first.message);
    if (!placed) say(wrong, error.message);
  }

  function onApplied() {
    toast(`The zones of ${camera} are at work.`);
    leave();
  }

  function leave() {
    window.removeEventListener("beforeunload", beforeUnload);
    location.hash = "#/cameras";
  }

  function onLeave(event) {
    if (!editor.history.isChanged) return;
    event.preventDefault();
    const stay = el("button", { type: "button", class: "button", onclick: () => replace(leaving) }, "Go on drawing");
    replace(leaving, el("p", {}, "What you have drawn is not applied yet."),
      el("button", { type: "button", class: "button danger", onclick: leave }, "Discard it"), stay);
    stay.focus();
  }

  function onKey(event) {
    if (globalThis.document.querySelector("dialog[open]")) return;
    const command = event.ctrlKey || event.metaKey;
    if (event.key === "Escape") escape(event);
    else if (command && event.key.toLowerCase() === "z" && mayEdit) {
      event.preventDefault();
      if (event.shiftKey) editor.redo();
      else editor.undo();
    } else if (event.key === "Enter" && editor.pen.isDrawing && !event.target.closest("button, a, input, select")) editor.pen.finish();
  }

  /** The way out, step by step: what is being drawn, what is selected, the editor. */
  function escape(event) {
    event.preventDefault();
    if (leaving.hasChildNodes()) replace(leaving);
    else if (!editor.pen.cancel()) {
      if (editor.history.isChanged) onLeave(event);
      else leave();
    }
  }

  function beforeUnload(event) {
    if (editor.history.isChanged) event.preventDefault();
  }

  const resized = new ResizeObserver(() => editor.show());
  resized.observe(picture.element);
  window.addEventListener("keydown", onKey);
  window.addEventListener("beforeunload", beforeUnload);
  return () => {
    picture.stop();
    resized.disconnect();
    window.removeEventListener("keydown", onKey);
    window.removeEventListener("beforeunload", beforeUnload);
  };
}
