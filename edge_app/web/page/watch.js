// Asks for something again and again, once for all who want it, and only while somebody looks at the page.

import { get } from "./api.js";

/** A document of the API that changes: `subscribe(onDocument, onError)` returns what ends it. */
function watched(path, everyMs) {
  const listeners = new Set();
  let timer = null;
  let newest = null;

  async function ask() {
    timer = null;
    try {
      newest = await get(path);
      for (const each of [...listeners]) each.onDocument(newest);
    } catch (error) {
      for (const each of [...listeners]) each.onError(error);
    }
    plan();
  }

  function plan() {
    if (timer === null && listeners.size && !document.hidden) timer = setTimeout(ask, everyMs);
  }

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    timer = null;
    if (!document.hidden && listeners.size) ask();
  });

  return function subscribe(onDocument, onError = () => {}) {
    const listener = { onDocument, onError };
    listeners.add(listener);
    if (newest !== null) onDocument(newest);
    if (listeners.size === 1) {
      clearTimeout(timer);
      ask();
    }
    return () => {
      listeners.delete(listener);
      if (listeners.size) return;
      clearTimeout(timer);
      timer = newest = null;
    };
  };
}

/** How everything is, every two seconds. */
export const watchHealth = watched("api/v1/health", 2000);

/** The configuration, with the zones and lines that are drawn, every twenty seconds. */
export const watchConfig = watched("api/v1/config", 20000);

/** What was counted and measured, every four seconds. */
export const watchStats = watched("api/v1/stats", 4000);
