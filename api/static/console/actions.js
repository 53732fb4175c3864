// What can be done to a reply that was sent: change its words, take it back.

import { signButton, wordButton } from "../shared/controls.js";
import { h } from "../shared/dom.js";

// The message that is asked about: its row may be built anew meanwhile, when its delivery goes on.
let asked = null;

/** Whether an operator wrote it here, so that it can be changed. */
export function isOurs({ direction, author, delivery, deleted_at: deleted }) {
  return direction === "out" && author.kind === "operator" && Boolean(delivery) && !deleted;
}

/** The actions of a reply; `context`: i18n, mayWrite, can(channel, what), edit(), remove(). Null where there are none. */
export function actions(message, context) {
  if (!context.mayWrite || !isOurs(message)) return null;
  const box = h("span", { class: "actions" });
  if (asked === message.id) ask(box, message, context);
  else offer(box, message, context);
  return box;
}

function offer(box, message, context) {
  const { channel, text } = message;
  const edit = text && context.can(channel, "edit") ? tool("edit", message, context, () => context.edit()) : null;
  const remove = context.can(channel, "delete") ? tool("delete", message, context, () => {
    asked = message.id;
    ask(box, message, context).focus();
  }) : null;
  box.replaceChildren(...[edit, remove].filter(Boolean));
  return remove;
}

function tool(sign, message, { i18n }, onClick) {
  const button = signButton(i18n.t(sign === "edit" ? "editReply" : "deleteReply"), sign, onClick);
  button.setAttribute("aria-description", message.text.slice(0, 60));
  button.dataset.act = sign;
  return button;
}

/** Asks once, in place; the answer that changes nothing is the one at hand. */
function ask(box, message, context) {
  const { t } = context.i18n;
  const back = () => {
    asked = null;
    offer(box, message, context).focus();
  };
  const keep = wordButton("link", t("keep"), back);
  const remove = wordButton("link danger", t("deleteNow"), () => {
    asked = null;
    context.remove();
  });
  keep.dataset.act = "keep";
  remove.dataset.act = "remove";
  const question = h("span", {
    class: "asked", role: "group", "aria-label": t("deleteAsk"), onKeydown: (event) => event.key === "Escape" && back(),
  }, t("deleteAsk"), remove, keep);
  box.replaceChildren(question);
  return keep;
}
