// One message of a dialog as the operator sees it.

import { attachment } from "../shared/attachment.js";
import { h } from "../shared/dom.js";
import { clock, full } from "../shared/format.js";
import { icon } from "../shared/icons.js";
import { linked } from "../shared/text.js";

const LONG_CHARS = 1800;
const LONG_LINES = 24;
const MARKS = { queued: "clock", sending: "clock", sent: "check", failed: "alert", unconfirmed: "double", cancelled: "close", held: "clock" };

/** Fills a list item with a message; `context`: i18n, me, api, fail(text), several (the client has several channels). */
export function fillEntry(li, { message, first }, context) {
  li.className = `entry ${message.direction}${first ? " first" : ""}`;
  li.dataset.seq = message.seq;
  if (message.direction === "event") li.replaceChildren(...eventParts(message, context));
  else li.replaceChildren(heading(message, first, context), bubble(message, context), meta(message, context));
}

function eventParts(message, { i18n }) {
  return [h("span", { dir: "auto" }, message.text), time(message, i18n)];
}

function time(message, i18n) {
  return h("time", { datetime: message.sent_at, title: full(i18n.lang, message.sent_at) }, clock(i18n.lang, message.sent_at));
}

function heading(message, first, { i18n, me }) {
  const { author } = message;
  const own = author?.kind === "operator" && author.id === me.id;
  const name = own ? i18n.t("you") : (author?.name ?? i18n.t("system"));
  const note = message.direction === "note" ? h("span", { class: "note-mark" }, icon("note"), i18n.t("note")) : null;
  return h("p", { class: first || note ? "author" : "hidden" }, h("span", { dir: "auto" }, name), note);
}

function bubble(message, context) {
  const { t } = context.i18n;
  if (message.deleted_at) return h("div", { class: "bubble gone" }, t("deleted"));
  const files = (message.files ?? []).map((file) => fileView(file, context));
  return h("div", { class: "bubble" }, message.text ? body(message.text, t) : null, files);
}

function body(text, t) {
  const words = h("p", { class: "text", dir: "auto" }, linked(text));
  if (text.length <= LONG_CHARS && text.split("\n", LONG_LINES + 1).length <= LONG_LINES) return words;
  words.classList.add("folded");
  const unfold = h("button", { type: "button", class: "link", onClick: () => {
    words.classList.remove("folded");
    unfold.remove();
  } }, t("showAll"));
  return [words, unfold];
}

function fileView(file, { i18n, api, fail }) {
  const failed = (error) => fail(i18n.t("fileFailed", { why: error.message }));
  return attachment(file, { load: (id) => api.download(id), lang: i18n.lang, saveLabel: i18n.t("saveFile"), failed });
}

function meta(message, { i18n, several }) {
  const edited = message.edited_at && !message.deleted_at ? h("span", {}, i18n.t("edited")) : null;
  const via = several && message.channel ? h("span", {}, i18n.t("via", { channel: message.channel })) : null;
  return h("div", { class: "meta" }, edited, via, time(message, i18n), delivery(message, i18n));
}

function delivery({ delivery: way }, i18n) {
  if (!way) return null;
  const words = way.state === "failed" && way.error ? i18n.t("failedWhy", { why: way.error }) : i18n.t(way.state);
  const quiet = way.state === "sent" ? "hidden" : "";
  return h("span", { class: `delivery ${way.state}`, title: words }, icon(MARKS[way.state]), h("span", { class: quiet }, words));
}
