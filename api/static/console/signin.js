// The door: an operator's token, tried against the server.

import { h } from "../shared/dom.js";
import { backOff } from "../shared/http.js";
import { languageButton } from "../shared/i18n.js";
import { logo } from "../shared/icons.js";

/** Set in sessionStorage when the door is shown because a token has lost its power. */
export const REFUSED = "okno.refused";

/** Resolves with `{api, me}` once a token is accepted; a kept one is tried first. */
export async function signIn(i18n, kept, makeApi) {
  const resumed = kept && (await resume(makeApi(kept)));
  return resumed || new Door(i18n, makeApi).opened;
}

/** A reload while the server is away must not throw the operator out: only a refusal does. */
async function resume(api) {
  for (let attempt = 0; ; attempt++) {
    try {
      return { api, me: await api.get("/v1/me") };
    } catch (error) {
      if (!error.temporary || error.status === 401) return null;
      await new Promise((resolve) => setTimeout(resolve, Math.max(error.waitMs, backOff(attempt))));
    }
  }
}

class Door {
  constructor(i18n, makeApi) {
    this.i18n = i18n;
    this.makeApi = makeApi;
    const known = { id: "token", name: "token", autocomplete: "current-password", "aria-describedby": "token-hint" };
    this.input = h("input", { type: "password", required: true, spellcheck: "false", ...known });
    this.button = i18n.text(h("button", { type: "submit", class: "primary" }), "signIn");
    this.error = h("p", { class: "error", role: "alert" });
    this.opened = new Promise((resolve) => (this.open = resolve));
    if (sessionStorage.getItem(REFUSED)) this.error.textContent = i18n.t("refused");
    sessionStorage.removeItem(REFUSED);
    document.body.replaceChildren(this.build());
    this.input.focus();
  }

  build() {
    const { i18n } = this;
    const language = languageButton(i18n, "quiet");
    const label = i18n.text(h("label", { for: "token" }), "tokenLabel");
    const hint = i18n.text(h("p", { class: "hint", id: "token-hint" }), "tokenHint");
    const parts = [label, this.input, hint, this.error, this.button];
    const form = h("form", { onSubmit: (event) => this.submit(event) }, parts);
    const name = h("h1", {}, logo(), "Okno");
    const tagline = i18n.text(h("p", { class: "tagline" }), "tagline");
    return h("main", { class: "door" }, h("div", { class: "door-card" }, name, tagline, form, language));
  }

  async submit(event) {
    event.preventDefault();
    this.button.disabled = true;
    this.error.textContent = "";
    const api = this.makeApi(this.input.value.trim());
    try {
      this.open({ api, me: await api.get("/v1/me") });
    } catch (error) {
      const { t } = this.i18n;
      this.error.textContent = error.status === 401 ? t("refused") : t("signInFailed", { why: error.message });
      this.button.disabled = false;
      this.input.select();
    }
  }
}
