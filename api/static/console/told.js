// What a channel told besides the words of a message: where they come from, what they answer, who reacted.

import { saving } from "../shared/attachment.js";
import { h } from "../shared/dom.js";
import { outward, webUrl } from "../shared/rich.js";
import { mailPage } from "./mailpage.js";

const MAP = "https://www.openstreetmap.org/";
const ZOOM = 16;

/** What stands above the words: the subject, the origin of what was forwarded, and the lines that are answered. */
export function above({ data }, { t }) {
  if (!data) return [];
  const { forwarded_from: origin, quote, subject } = data;
  const about = subject ? h("p", { class: "subject", dir: "auto" }, String(subject)) : null;
  const from = origin ? h("p", { class: "forwarded", dir: "auto" }, t("forwardedFrom", { name: String(origin) })) : null;
  const quoted = quote ? h("blockquote", { class: "quoted", dir: "auto" }, String(quote)) : null;
  return [about, from, quoted];
}

/**
 * What stands below the words: a link, a place on the map, remarks, and all of a mail of which the words are a part.
 * `context`: i18n, api, fail(text).
 */
export function below(message, context) {
  const { t } = context.i18n;
  const data = message.data ?? {};
  const href = data.link ? webUrl(String(data.link)) : null;
  const link = href ? h("p", { class: "told" }, outward(href, href)) : null;
  const notes = (data.notes ?? []).map((note) => h("p", { class: "told", dir: "auto" }, String(note)));
  const mail = [whole(message, context), original(message, context)];
  return [link, data.location ? place(data.location, t) : null, ...notes, ...mail];
}

function original({ original: path }, { i18n, api, fail }) {
  if (!path) return null;
  const failed = (error) => fail(i18n.t("fileFailed", { why: error.message }));
  return h("p", { class: "told" }, saving(i18n.t("original"), () => api.original(path), failed));
}

function whole(message, context) {
  const mail = message.data?.whole;
  if (!mail?.html && !mail?.cuts?.length) return null;
  const { t } = context.i18n;
  const box = h("details", { class: "whole" }, h("summary", {}, t("wholeMail")));
  if (!mail.html) box.append(h("div", { class: "text", dir: "auto" }, mail.text));
  // Of the mails of a dialog few are ever opened.
  else box.addEventListener("toggle", () => box.append(...mailPage(message, context)), { once: true });
  return box;
}

function place(location, t) {
  const latitude = Number(location.latitude);
  const longitude = Number(location.longitude);
  if (!Number.isFinite(latitude) || !Number.isFinite(longitude)) return null;
  const href = `${MAP}?mlat=${latitude}&mlon=${longitude}#map=${ZOOM}/${latitude}/${longitude}`;
  return h("p", { class: "told" }, `${t("place")}: `, outward(href, `${latitude}, ${longitude}`));
}

/** The reactions below a bubble, each with how many it is from; null without any. */
export function reactions({ data }, { t }) {
  const counts = new Map();
  for (const emoji of Object.values(data?.reactions ?? {})) counts.set(emoji, (counts.get(emoji) ?? 0) + 1);
  if (!counts.size) return null;
  const words = [...counts].map(([emoji, count]) => h("li", {}, count > 1 ? `${emoji} ${count}` : emoji));
  return h("ul", { class: "reactions", "aria-label": t("reactions") }, words);
}

/** Who of the channel's own page wrote an answer there, as a remark; null if it was not so. */
export function elsewhere({ data }, { t }) {
  return data?.admin ? h("span", {}, t("byAdmin", { name: String(data.admin) })) : null;
}
