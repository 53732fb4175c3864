// What is written but not yet sent, per dialog; kept in this tab, so that neither a reload nor another dialog loses it.

import { newKey } from "./api.js";

const PREFIX = "okno.draft.";
const EMPTY = { kind: "messages", text: "", files: [], channel: "", attempt: null, editing: null };

/**
 * The draft of a dialog: {kind: "messages" | "notes", text, files: [{id, name, size}], channel, attempt, editing}.
 * `editing` are other words for an older reply, {id, before, text}: they go first, the rest waits.
 */
export function readDraft(id) {
  return { ...EMPTY, ...JSON.parse(sessionStorage.getItem(PREFIX + id)) };
}

export function keepDraft(id, draft) {
  sessionStorage.setItem(PREFIX + id, JSON.stringify(draft));
}

export function dropDraft(id) {
  sessionStorage.removeItem(PREFIX + id);
}

/**
 * The request that sends a draft: `{body, key}`. The same words tried again keep their key and body, so that a first
 * try whose answer was lost is not said twice; changed words are a new request.
 */
export function attemptOf(draft, seenUpTo) {
  const words = { text: draft.text.trim(), files: draft.files.map((file) => file.id) };
  const content = JSON.stringify([draft.kind, words, draft.channel]);
  if (draft.attempt?.content === content) return draft.attempt;
  const way = draft.kind === "messages" ? { channel: draft.channel || undefined, seen_up_to: seenUpTo } : {};
  return { content, body: { ...words, ...way }, key: newKey() };
}
