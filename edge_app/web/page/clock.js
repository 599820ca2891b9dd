// How old something is that another machine has dated, whatever the clocks of both say.

const SET_BACK_S = 1; // by which messages, which come in their order, do not lie apart

/**
 * Tells ages by what is written on messages: what the quickest of them took is the difference of the clocks, with what the
 * network takes at least.
 */
export class Clock {
  #took = Infinity; // the quickest message [s]
  #sent = -Infinity; // the last one, by their clock [s]

  /** A message comes that was sent then, by their clock [s]. */
  heard(sent) {
    if (sent < this.#sent - SET_BACK_S) this.#took = Infinity; // it was set back: what was known counts no more
    this.#sent = sent;
    this.#took = Math.min(this.#took, now() - sent);
  }

  /** How long ago that was, by their clock [s]. */
  age(then) {
    return Math.max(0, now() - this.#took - then);
  }
}

/** Our own clock, which nobody sets [s]. */
const now = () => (performance.timeOrigin + performance.now()) / 1000;
