// One file of a message: a picture is shown, anything else is a button that saves it.

import { fileParts, wordButton } from "./controls.js";
import { h } from "./dom.js";
import { size } from "./format.js";

const PICTURES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);
const PREVIEW_BYTES = 4_000_000;

/**
 * Builds the view of `file` {id, name, type, size}; `source`: load(id) -> Promise<Blob>, lang, saveLabel,
 * failed(error). Files are fetched with the reader's token, so a plain link could not open them.
 */
export function attachment(file, source) {
  const button = wordButton("file", fileParts(file.name, size(source.lang, file.size)), () => save(file, source));
  button.setAttribute("aria-label", `${source.saveLabel}: ${file.name}, ${size(source.lang, file.size)}`);
  if (PICTURES.has(file.type) && file.size <= PREVIEW_BYTES) whenSeen(button, () => preview(button, file, source));
  return button;
}

/** Only a few pictures of a long dialog are ever looked at: each is loaded when it comes near. */
function whenSeen(element, act) {
  const watcher = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watcher.disconnect();
    act();
  }, { rootMargin: "200px" });
  watcher.observe(element);
}

async function preview(button, file, source) {
  const blob = await source.load(file.id).catch(() => null);
  if (!blob) return;
  const url = URL.createObjectURL(new Blob([blob], { type: file.type }));
  const picture = h("img", { alt: "", src: url, onLoad: () => URL.revokeObjectURL(url) });
  button.classList.add("with-picture");
  button.prepend(picture);
}

/** A button with `words` that saves the File `load()` promises. */
export function saving(words, load, failed) {
  return wordButton("link", words, () => saveAs(null, load, failed));
}

function save(file, source) {
  return saveAs(file.name, () => source.load(file.id), source.failed);
}

async function saveAs(name, load, failed) {
  try {
    const content = await load();
    const url = URL.createObjectURL(content);
    h("a", { href: url, download: name ?? content.name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  } catch (error) {
    failed(error);
  }
}
