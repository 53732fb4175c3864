// localStorage that never throws: where it is forbidden or full, this page's memory stands in.

const memory = new Map();

/** The stored string of a key, or null. */
export function recall(key) {
  try {
    // Memory first: it holds what a full storage could not take, newer than what lies there.
    return memory.get(key) ?? localStorage.getItem(key);
  } catch {
    return memory.get(key) ?? null;
  }
}

export function remember(key, text) {
  try {
    localStorage.setItem(key, text);
    memory.delete(key);
  } catch {
    memory.set(key, text);
  }
}

export function forget(key) {
  memory.delete(key);
  try {
    localStorage.removeItem(key);
  } catch {
    // Forbidden storage holds nothing to forget.
  }
}

/** All keys that start with a prefix. */
export function keysWith(prefix) {
  let stored = [];
  try {
    stored = Object.keys(localStorage);
  } catch {
    // Only memory is left.
  }
  return [...new Set([...stored, ...memory.keys()])].filter((key) => key.startsWith(prefix));
}

/** A stored JSON value, or null when absent or damaged. */
export function recallJson(key) {
  try {
    return JSON.parse(recall(key));
  } catch {
    return null;
  }
}

export function rememberJson(key, value) {
  remember(key, JSON.stringify(value));
}
