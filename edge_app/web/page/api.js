// What the page asks of the program. The token is in a cookie that no script can read: nothing here knows it.

/** An answer that is no good: `status` as HTTP has it (0: none came), `message` in words, `body` as it came. */
export class Refused extends Error {
  constructor(status, message, body = null) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

const signedOut = new EventTarget();

/** Who uses the page: `access` is "write", "read" or null, `tokenWanted` whether there is anything to sign in to. */
export const session = { access: null, tokenWanted: false };

/** Whether this user may change something. */
export const mayWrite = () => session.access === "write";

/** Calls it when the program does not know our token (any more). */
export function onSignedOut(listener) {
  signedOut.addEventListener("signedout", listener);
}

/** The address of a path such as `api/v1/health`, also where a proxy serves the page below another path. */
export function address(path) {
  return new URL(path, document.baseURI);
}

/** Asks for JSON; raises Refused. */
export const get = (path, options = {}) => ask("GET", path, undefined, options);

/** Sends JSON (none where `body` is undefined), and returns the JSON that comes back; raises Refused. */
export const send = (method, path, body, options = {}) => ask(method, path, body, options);

/** Finds out who uses the page; returns whether it may be shown. */
export async function whoAmI() {
  try {
    know(await ask("GET", "api/v1/session"));
    return true;
  } catch (error) {
    if (error.status !== 401) throw error;
    return false;
  }
}

/** Shows the token once; from then on the browser does. */
export async function signIn(token) {
  know(await ask("POST", "api/v1/session", undefined, { headers: { Authorization: `Bearer ${token}` } }));
}

export async function signOut() {
  await ask("DELETE", "api/v1/session").catch(() => null);
  leave();
}

function know(told) {
  session.access = told.access;
  session.tokenWanted = told.token_wanted;
}

function leave() {
  const wasIn = session.access !== null;
  session.access = null;
  if (wasIn) signedOut.dispatchEvent(new Event("signedout"));
}

async function ask(method, path, body, { headers = {}, signal } = {}) {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const type = body === undefined ? {} : { "Content-Type": "application/json" };
  let answer;
  try {
    answer = await fetch(address(path), { method, headers: { ...type, ...headers }, signal, ...sent });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, "The program does not answer.");
  }
  const told = await answer.json().catch(() => null);
  signal?.throwIfAborted(); // in the middle of the answer
  if (answer.ok) return told;
  if (answer.status === 401) leave();
  throw new Refused(answer.status, told?.error?.message ?? `The program answered ${answer.status}.`, told);
}
