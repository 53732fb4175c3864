// Where the visitor writes: text, files, the send button.

import { fileParts, toolButton } from "../shared/controls.js";
import { h } from "../shared/dom.js";
import { size } from "../shared/format.js";
import { icon } from "../shared/icons.js";
import { forget, recall, remember } from "../shared/store.js";

const MAX_TEXT = 32_768;

/** The form under the messages; calls `send(text, files)`. The unsent text is kept over a reload. */
export class Composer {
  constructor(chat, i18n) {
    this.chat = chat;
    this.i18n = i18n;
    this.draftKey = `okno.draft.${chat.api.scope}`;
    this.chosen = [];
    this.text = h("textarea", { rows: "1", maxlength: MAX_TEXT, value: recall(this.draftKey) ?? "" });
    this.picker = h("input", { type: "file", multiple: true, class: "hidden", tabindex: "-1", "aria-hidden": "true" });
    this.files = h("ul", { class: "chosen", hidden: true });
    this.element = this.build();
    this.listen();
    i18n.bind(() => this.showFiles());
  }

  build() {
    const { i18n } = this;
    i18n.label(this.text, "placeholder");
    i18n.bind(() => this.text.setAttribute("placeholder", i18n.t("placeholder")));
    const attach = toolButton(i18n, "attach", "clip", () => this.picker.click());
    this.button = i18n.label(h("button", { type: "submit", class: "send" }, icon("send")), "send");
    const line = h("div", { class: "line" }, attach, this.text, this.button, this.picker);
    return h("form", { class: "composer", novalidate: true }, this.files, line);
  }

  listen() {
    this.element.addEventListener("submit", (event) => this.submit(event));
    this.text.addEventListener("input", () => this.changed());
    this.text.addEventListener("keydown", (event) => this.key(event));
    this.text.addEventListener("paste", (event) => this.paste(event));
    this.picker.addEventListener("change", () => {
      this.choose(this.picker.files);
      this.picker.value = "";
    });
    this.changed();
  }

  key(event) {
    // On a touch keyboard Enter is the only way to a new line; there the button sends.
    const touch = matchMedia("(pointer: coarse)").matches;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && !touch) this.submit(event);
  }

  paste(event) {
    if (!event.clipboardData.files.length) return;
    event.preventDefault();
    this.choose(event.clipboardData.files);
  }

  choose(files) {
    this.chosen.push(...files);
    this.showFiles();
    this.text.focus();
  }

  changed() {
    remember(this.draftKey, this.text.value);
    this.text.style.height = "auto";
    this.text.style.height = `${this.text.scrollHeight}px`;
    this.button.disabled = !this.text.value.trim() && !this.chosen.length;
  }

  showFiles() {
    this.files.replaceChildren(...this.chosen.map((file) => this.chip(file)));
    this.files.hidden = this.chosen.length === 0;
    this.changed();
  }

  chip(file) {
    const label = this.i18n.t("drop", { name: file.name });
    const options = { type: "button", class: "tool", "aria-label": label, title: label };
    const drop = h("button", { ...options, onClick: () => this.unchoose(file) }, icon("close"));
    return h("li", {}, fileParts(file.name, size(this.i18n.lang, file.size)), drop);
  }

  unchoose(file) {
    this.chosen = this.chosen.filter((other) => other !== file);
    this.showFiles();
    this.text.focus();
  }

  submit(event) {
    event.preventDefault();
    const text = this.text.value.trim();
    if (!text && !this.chosen.length) return;
    const files = this.chosen;
    this.chosen = [];
    this.text.value = "";
    this.showFiles();
    forget(this.draftKey);
    this.text.focus();
    this.chat.write(text, files);
  }
}
