// Shows what a change makes of the configuration's file, and makes it.

import { send } from "./api.js";
import { el, replace, say } from "./dom.js";

/** The lines of a diff, each marked by what becomes of it. */
export function diffLines(diff) {
  const kinds = { "+": "added", "-": "removed", "@": "place" };
  const lines = diff.split("\n").filter((line) => !/^(---|\+\+\+) /.test(line));
  return lines.map((line) => el("span", { class: kinds[line[0]] ?? "kept" }, `${line}\n`));
}

/** What else a reload would change, since the file was edited elsewhere: changes of parts other than `part`. */
export function others(changes, part) {
  return changes.filter((change) => change.op !== "=" && change.part !== part).map(({ op, part: other, keys }) =>
    `${{ "+": "adds", "-": "removes", "~": "changes" }[op]} ${other}${keys.length ? ` (${keys.join(", ")})` : ""}`);
}

/**
 * Asks what a change would do (`path` and `body` as they are sent by PUT), and shows it with a button that does it.
 * `onApplied(answer)` is called once it was done, `warning` is said beside what changes; raises Refused where the change is wrong.
 */
export async function review(path, body, { part, onApplied, warning = "" }) {
  const planned = await send("PUT", `${path}?dry_run=1`, body);
  const wrong = el("p", { class: "wrong", role: "alert" });
  const apply = el("button", { type: "button", class: "button primary", disabled: !planned.diff }, "Apply");
  const back = el("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Back");
  const also = others(planned.changes, part);
  const dialog = el("dialog", { class: "review card", "aria-labelledby": "review-title" },
    el("h2", { id: "review-title" }, planned.diff ? "What changes in the file" : "Nothing has changed"),
    planned.diff && el("pre", { class: "diff", tabindex: "0", "aria-label": "Changes of the file" }, diffLines(planned.diff)),
    planned.diff && warning && el("p", { class: "warning", role: "alert" }, warning),
    also.length > 0 && el("p", { class: "help" }, "The file was changed elsewhere since it was loaded. Applying this also ", also.join("; "), "."),
    wrong,
    el("div", { class: "actions" }, back, apply),
  );

  apply.addEventListener("click", async () => {
    apply.disabled = true;
    replace(apply, "Applying…");
    try {
      const answer = await send("PUT", path, body, { headers: { "If-Match": `"${planned.version}"` } });
      dialog.close();
      onApplied(answer);
    } catch (error) {
      say(wrong, error.message);
      replace(apply, "Apply");
      apply.disabled = error.status === 409 || error.status === 403;
    }
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  (planned.diff ? apply : back).focus();
}
