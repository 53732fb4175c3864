// The two languages of the pages: chosen by the browser, switched by hand, remembered.

import { recall, remember } from "./store.js";

export const LANGUAGES = ["en", "ru"];
const KEY = "okno.lang";

/** The language to speak: the one chosen by hand, else the first of the browser's that we have, else English. */
export function pickLanguage() {
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
    this.use(pickLanguage());
  }

  use(lang) {
    this.lang = lang;
    this.plural = new Intl.PluralRules(lang);
  }

  /** Speaks another language from now on, also after a reload. */
  choose(lang) {
    remember(KEY, lang);
    this.use(lang);
    for (const speak of this.bound) speak();
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
