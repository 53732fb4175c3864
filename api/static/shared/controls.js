// Small pieces that both pages are made of.

import { h } from "./dom.js";
import { brief, clock, full } from "./format.js";
import { icon } from "./icons.js";

/** A button that is an icon, named by a text of the catalogue; it stays as long as the page. */
export function toolButton(i18n, key, sign, onClick) {
  return i18n.label(signButton(null, sign, onClick), key);
}

/** A button that is an icon, named by its words; for what is built anew when the language changes. */
export function signButton(words, sign, onClick) {
  return h("button", { type: "button", class: "tool", title: words, "aria-label": words, onClick }, icon(sign));
}

/** A button that is its words. */
export function wordButton(className, words, onClick) {
  return h("button", { type: "button", class: className, onClick }, words);
}

/** The clock time of a message; the tooltip has the whole of it. */
export function clockTime(lang, at) {
  return h("time", { datetime: at, title: full(lang, at) }, clock(lang, at));
}

/** The time of a row in a list. */
export function briefTime(lang, at) {
  return h("time", { datetime: at, title: full(lang, at) }, brief(lang, at));
}

/** What a file is known by: a sign, its name, and its size or another remark. */
export function fileParts(name, remark, sign = "file") {
  return [icon(sign), h("span", { class: "file-name", dir: "auto" }, name), h("span", { class: "file-size" }, remark)];
}
