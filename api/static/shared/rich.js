// Text with looks: what a channel sent as HTML, copied from a whitelist into nodes of our own.

import { h } from "./dom.js";
import { linked } from "./text.js";

const SAME = new Set(["b", "i", "u", "s", "code", "pre", "blockquote", "br"]);
const OTHER_NAMES = { strong: "b", em: "i", del: "s", strike: "s", ins: "u" };
// What is in these is no text.
const UNREAD = new Set(["script", "style", "template", "noscript", "iframe", "textarea", "title", "svg", "math"]);
const SAFE = new Set(["http:", "https:", "mailto:", "tel:"]);

/** A fragment with the looks of `html`; tags that have no form here leave their text. */
export function rich(html) {
  // The parsed document is never shown: nothing in it runs or loads.
  const { body } = new DOMParser().parseFromString(html, "text/html");
  const fragment = document.createDocumentFragment();
  fragment.append(...copies(body, { link: false, pre: false }));
  return fragment;
}

function copies(node, within) {
  return [...node.childNodes].flatMap((child) => copy(child, within));
}

function copy(node, within) {
  if (node.nodeType === Node.TEXT_NODE) return words(node.data, within);
  if (node.nodeType !== Node.ELEMENT_NODE || UNREAD.has(node.localName)) return [];
  if (node.localName === "a") return anchor(node, within);
  const name = OTHER_NAMES[node.localName] ?? node.localName;
  const children = copies(node, { ...within, pre: within.pre || name === "pre" });
  return SAME.has(name) ? [h(name, {}, children)] : children;
}

/** Line ends are the markup's own, except where the text is laid out beforehand. */
function words(text, { link, pre }) {
  const shown = pre ? text : text.replace(/\s*\n\s*/g, " ");
  return [link ? shown : linked(shown)];
}

function anchor(node, within) {
  const href = safeUrl(node.getAttribute("href") ?? "", SAFE);
  if (!href || within.link) return copies(node, within);
  return [outward(href, copies(node, { ...within, link: true }))];
}

/** The address of a link if it leads to the web, else null. */
export function webUrl(text) {
  return safeUrl(text, new Set(["http:", "https:"]));
}

function safeUrl(text, protocols) {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url && protocols.has(url.protocol) ? url.href : null;
}

/** A link that opens beside this page and learns nothing of it. */
export function outward(href, ...children) {
  return h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, ...children);
}
