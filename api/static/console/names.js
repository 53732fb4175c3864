// What to call people.

/** A client's name; those who have told none are known by their number. */
export function nameOf(client, i18n) {
  return client.name || i18n.t("nameless", { n: client.id });
}
