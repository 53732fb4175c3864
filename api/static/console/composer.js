// Where the operator writes: a reply to the client, or a note that only colleagues see.

import { fileParts, toolButton, wordButton } from "../shared/controls.js";
import { h, setText } from "../shared/dom.js";
import { size } from "../shared/format.js";
import { shown } from "../shared/http.js";
import { icon } from "../shared/icons.js";
import { attemptOf, dropDraft, keepDraft, readDraft } from "./drafts.js";
import { EditBar } from "./editing.js";
import { nameOf } from "./names.js";

const MAX_TEXT = 50_000;
// How often the client's channel is told that somebody types.
const TYPING_MS = 5000;
const STALE = "urn:okno:problem:stale-view";

/** The form under a Thread; `context`: i18n, api, mayWrite, fail(text), sent(), leave() (Escape). */
export class Composer {
  constructor(thread, context) {
    Object.assign(this, { thread, context, i18n: context.i18n, id: null, draft: null, uploading: new Set() });
    this.text = h("textarea", { rows: "2", maxlength: String(MAX_TEXT) });
    this.picker = h("input", { type: "file", multiple: true, class: "hidden", tabindex: "-1", "aria-hidden": "true" });
    this.files = h("ul", { class: "chosen", hidden: true });
    this.trouble = h("div", { class: "trouble", role: "alert", hidden: true });
    this.bar = new EditBar(this.i18n, () => this.stopEditing());
    this.typedAt = -Infinity;
    this.element = this.build();
    this.listen();
    this.i18n.bind(() => this.show());
  }

  build() {
    const { i18n } = this;
    const legend = i18n.text(h("legend", { class: "hidden" }), "mode");
    const kinds = [this.tab("messages", "reply"), this.tab("notes", "noteTab")];
    this.tabs = h("fieldset", { class: "segments" }, legend, kinds);
    this.channel = i18n.label(h("select", { onChange: () => this.note({ channel: this.channel.value }) }), "sendBy");
    this.attachButton = toolButton(i18n, "attach", "clip", () => this.picker.click());
    this.button = h("button", { type: "submit", class: "primary" });
    const hint = i18n.text(h("span", { class: "hint keys" }), "sendHint");
    const spring = h("span", { class: "spring" });
    const end = h("div", { class: "composer-end" }, [
      this.attachButton, this.channel, this.picker, spring, hint, this.button,
    ]);
    const parts = [this.trouble, this.bar.element, this.tabs, this.text, this.files, end];
    return h("form", { class: "composer", novalidate: true, hidden: true }, parts);
  }

  tab(kind, key) {
    const input = h("input", { type: "radio", name: "kind", value: kind, onChange: () => this.setKind(kind) });
    return h("label", {}, input, this.i18n.text(h("span"), key));
  }

  listen() {
    this.thread.addEventListener("change", () => this.follow());
    this.element.addEventListener("submit", (event) => this.submit(event));
    this.text.addEventListener("input", () => this.writeDown());
    this.text.addEventListener("keydown", (event) => this.key(event));
    this.text.addEventListener("paste", (event) => this.take(event, event.clipboardData.files));
    this.element.addEventListener("dragover", (event) => event.preventDefault());
    this.element.addEventListener("drop", (event) => this.take(event, event.dataTransfer.files));
    this.picker.addEventListener("change", () => {
      this.upload([...this.picker.files]);
      this.picker.value = "";
    });
  }

  key(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.submit(event);
    if (event.key !== "Escape") return;
    if (this.draft.editing) this.stopEditing();
    else this.context.leave();
  }

  writeDown() {
    const { value } = this.text;
    const { editing, kind } = this.draft;
    this.note(editing ? { editing: { ...editing, text: value } } : { text: value });
    if (!editing && kind === "messages" && value.trim()) this.tellTyping();
  }

  tellTyping() {
    if (performance.now() - this.typedAt < TYPING_MS) return;
    this.typedAt = performance.now();
    this.thread.typing();
  }

  take(event, files) {
    if (!files.length) return;
    event.preventDefault();
    if (this.draft.editing) return;
    this.upload([...files]);
  }

  /** Shows the draft of the dialog that is open now. */
  follow() {
    this.element.hidden = this.thread.state !== "ready" || !this.context.mayWrite;
    if (this.thread.state !== "ready") return;
    if (this.thread.id !== this.id) this.load(this.thread.id);
    else this.show();
  }

  load(id) {
    this.id = id;
    this.draft = readDraft(id);
    this.typedAt = -Infinity;
    this.showText();
    this.complain(null);
    this.show();
  }

  showText() {
    this.text.value = (this.draft.editing ?? this.draft).text;
  }

  /** Puts the words of an older reply into the text; what was being written waits. */
  edit({ id, text }) {
    if (this.busy) return;
    this.setEditing({ id, before: text, text });
    this.text.setSelectionRange(text.length, text.length);
  }

  stopEditing() {
    if (!this.busy) this.setEditing(null);
  }

  setEditing(editing) {
    this.complain(null);
    this.draft.editing = editing;
    this.showText();
    this.note({});
    this.text.focus();
  }

  note(changes) {
    Object.assign(this.draft, changes);
    keepDraft(this.id, this.draft);
    this.show();
  }

  setKind(kind) {
    this.note({ kind });
    this.complain(null);
  }

  /** Puts the cursor into a reply ("messages") or a note ("notes"). */
  write(kind) {
    if (this.element.hidden) return;
    if (!this.draft.editing) this.setKind(kind);
    this.text.focus();
  }

