// The small form in which the visitor says who he is.

import { h } from "../shared/dom.js";

/** A form for name and address, folded away until asked for. */
export class About {
  constructor(chat, i18n) {
    this.chat = chat;
    this.i18n = i18n;
    const { name = "", email = "" } = chat.api.profile;
    this.name = h("input", { type: "text", autocomplete: "name", maxlength: "100", value: name });
    this.email = h("input", { type: "email", autocomplete: "email", maxlength: "200", value: email });
    this.status = h("p", { class: "about-status", role: "status" });
    const field = (key, input) => h("label", {}, i18n.text(h("span"), key), input);
    const save = i18n.text(h("button", { type: "submit", class: "plain" }), "save");
    const hint = i18n.text(h("p"), "aboutHint");
    this.element = h("form", { class: "about", hidden: true, onSubmit: (event) => this.submit(event) },
      hint, field("name", this.name), field("email", this.email), h("div", { class: "about-end" }, save, this.status));
  }

  /** Shows or folds the form; returns whether it is shown. */
  toggle() {
    this.element.hidden = !this.element.hidden;
    this.status.textContent = "";
    if (!this.element.hidden) this.name.focus();
    return !this.element.hidden;
  }

  async submit(event) {
    event.preventDefault();
    try {
      await this.chat.introduce({ name: this.name.value.trim(), email: this.email.value.trim() });
      this.status.textContent = this.i18n.t("saved");
    } catch (error) {
      this.status.textContent = this.i18n.t("notSaved", { why: error.message });
    }
  }
}
