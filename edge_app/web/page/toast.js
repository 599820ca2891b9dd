// Says for a few seconds that something was done, whatever view is shown.

import { el } from "./dom.js";

const STAYS_MS = 5000;

export function toast(words) {
  const element = el("p", { class: "toast", role: "status" });
  document.body.append(element);
  requestAnimationFrame(() => element.append(words)); // what was there from the start is not read aloud
  setTimeout(() => element.remove(), STAYS_MS);
}
