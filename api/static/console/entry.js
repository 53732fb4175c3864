// One message of a dialog as the operator sees it.

import { attachment } from "../shared/attachment.js";
import { clockTime, fileParts, wordButton } from "../shared/controls.js";
import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { rich } from "../shared/rich.js";
import { linked } from "../shared/text.js";
import { actions } from "./actions.js";
import { doubt } from "./doubts.js";
import { nameOf } from "./names.js";
import { above, below, elsewhere, reactions } from "./told.js";

const LONG_CHARS = 1800;
const LONG_LINES = 24;
const MARKS = {
  queued: "clock", sending: "clock", sent: "check", failed: "alert", unconfirmed: "double", twice: "double",
  cancelled: "close", held: "clock",
};
const STUCK = new Set(["failed", "unconfirmed", "held"]);

/**
 * Fills a list item with a message; `context`: i18n, me, client, api, mayWrite, fail(text), retry(), edit(), remove(),
 * several (whether the client has several channels), admit().
 */
export function fillEntry(li, { message, first }, context) {
  li.className = `entry ${message.direction}${first ? " first" : ""}`;
  li.dataset.seq = message.seq;
  if (message.direction === "event") li.replaceChildren(...eventParts(message, context));
  else li.replaceChildren(...parts(message, first, context));
}

function parts(message, first, context) {
  const reacted = message.deleted_at ? null : reactions(message, context.i18n);
  const said = [doubt(message, context), bubble(message, context), reacted];
  const all = [heading(message, first, context), ...said, meta(message, context)];
  return all.filter(Boolean);
}

function eventParts(message, { i18n }) {
  return [h("span", { dir: "auto" }, message.text), clockTime(i18n.lang, message.sent_at)];
}

function heading(message, first, context) {
  const { i18n } = context;
  const name = authorOf(message, context);
  const note = message.direction === "note" ? h("span", { class: "note-mark" }, icon("note"), i18n.t("note")) : null;
  return h("p", { class: first || note ? "author" : "hidden" }, h("span", { dir: "auto" }, name), note);
}

function authorOf({ author, data }, { i18n, me, client }) {
  // In a group the client is the group.
  if (author.kind === "client") return data?.author || author.name || nameOf(client, i18n);
  // Ours, written with another program.
  if (author.kind === "system" && data?.author) return data.author;
  if (author.kind === "operator" && author.id === me.id) return i18n.t("you");
  return author.name || i18n.t("system");
}

function bubble(message, context) {
  const { i18n } = context;
  if (message.deleted_at) return h("div", { class: "bubble gone" }, i18n.t("deleted"));
  const files = message.files.map((file) => fileView(file, context));
  const words = message.text ? body(message, i18n.t) : null;
  return h("div", { class: "bubble" }, above(message, i18n), words, below(message, context), files);
}

function body({ text, html }, t) {
  const words = h("div", { class: "text", dir: "auto" }, html ? rich(html) : linked(text));
  if (text.length <= LONG_CHARS && text.split("\n", LONG_LINES + 1).length <= LONG_LINES) return words;
  words.classList.add("folded");
  return [words, wordButton("link unfold", t("showAll"), () => unfold(words))];
}

/** Shows all of a long text, of which the node is a part. */
export function unfold(node) {
  const words = node.closest(".folded");
  if (!words) return;
  words.classList.remove("folded");
  words.parentElement.querySelector(":scope > .unfold").remove();
}

function fileView(file, { i18n, api, fail }) {
  if (file.state) return missing(file, i18n);
  const failed = (error) => fail(i18n.t("fileFailed", { why: error.message }));
  return attachment(file, { load: (id) => api.download(id), lang: i18n.lang, saveLabel: i18n.t("saveFile"), failed });
}

/** A file whose content is still fetched from the channel, or could not be had. */
function missing({ name, state }, i18n) {
  const why = i18n.t(state === "pending" ? "filePending" : "fileMissing");
  return h("span", { class: "file" }, fileParts(name, why));
}

function meta(message, context) {
  const { i18n, several } = context;
  const edited = message.edited_at && !message.deleted_at ? h("span", {}, i18n.t("edited")) : null;
  const via = several && message.channel ? h("span", {}, i18n.t("via", { channel: message.channel })) : null;
  const time = clockTime(i18n.lang, message.sent_at);
  const way = delivery(message, context);
  return h("div", { class: "meta" }, elsewhere(message, i18n), edited, via, time, way, actions(message, context));
}

function delivery({ delivery: way }, context) {
  if (!way) return null;
  const { t } = context.i18n;
  const look = way.state === "sent" && way.maybe_twice ? "twice" : way.state;
  const words = look === "failed" && way.error ? t("failedWhy", { why: way.error }) : t(look);
  const again = context.mayWrite && STUCK.has(look) ? wordButton("link", t("sendAgain"), context.retry) : null;
  const said = h("span", { class: look === "sent" ? "hidden" : "" }, words);
  return h("span", { class: `delivery ${look}`, title: words }, icon(MARKS[look]), said, again);
}
