// What is edited, with the way back: states are never changed, only followed by others.

export class History {
  #states;
  #at = 0;
  #tag = null;
  #saved;
  #onChange;

  constructor(state, onChange) {
    this.#states = [state];
    this.#saved = state;
    this.#onChange = onChange;
  }

  get state() {
    return this.#states[this.#at];
  }

  get isChanged() {
    return this.state !== this.#saved;
  }

  get canUndo() {
    return this.#at > 0;
  }

  get canRedo() {
    return this.#at < this.#states.length - 1;
  }

  /** Goes on to a state; steps in a row that have the same tag, such as the letters of a word, are undone as one. */
  commit(state, tag = null) {
    const amends = tag !== null && tag === this.#tag && this.#at > 0;
    this.#states.splice(amends ? this.#at : this.#at + 1, Infinity, state);
    this.#at = this.#states.length - 1;
    this.#tag = tag;
    this.#onChange();
  }

  /** The next step is one of its own, whatever its tag. */
  pause() {
    this.#tag = null;
  }

  undo() {
    this.#go(-1);
  }

  redo() {
    this.#go(1);
  }

  #go(step) {
    const to = this.#at + step;
    if (to < 0 || to >= this.#states.length) return;
    this.#at = to;
    this.#tag = null;
    this.#onChange();
  }
}
