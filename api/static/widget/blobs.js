// Files waiting to be sent, in IndexedDB, so that they outlive the page; memory stands in where it is forbidden.

const DATABASE = "okno";
const STORE = "outgoing";
const memory = new Map();

function opened() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(DATABASE, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE);
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

async function inStore(mode, act) {
  const database = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const asked = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(asked.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

export async function keepBlob(key, blob) {
  await inStore("readwrite", (store) => store.put(blob, key)).catch(() => memory.set(key, blob));
}

/** The kept blob, or undefined when the browser has lost it. */
export async function readBlob(key) {
  return memory.get(key) ?? inStore("readonly", (store) => store.get(key)).catch(() => undefined);
}

export async function dropBlob(key) {
  memory.delete(key);
  await inStore("readwrite", (store) => store.delete(key)).catch(() => undefined);
}
