// Text with its links made clickable, safely.

const LINK = /(?:https?:\/\/|mailto:)[^\s<>"]+/gi;
const SAFE = new Set(["http:", "https:", "mailto:"]);
const TRAILING = /[.,;:!?'»”…)\]}]+$/;

/** A fragment of text nodes and links (http, https, mailto only). */
export function linked(text) {
  const fragment = document.createDocumentFragment();
  let at = 0;
  for (const match of text.matchAll(LINK)) {
    const href = withoutTail(match[0]);
    if (!isSafe(href)) continue;
    fragment.append(text.slice(at, match.index), link(href));
    at = match.index + href.length;
  }
  fragment.append(text.slice(at));
  return fragment;
}

function isSafe(href) {
  try {
    return SAFE.has(new URL(href).protocol);
  } catch {
    return false;
  }
}

/** Without the punctuation of the sentence around it; a closing bracket stays when the link opens one. */
function withoutTail(href) {
  const tail = TRAILING.exec(href)?.[0] ?? "";
  const keep = href.includes("(") && tail.startsWith(")") ? 1 : 0;
  return href.slice(0, href.length - tail.length + keep);
}

function link(href) {
  const anchor = document.createElement("a");
  anchor.href = href;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer nofollow";
  anchor.textContent = href;
  return anchor;
}
