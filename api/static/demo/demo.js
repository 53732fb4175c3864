// The demo page speaks the reader's language.

import { I18n, languageButton } from "../shared/i18n.js";
import { CATALOG } from "./strings.js";

const i18n = new I18n(CATALOG);

function speak() {
  document.documentElement.lang = i18n.lang;
  document.title = i18n.t("title");
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = i18n.t(element.dataset.t);
  const labelled = document.querySelectorAll("[data-t-label]");
  for (const element of labelled) element.setAttribute("aria-label", i18n.t(element.dataset.tLabel));
}

document.querySelector("nav").append(languageButton(i18n, "word"));
i18n.bind(speak);
