// Asks for the token.

import { signIn } from "./api.js";
import { el, replace, say } from "./dom.js";

const WORDS = {
  0: "The program does not answer.",
  401: "That is not the token.",
  429: "Too many wrong tokens. Wait a minute, then try again.",
};

/** Shows the login, and calls `onDone` once a token was right. */
export function login(body, onDone) {
  const field = el("input", {
    id: "token", name: "token", type: "password", autocomplete: "current-password", required: true, autocapitalize: "off",
    spellcheck: "false", "aria-describedby": "token-help token-wrong",
  });
  const wrong = el("p", { id: "token-wrong", class: "wrong", role: "alert" });
  const button = el("button", { class: "button primary" }, "Sign in");

  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    try {
      await signIn(field.value.trim());
      field.value = "";
      onDone();
    } catch (error) {
      say(wrong, WORDS[error.status] ?? error.message);
      field.select();
    } finally {
      button.disabled = false;
    }
  }

  replace(
    body,
    el("main", { class: "login" },
      el("form", { onsubmit: submit },
        el("img", { src: "page/icon.svg", alt: "", width: 48, height: 48 }),
        el("h1", {}, "Sign in"),
        el("label", { for: "token" }, "Token"),
        field,
        wrong,
        button,
        el("p", { id: "token-help", class: "help" },
          "It is the ", el("code", {}, "token"), " or the ", el("code", {}, "read_token"), " in the section ",
          el("code", {}, "web"), " of this program's configuration. Whoever set it up knows it."),
      ),
    ),
  );
  field.focus();
}
