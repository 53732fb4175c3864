// The bar above the text while an older reply is changed.

import { wordButton } from "../shared/controls.js";
import { h, setText } from "../shared/dom.js";
import { icon } from "../shared/icons.js";

const EXCERPT = 80;

/** Says which reply is changed, with a way out of it. */
export class EditBar {
  constructor(i18n, cancel) {
    this.i18n = i18n;
    this.words = h("span", { id: "editing-bar", dir: "auto" });
    const button = i18n.text(wordButton("quiet", "", cancel), "cancelEdit");
    this.element = h("div", { class: "editing", hidden: true }, icon("edit"), this.words, button);
  }

  /** `editing` is {id, before, text}, or null while nothing is changed. */
  show(editing) {
    this.element.hidden = !editing;
    if (editing) setText(this.words, this.i18n.t("editing", { text: editing.before.slice(0, EXCERPT) }));
  }
}
