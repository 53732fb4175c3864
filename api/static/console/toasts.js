// Words in the corner: what did not work, what was done and how to take it back, what is due.

import { signButton, wordButton } from "../shared/controls.js";
import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";

const FAILED_MS = 8000;
const OFFERED_MS = 12_000;
// Of what is due more would cover the page; all of it stands in the list of all tasks.
const MOST_DUE = 3;

/** The corner; `tell(text)` says aloud what is shown, where it is not said already. */
export class Toasts {
  constructor(i18n, tell) {
    Object.assign(this, { i18n, tell, due: new Map() });
    this.failure = h("p", { class: "toast failed", role: "alert", hidden: true });
    this.words = h("span");
    this.button = i18n.text(wordButton("link", "", () => this.take()), "undo");
    this.offered = h("div", { class: "toast", hidden: true }, this.words, this.button);
    this.dueList = h("div", { class: "dues" });
    this.element = h("div", { class: "toasts" }, this.dueList, this.offered, this.failure);
    i18n.bind(() => this.showDue());
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
    clearTimeout(this.offerTimer);
    this.offerTimer = setTimeout(() => {
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

  /** Shows until somebody closes it that a task is, or will soon be, due; `words()` says so, `open()` leads there. */
  remind(number, words, open) {
    this.due.delete(number);
    this.due.set(number, { words, open });
    this.tell(words());
    this.showDue();
  }

  /** The task is not due any more. */
  forget(number) {
    if (this.due.delete(number)) this.showDue();
  }

  showDue() {
    const all = [...this.due].reverse();
    const more = all.length - MOST_DUE;
    const shown = all.slice(0, MOST_DUE).map((one) => this.card(...one));
    if (more > 0) shown.push(h("a", { href: "#/tasks", class: "toast" }, this.i18n.t("moreDue", { n: more })));
    this.dueList.replaceChildren(...shown);
  }

  card(number, { words, open }) {
    const go = () => {
      this.forget(number);
      open();
    };
    const close = signButton(this.i18n.t("close"), "close", () => this.forget(number));
    return h("div", { class: "toast due-toast" }, icon("alert"), wordButton("link", words(), go), close);
  }
}
