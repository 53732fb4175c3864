// The launcher in the corner and the panel it opens.

import { toolButton, wordButton } from "../shared/controls.js";
import { h, setText } from "../shared/dom.js";
import { languageButton } from "../shared/i18n.js";
import { logo } from "../shared/icons.js";
import { recall, remember } from "../shared/store.js";
import { About } from "./about.js";
import { Composer } from "./composer.js";
import { Messages } from "./messages.js";

const PHONE = "(max-width: 520px)";

/** Everything the visitor sees; lives inside the shadow root. */
export class Panel {
  constructor(chat, i18n) {
    this.chat = chat;
    this.i18n = i18n;
    this.openKey = `okno.open.${chat.api.root}`;
    this.voice = h("p", { class: "hidden", role: "status" });
    this.messages = new Messages(chat, i18n, (text) => setText(this.voice, text));
    this.composer = new Composer(chat, i18n);
    this.about = new About(chat, i18n);
    this.badge = h("span", { class: "badge", "aria-hidden": "true", hidden: true });
    this.launcher = wordButton("launcher", [logo(), this.badge], () => this.toggle(!this.isOpen));
    this.launcher.setAttribute("aria-expanded", "false");
    this.panel = this.build();
    this.element = h("div", { class: "okno" }, this.panel, this.launcher, this.voice);
    chat.addEventListener("change", (event) => this.update(event.detail));
    document.addEventListener("visibilitychange", () => this.update([]));
    // The site may open the chat from anywhere on its page: <button data-okno-open>Write to us</button>.
    document.addEventListener("click", (event) => event.target.closest("[data-okno-open]") && this.toggle(true));
    i18n.bind(() => this.update([]));
    // On a phone the chat covers the page: there it opens only when asked for.
    if (recall(this.openKey) === "yes" && !matchMedia(PHONE).matches) this.toggle(true, false);
  }

  build() {
    const { i18n } = this;
    this.line = h("p", { class: "line-state" });
    const fold = () => about.setAttribute("aria-expanded", String(this.about.toggle()));
    const about = toolButton(i18n, "about", "person", fold);
    about.setAttribute("aria-expanded", "false");
    const close = toolButton(i18n, "close", "close", () => this.toggle(false));
    const words = h("div", { class: "head-words" }, i18n.text(h("h2"), "title"), this.line);
    const head = h("header", {}, logo(), words, languageButton(i18n, "tool word"), about, close);
    const panel = h("div", { class: "panel", role: "dialog", hidden: true, onKeydown: (event) => this.key(event) },
      head, this.about.element, this.messages.element, this.composer.element);
    i18n.bind(() => {
      panel.setAttribute("aria-label", i18n.t("title"));
      panel.lang = i18n.lang;
    });
    return panel;
  }

  key(event) {
    if (event.key === "Escape") this.toggle(false);
  }

  get isOpen() {
    return !this.panel.hidden;
  }

  toggle(open, focus = true) {
    this.panel.hidden = !open;
    this.launcher.setAttribute("aria-expanded", String(open));
    this.element.classList.toggle("open", open);
    remember(this.openKey, open ? "yes" : "no");
    this.update([]);
    if (open) this.messages.sticky.toEnd();
    if (open) this.composer.changed();
    if (focus) (open ? this.composer.text : this.launcher).focus();
  }

  /** Brings everything up to date; `fresh` are messages just come. */
  update(fresh) {
    const news = fresh.filter((item) => item.author.kind === "operator");
    this.messages.show(news.length > 0);
    if (this.isOpen && !document.hidden) this.chat.history.see();
    if (this.chat.history.loaded && news.length) this.announce(news.at(-1));
    this.showState();
  }

  announce(item) {
    const name = item.author.name || this.i18n.t("staff");
    this.voice.textContent = this.i18n.t(item.text ? "announce" : "announceFile", { name, text: item.text });
  }

  showState() {
    const { chat, i18n } = this;
    const unseen = chat.history.unseen;
    const { ended } = chat.api;
    const lost = ended || !navigator.onLine || !chat.live || chat.outbox.waiting;
    setText(this.line, i18n.t(ended ? "ended" : lost ? "lost" : "live"));
    this.line.classList.toggle("lost", lost);
    this.badge.hidden = unseen === 0;
    setText(this.badge, unseen > 99 ? "99+" : String(unseen));
    this.launcher.setAttribute("aria-label", unseen ? i18n.t("openUnread", { n: unseen }) : i18n.t("open"));
  }
}
