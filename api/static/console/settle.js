// What becomes of a dialog's open tasks when it is resolved: asked once, above everything else.

import { wordButton } from "../shared/controls.js";
import { h } from "../shared/dom.js";
import { dueParts } from "./taskitem.js";
import { dueWords } from "./taskwords.js";

// The answers the server knows, with their words.
const ANSWERS = [["done", "settleDone"], ["cancelled", "settleCancel"], ["keep", "settleKeep"]];

/** The question about DialogTasks; `context`: i18n, zone. */
export class SettleDialog {
  constructor(tasks, context) {
    Object.assign(this, { tasks, context });
    this.dialog = h("dialog", { class: "modal settle", "aria-labelledby": "settle-title" });
  }

  /** Asks what becomes of the tasks of these numbers; `choose(answer)` unless nothing is to happen. */
  ask(numbers, choose) {
    const { t } = this.context.i18n;
    const close = () => this.dialog.close();
    const answer = ([name, key], at) => wordButton(at ? "quiet" : "primary", t(key), () => {
      close();
      choose(name);
    });
    const back = wordButton("link", t("settleBack"), close);
    const proposed = this.tasks.standing.some(({ status }) => status === "proposed");
    this.dialog.replaceChildren(
      h("h2", { id: "settle-title" }, t("settleTitle", { n: numbers.length })),
      h("ul", { class: "settle-list" }, numbers.map((number) => this.row(number))),
      h("p", { class: "hint" }, t(proposed ? "settleTextProposed" : "settleText")),
      h("div", { class: "settle-answers" }, ANSWERS.map(answer), back),
    );
    this.dialog.showModal();
    // The answer that changes nothing is the one at hand.
    back.focus();
  }

  row(number) {
    const task = this.tasks.known.get(number);
    const due = task ? dueWords(task, this.context.i18n, this.context.zone) : null;
    const day = due ? h("span", { class: due.late ? "due late" : "due" }, dueParts(due)) : null;
    return h("li", {}, h("span", { dir: "auto" }, task?.title ?? `№ ${number}`), day);
  }
}
