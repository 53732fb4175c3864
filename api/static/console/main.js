// Starts the console: signs in with the token of this tab, or asks for one.

import { I18n } from "../shared/i18n.js";
import { ConsoleApi } from "./api.js";
import { App } from "./app.js";
import { REFUSED, signIn } from "./signin.js";
import { CATALOG } from "./strings.js";
import { TASK_WORDS } from "./taskstrings.js";

const KEY = "okno.token";
const words = (lang) => ({ ...CATALOG[lang], ...TASK_WORDS[lang] });
const i18n = new I18n({ en: words("en"), ru: words("ru") });

i18n.bind(() => {
  document.documentElement.lang = i18n.lang;
  document.title = i18n.t("title");
});

async function begin() {
  const kept = sessionStorage.getItem(KEY);
  const { api, me } = await signIn(i18n, kept, (token) => new ConsoleApi(token, turnOut));
  sessionStorage.setItem(KEY, api.token);
  new App(api, me, i18n, leave).start();
}

/** Signs out: forgets the token and everything it has brought to this page. */
function leave() {
  sessionStorage.clear();
  location.reload();
}

/** The token is refused now; what was written waits for the next one. */
function turnOut() {
  if (sessionStorage.getItem(KEY) === null) return;
  sessionStorage.removeItem(KEY);
  sessionStorage.setItem(REFUSED, "yes");
  location.reload();
}

begin();