  show() {
    if (!this.draft || !this.thread.dialog) return;
    const { t, lang } = this.i18n;
    const { kind, text, files, editing } = this.draft;
    const isNote = kind === "notes" && !editing;
    this.element.classList.toggle("is-note", isNote);
    for (const input of this.tabs.querySelectorAll("input")) input.checked = input.value === kind;
    const name = nameOf(this.thread.dialog.client, this.i18n);
    const invitation = editing ? t("editLabel") : isNote ? t("notePlaceholder") : t("replyPlaceholder", { name });
    this.text.setAttribute("placeholder", invitation);
    this.text.setAttribute("aria-label", invitation);
    setText(this.button, this.busy ? t("sendingNow") : t(editing ? "saveEdit" : isNote ? "saveNote" : "send"));
    const empty = editing ? !editing.text.trim() : !text.trim() && !files.length;
    this.button.disabled = this.busy || this.uploading.size > 0 || empty;
    this.showFiles(lang);
    this.showChannels();
    this.bar.show(editing);
    this.tabs.hidden = this.attachButton.hidden = Boolean(editing);
    if (editing) this.files.hidden = this.channel.hidden = true;
    this.fit();
  }

  /** As tall as its text; a stylesheet holds the limit. */
  fit() {
    this.text.style.height = "auto";
    this.text.style.height = `${this.text.scrollHeight + 2}px`;
  }

  showFiles(lang) {
    const remark = this.i18n.t("uploading");
    const waiting = [...this.uploading].map((file) => h("li", {}, fileParts(file.name, remark, "clock")));
    this.files.replaceChildren(...this.draft.files.map((file) => this.chip(file, lang)), ...waiting);
    this.files.hidden = !this.files.children.length;
  }

  chip(file, lang) {
    const label = this.i18n.t("remove", { name: file.name });
    const drop = () => {
      this.note({ files: this.draft.files.filter((other) => other.id !== file.id) });
      this.text.focus();
    };
    const options = { type: "button", class: "tool", "aria-label": label, title: label, onClick: drop };
    return h("li", {}, fileParts(file.name, size(lang, file.size)), h("button", options, icon("close")));
  }

  showChannels() {
    const { channels } = this.thread.dialog;
    const names = ["", ...channels];
    if (names.join() !== [...this.channel.options].map((option) => option.value).join()) {
      const option = (name) => h("option", { value: name }, name || this.i18n.t("automatic"));
      this.channel.replaceChildren(...names.map(option));
    }
    this.channel.value = this.draft.channel;
    this.channel.hidden = channels.length < 2 || this.draft.kind === "notes";
  }

  async upload(files) {
    await Promise.all(files.map((file) => this.uploadOne(file)));
    this.text.focus();
  }

  async uploadOne(file) {
    const { id } = this;
    this.uploading.add(file);
    this.show();
    try {
      const stored = await this.context.api.upload(file);
      this.attach(id, stored);
    } catch (error) {
      this.context.fail(this.i18n.t("uploadFailed", { name: file.name, why: error.message }));
    } finally {
      this.uploading.delete(file);
      this.show();
    }
  }

  /** The operator may have gone to another dialog while the file was on its way. */
  attach(id, file) {
    const draft = id === this.id ? this.draft : readDraft(id);
    draft.files = [...draft.files, file];
    keepDraft(id, draft);
  }

  async submit(event) {
    event?.preventDefault();
    if (this.button.disabled) return;
    if (this.draft.editing) await this.save();
    else await this.send();
  }

  /** Gives the older reply its other words. */
  async save() {
    const { id, draft } = this;
    this.setBusy(true);
    try {
      await this.thread.rewrite(draft.editing.id, draft.editing.text.trim());
      this.saved(id, draft);
    } catch (error) {
      if (id === this.id) this.complain(this.i18n.t("editFailed", { why: error.message }), this.i18n.t("again"));
    } finally {
      this.setBusy(false);
    }
  }

  saved(id, draft) {
    draft.editing = null;
    keepDraft(id, draft);
    if (id === this.id) this.setEditing(null);
  }

  async send() {
    const { id, draft } = this;
    const attempt = attemptOf(draft, this.thread.seen);
    this.note({ attempt });
    this.setBusy(true);
    try {
      await this.thread.say(draft.kind, attempt);
      this.sent(id, draft);
    } catch (error) {
      this.refused(id, draft, error);
    } finally {
      this.setBusy(false);
    }
  }

  setBusy(busy) {
    this.busy = busy;
    this.text.readOnly = busy;
    this.show();
  }

  sent(id, { kind, channel }) {
    dropDraft(id);
    if (id !== this.id) return;
    this.load(id);
    this.note({ kind, channel });
    this.context.sent();
    this.text.focus();
  }

  refused(id, draft, error) {
    // The key of a refused request is spent: sending again is a new decision.
    if (!error.temporary) draft.attempt = null;
    keepDraft(id, draft);
    if (id !== this.id) return;
    const { t } = this.i18n;
    if (error.problem.type === STALE) this.conflict();
    else this.complain(t("sendFailed", { why: error.message }), t("again"));
  }

  async conflict() {
    await shown(this.thread.reload());
    this.complain(this.i18n.t("conflict"), this.i18n.t("sendAnyway"));
  }

  /** Says above the text what went wrong, with a button to send again; null takes it back. */
  complain(words, label) {
    this.trouble.hidden = words === null;
    if (words === null) return;
    const again = wordButton("quiet", label, () => this.again());
    this.trouble.replaceChildren(icon("alert"), h("span", {}, words), again);
  }

  again() {
    this.complain(null);
    this.submit();
  }
}
