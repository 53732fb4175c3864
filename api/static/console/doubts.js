// Whose word it is: senders who may be forged, or who name a dialog they are not of, and how they are let in.

import { wordButton } from "../shared/controls.js";
import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";

/**
 * What people should know of a message's sender before they believe it, with a button that admits him; null without
 * doubts. `context`: i18n, mayWrite, admit(). Once he is admitted it says so.
 */
export function doubt({ data }, context) {
  if (!data?.held && !data?.claims) return null;
  const { t } = context.i18n;
  if (data.admitted) return h("p", { class: "told" }, t("admitted"));
  const named = data.claims ? h("a", { href: `#/${data.claims}` }, t("claims", { n: data.claims })) : null;
  const words = [data.held ? h("span", {}, t("forged")) : null, named];
  const button = context.mayWrite ? wordButton("link", t("admit"), context.admit) : null;
  if (button) button.dataset.act = "admit";
  return h("p", { class: "doubt", role: "note" }, icon("alert"), ...[...words, button].filter(Boolean));
}
