// Words in the corner: what did not work, and what was done with a way to take it back.

import { wordButton } from "../shared/controls.js";
import { h } from "../shared/dom.js";

const FAILED_MS = 8000;
const OFFERED_MS = 12_000;

/** The corner; `tell(text)` says aloud what is shown. */
export class Toasts {
  constructor(i18n, tell) {
    Object.assign(this, { i18n, tell, undo: null });
    this.failure = h("p", { class: "toast failed", role: "alert", hidden: true });
    this.words = h("span");
    const button = i18n.text(wordButton("link", "", () => this.take()), "undo");
    this.offered = h("div", { class: "toast", hidden: true }, this.words, button);
    this.element = h("div", { class: "toasts" }, this.offered, this.failure);
  }

  /** Shows that something did not work, for a while. */
  fail(text) {
    this.failure.hidden = false;
    this.failure.textContent = text;
    clearTimeout(this.failureTimer);
    this.failureTimer = setTimeout(() => (this.failure.hidden = true), FAILED_MS);
  }

  /** Shows what was done with a button that calls `undo`; for a while, and as long as somebody is at it. */
  offer(text, undo) {
    this.undo = undo;
    this.words.textContent = text;
    this.offered.hidden = false;
    this.failure.hidden = true;
    this.tell(`${text} ${this.i18n.t("undoHint")}`);
    this.wait();
  }

  wait() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.offered.matches(":hover, :focus-within")) this.wait();
      else this.withdraw();
    }, OFFERED_MS);
  }

  withdraw() {
    this.offered.hidden = true;
    this.undo = null;
  }

  /** Takes back what was done last, as long as that is offered. */
  take() {
    const { undo } = this;
    if (!undo) return;
    this.withdraw();
    undo();
  }
}
