// Makes elements. Texts are always texts: nothing that a camera or a file is called can become markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element: `el("p", {class: "note"}, "words", child)`; keys `onclick` are listeners, null and false are left out. */
export function el(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

/** The same in SVG. */
export function svg(tag, props = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(element, props, children) {
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Puts these children in the place of those that it has. */
export function replace(element, ...children) {
  element.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Sets the text where it is another: what has not changed is neither drawn nor read aloud again. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** What a view says instead of its content: a headline, an explanation, what one can do about it. */
export function notice(headline, words = "", ...actions) {
  return el("div", { class: "notice" }, el("h2", {}, headline), words && el("p", {}, words), actions);
}
