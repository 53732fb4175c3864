// Shortcuts of the console and the help that lists them.

import { toolButton } from "../shared/controls.js";
import { h } from "../shared/dom.js";
import { recall, remember } from "../shared/store.js";

const KEY = "okno.shortcuts";
const TYPING = "input, textarea, select, [contenteditable]";

// Physical keys, because a Russian layout has no Latin letters; the help shows the Latin ones printed on them.
const SHORTCUTS = [
  ["KeyJ", "J", "keyNext"],
  ["KeyK", "K", "keyPrevious"],
  ["Slash", "/", "keySearch"],
  ["KeyR", "R", "keyReply"],
  ["KeyN", "N", "keyNote"],
  ["KeyT", "T", "keyTake"],
  ["KeyE", "E", "keyResolve"],
  ["KeyI", "I", "keyCard"],
  ["KeyD", "D", "keyTasks"],
  ["KeyU", "U", "keyUndo"],
  ["KeyA", "A", "keyBoard"],
];
const ALWAYS = [["Ctrl + Enter", "keySend"], ["Esc", "keyEscape"], ["?", "keyHelp"]];

/** Runs `actions` (by the names of the shortcuts' texts) on single keys, unless the operator is typing. */
export class Keys {
  constructor(i18n, actions) {
    this.actions = actions;
    this.dialog = this.build(i18n);
    document.addEventListener("keydown", (event) => this.press(event));
  }

  get on() {
    return recall(KEY) !== "off";
  }

  press(event) {
    const busy = event.target.matches(TYPING) || event.ctrlKey || event.metaKey || event.altKey;
    if (busy || !this.on || document.querySelector("dialog:modal")) return;
    const help = event.key === "?" || (event.code === "Slash" && event.shiftKey);
    const name = help ? "keyHelp" : SHORTCUTS.find(([code]) => code === event.code && !event.shiftKey)?.[2];
    if (!name) return;
    event.preventDefault();
    if (help) this.help();
    else this.actions[name]();
  }

  help() {
    this.dialog.showModal();
  }

  build(i18n) {
    const row = (keys, text) => h("div", {}, h("dt", {}, h("kbd", {}, keys)), i18n.text(h("dd"), text));
    const rows = [...SHORTCUTS.map(([, ...shown]) => shown), ...ALWAYS].map(([keys, text]) => row(keys, text));
    const change = () => remember(KEY, box.checked ? "on" : "off");
    const box = h("input", { type: "checkbox", checked: this.on, onChange: change });
    const close = toolButton(i18n, "close", "close", () => this.dialog.close());
    const title = i18n.text(h("h2", { id: "help-title" }), "helpTitle");
    const toggle = h("label", { class: "toggle" }, box, i18n.text(h("span"), "keysOn"));
    const parts = [h("header", {}, title, close), i18n.text(h("p"), "helpText"), h("dl", {}, rows), toggle];
    return h("dialog", { class: "modal help", "aria-labelledby": "help-title" }, parts);
  }
}
