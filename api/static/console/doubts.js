// Whose word it is: senders who may be forged, or who name a dialog they are not of, and how they are let in.

import { wordButton } from "../shared/controls.js";
import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";

/**
 * What people should know of a message's sender before they believe it, with a button that admits him; null without
 * doubts. `context`: i18n, mayWrite, admit(), dismiss(). Once he is admitted it says so.
 */
export function doubt({ data }, context) {
  if (!data?.held && !data?.claims) return null;
  const { t } = context.i18n;
  const named = data.claims ? h("a", { href: `#/${data.claims}` }, t("claims", { n: data.claims })) : null;
  const words = [data.held ? h("span", {}, t("forged")) : null, named];
  return h("p", { class: "doubt", role: "note" }, icon("alert"), ...[...words, door(data, context)].filter(Boolean));
}

function door({ admitted }, { i18n, mayWrite, admit, dismiss }) {
  if (!mayWrite) return admitted ? h("span", {}, i18n.t("admitted")) : null;
  const button = wordButton("link", i18n.t(admitted ? "dismiss" : "admit"), admitted ? dismiss : admit);
  button.dataset.act = "admit";
  return admitted ? h("span", {}, i18n.t("admitted"), " ", button) : button;
}
