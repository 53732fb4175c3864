// Puts the chat on a page: a shadow root, so that neither side's styles reach the other.

import { h, linkStyles } from "../shared/dom.js";
import { I18n } from "../shared/i18n.js";
import { Chat } from "./chat.js";
import { Panel } from "./panel.js";
import { CATALOG } from "./strings.js";

const TAG = "okno-chat";
const STYLES = ["shared/theme.css", "widget/widget.css", "widget/messages.css"];

/**
 * Starts the chat of `{base, channel, script}`, once on a page. base: scheme, host and path prefix of the server;
 * script: the tag that asked for it, whose data-identity says who the visitor is.
 */
export async function start(place) {
  if (document.readyState === "loading") await new Promise((resolve) => addEventListener("DOMContentLoaded", resolve));
  if (document.querySelector(TAG)) return;
  const host = h(TAG);
  // Unstyled pieces of the chat would jump about the page until the stylesheets are there.
  host.style.display = "none";
  const root = host.attachShadow({ mode: "open" });
  document.body.append(host);
  await Promise.all(STYLES.map((path) => linkStyles(root, `${place.base}/static/${path}`)));
  host.style.removeProperty("display");
  root.append(new Panel(new Chat(place), new I18n(CATALOG)).element);
}
