// The page of a mail, in a frame where nothing runs, and nothing is loaded from elsewhere unless it is asked for.

import { wordButton } from "../shared/controls.js";
import { h } from "../shared/dom.js";
import { webUrl } from "../shared/rich.js";

const LINKS_ONLY = "allow-popups allow-popups-to-escape-sandbox";
const LOOKS = "margin:8px;font:14px/1.45 system-ui,sans-serif;overflow-wrap:anywhere";

/** The page of a mail, and a button for images from elsewhere if it has such. `context`: i18n, api, fail(text). */
export function mailPage({ data, files }, { i18n, api, fail }) {
  // The parsed document is never shown: nothing in it runs or loads.
  const { body } = new DOMParser().parseFromString(data.whole.html, "text/html");
  const images = [...body.querySelectorAll("img")];
  const remote = images.filter((image) => webUrl(image.dataset.src ?? ""));
  const frame = h("iframe", { class: "page", sandbox: LINKS_ONLY, title: i18n.t("wholeMail") });
  let sources = "data:";
  const show = () => frame.setAttribute("srcdoc", documentOf(body, sources));
  const button = remote.length ? wordButton("link", i18n.t("remoteImages"), () => {
    for (const image of remote) image.src = image.dataset.src;
    sources = "data: https:";
    button.remove();
    show();
  }) : null;
  for (const image of images) Object.assign(image.style, { maxWidth: "100%", objectFit: "contain" });
  const failed = (error) => fail(i18n.t("fileFailed", { why: error.message }));
  bring(images, files, (id) => api.download(id).then(dataUrl).catch(failed)).then(show);
  return [button, frame].filter(Boolean);
}

/**
 * Puts the mail's own files in place of their content ids: the frame has no right to fetch them. `load(id)` promises
 * a data URL, or nothing.
 */
async function bring(images, files, load) {
  const urls = new Map();
  const own = images.filter((image) => image.hasAttribute("src")).map((image) => {
    const id = contentId(image.getAttribute("src"));
    image.removeAttribute("src");
    return { image, file: files.find(({ key, state }) => key === id && !state) };
  });
  await Promise.all(own.filter(({ file }) => file).map(async ({ image, file: { id } }) => {
    if (!urls.has(id)) urls.set(id, load(id));
    const url = await urls.get(id);
    if (url) image.src = url;
  }));
}

function contentId(src) {
  const id = src.trim().slice("cid:".length);
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

function dataUrl(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

function documentOf(body, sources) {
  const policy = `default-src 'none'; img-src ${sources}; style-src 'unsafe-inline'; upgrade-insecure-requests`;
  return `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="referrer" content="no-referrer"><body style="${LOOKS}">${body.innerHTML}`;
}
