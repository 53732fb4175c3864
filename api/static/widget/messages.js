// The list of messages in the chat, each with its time and its state.

import { attachment } from "../shared/attachment.js";
import { clockTime, fileParts, wordButton } from "../shared/controls.js";
import { h, reconcile, setText } from "../shared/dom.js";
import { day, sameDay, size } from "../shared/format.js";
import { icon } from "../shared/icons.js";
import { rich } from "../shared/rich.js";
import { Sticky } from "../shared/sticky.js";
import { linked } from "../shared/text.js";

/** Shows the rows of a Chat in a scrolling box. */
export class Messages {
  constructor(chat, i18n, say) {
    this.chat = chat;
    this.i18n = i18n;
    this.say = say;
    this.list = h("ol", { class: "rows" });
    const hello = i18n.text(h("p", { class: "hello" }), "greeting");
    this.empty = h("div", { class: "empty" }, hello, i18n.text(h("p"), "greetingMore"));
    this.box = i18n.label(h("section", { class: "box", tabindex: "0" }, this.empty, this.list), "conversation");
    this.box.removeAttribute("title");
    const pill = i18n.label(h("button", { type: "button", class: "pill", hidden: true }, icon("down")), "latest");
    this.element = h("div", { class: "messages" }, this.box, pill);
    this.sticky = new Sticky(this.box, pill);
    this.spec = {
      key: (row) => row.key,
      mark: (row) => this.mark(row),
      make: () => h("li"),
      fill: (li, row) => this.fill(li, row),
    };
    i18n.bind(() => this.show());
  }

  /** Brings the list up to date; `fresh` says that the other side has just written. */
  show(fresh = false) {
    const rows = withDays(this.chat.rows());
    this.empty.hidden = rows.length > 0;
    this.sticky.change(() => reconcile(this.list, rows, this.spec), fresh);
  }

  mark(row) {
    return JSON.stringify([this.i18n.lang, row]);
  }

  fill(li, row) {
    if (row.day) {
      li.className = "day";
      setText(li, day(this.i18n.lang, row.day));
      return;
    }
    const mine = row.item.author.kind === "visitor";
    li.className = `message ${mine ? "mine" : "theirs"}${row.first ? " first" : ""}`;
    li.replaceChildren(...this.parts(row, mine));
  }

  parts(row, mine) {
    const { t } = this.i18n;
    const name = mine ? t("you") : row.item.author.name || t("staff");
    const heading = h("span", { class: mine || !row.first ? "hidden" : "author", dir: "auto" }, name);
    return [heading, this.bubble(row), this.meta(row)];
  }

  bubble({ item, entry }) {
    const { t } = this.i18n;
    if (item.deleted_at) return h("div", { class: "bubble gone" }, t("deleted"));
    const files = item.files.map((file) => (entry ? this.waitingFile(file) : this.file(file)));
    return h("div", { class: "bubble" }, words(item), files);
  }

  file(file) {
    const { t } = this.i18n;
    const failed = (error) => this.say(t("fileFailed", { why: error.message }));
    const load = (id) => this.chat.api.download(id);
    return attachment(file, { load, lang: this.i18n.lang, saveLabel: t("saveFile"), failed });
  }

  waitingFile(file) {
    return h("span", { class: "file" }, fileParts(file.name, size(this.i18n.lang, file.size)));
  }

  meta(row) {
    const { item, state } = row;
    const { t } = this.i18n;
    const time = clockTime(this.i18n.lang, item.sent_at);
    const edited = item.edited_at ? h("span", {}, t("edited")) : null;
    return h("div", { class: `meta ${state ?? ""}`, "data-state": state }, edited, time, ...this.stateParts(row));
  }

  stateParts({ entry, state, last }) {
    const { t } = this.i18n;
    if (state === "sent") return [icon("check"), h("span", { class: "hidden" }, t("sent"))];
    if (state === "sending") return [icon("clock"), h("span", {}, t("sending"))];
    if (state === "ended") return [icon("clock"), h("span", {}, t("endedWaiting"))];
    if (state === "waiting" && !last) return [icon("clock"), h("span", { class: "hidden" }, t("waiting"))];
    const now = () => wordButton("link", t("tryNow"), () => this.chat.hurry());
    if (state === "waiting") return [icon("clock"), h("span", {}, t("waiting")), now()];
    return state === "failed" ? this.failure(entry) : [];
  }

  failure(entry) {
    const { t } = this.i18n;
    const why = entry.failed === "fileLost" ? t("fileLost") : entry.failed;
    const again = wordButton("link", t("retry"), () => this.chat.outbox.retry(entry.id));
    const drop = wordButton("link", t("remove"), () => this.chat.outbox.drop(entry));
    return [icon("alert"), h("span", {}, t("failed", { why })), again, drop];
  }
}

function words({ html, text }) {
  if (html) return h("div", { class: "words", dir: "auto" }, rich(html));
  return text ? h("p", { dir: "auto" }, linked(text)) : null;
}

/** Rows with keys, a row for each new day between them, and `first` on those that open a run of one author. */
function withDays(rows) {
  const result = [];
  let last = null;
  const end = rows.at(-1);
  for (const row of rows) {
    const follows = last && sameDay(last.item.sent_at, row.item.sent_at);
    if (!follows) result.push({ key: `day-${row.item.id}`, day: row.item.sent_at });
    const { kind, name } = row.item.author;
    const first = !follows || last.item.author.kind !== kind || last.item.author.name !== name;
    result.push({ ...row, key: row.item.id, first, last: row === end });
    last = row;
  }
  return result;
}
