// What a channel told besides the words of a message: where they come from, what they answer, who reacted.

import { h } from "../shared/dom.js";
import { outward, webUrl } from "../shared/rich.js";

const MAP = "https://www.openstreetmap.org/";
const ZOOM = 16;

/** What stands above the words: the origin of what was forwarded, and the lines that are answered. */
export function above({ data }, { t }) {
  if (!data) return [];
  const { forwarded_from: origin, quote } = data;
  const from = origin ? h("p", { class: "forwarded", dir: "auto" }, t("forwardedFrom", { name: String(origin) })) : null;
  const quoted = quote ? h("blockquote", { class: "quoted", dir: "auto" }, String(quote)) : null;
  return [from, quoted];
}

/** What stands below the words: a link and a place on the map. */
export function below({ data }, { t }) {
  if (!data) return [];
  const href = data.link ? webUrl(String(data.link)) : null;
  const link = href ? h("p", { class: "told" }, outward(href, href)) : null;
  return [link, data.location ? place(data.location, t) : null];
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
