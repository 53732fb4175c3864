// The two languages of the pages: chosen by the browser, switched by hand, remembered.

import { h } from "./dom.js";
import { recall, remember } from "./store.js";

const NAMES = { en: "English", ru: "Русский" };
const LANGUAGES = Object.keys(NAMES);
const KEY = "okno.lang";
const SWITCHED = "okno-language";

/** The language to speak: the one chosen by hand, else the first of the browser's that we have, else English. */
function pickLanguage() {
  const chosen = recall(KEY);
  const wished = navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase());
  return LANGUAGES.includes(chosen) ? chosen : (wished.find((tag) => LANGUAGES.includes(tag)) ?? "en");
}

/**
 * A translator over `{en: {key: text}, ru: {…}}`. A text is a string with {names}, or an object of plural forms
 * (`one`, `few`, `many`, `other`) chosen by the variable `n`.
 */
export class I18n {
  constructor(catalog) {
    this.catalog = catalog;
    this.bound = [];
    this.t = this.t.bind(this);
    this.use(pickLanguage());
    addEventListener(SWITCHED, (event) => this.use(event.detail));
  }

  use(lang) {
    this.lang = lang;
    this.plural = new Intl.PluralRules(lang);
    for (const speak of this.bound) speak();
  }

  /** Everything of ours on this page speaks another language from now on, also after a reload. */
  choose(lang) {
    remember(KEY, lang);
    dispatchEvent(new CustomEvent(SWITCHED, { detail: lang }));
  }

  /** Runs `speak` now and after each change of language. */
  bind(speak) {
    this.bound.push(speak);
    speak();
  }

  /** Keeps an element's text in the chosen language; returns the element. */
  text(element, key) {
    this.bind(() => (element.textContent = this.t(key)));
    return element;
  }

  /** Keeps an element's accessible name (and its tooltip) in the chosen language; returns the element. */
  label(element, key) {
    this.bind(() => {
      element.setAttribute("aria-label", this.t(key));
      element.title = this.t(key);
    });
    return element;
  }

  get other() {
    return LANGUAGES.find((lang) => lang !== this.lang);
  }

  /** The text of a key with its variables filled in. */
  t(key, values = {}) {
    const entry = this.catalog[this.lang][key];
    const text = typeof entry === "string" ? entry : (entry[this.plural.select(values.n)] ?? entry.other);
    return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
  }
}

/** The button that switches to the other language, named in that language. */
export function languageButton(i18n, className) {
  const button = h("button", { type: "button", class: className, onClick: () => i18n.choose(i18n.other) });
  i18n.bind(() => {
    button.textContent = i18n.other.toUpperCase();
    button.lang = i18n.other;
    button.title = NAMES[i18n.other];
    button.setAttribute("aria-label", `${i18n.other.toUpperCase()}, ${NAMES[i18n.other]}`);
  });
  return button;
}
