// What the address bar says is looked at.

const TASKS = /^#\/tasks(?:\/(\w+))?$/;
const DIALOG = /^#\/([^/]+)(?:\/tasks\/(\d+))?$/;

/**
 * {board: true, what} for the list of all tasks, `what` being a filter or null; else {board: false, dialog, task}, each
 * null where none is wanted. What is no number can be no dialog: it stays as it is written.
 */
export function placeOf(hash) {
  const tasks = TASKS.exec(hash);
  if (tasks) return { board: true, what: tasks[1] ?? null };
  const [, dialog = "", task = null] = DIALOG.exec(hash) ?? [];
  const known = /^\d+$/.test(dialog) ? Number(dialog) : dialog || null;
  return { board: false, dialog: known, task: task && Number(task) };
}

/** The address of a dialog (null: of none), and in it of a task. */
export function hashOf(dialog, task = null) {
  if (dialog === null) return "#/";
  return task === null ? `#/${dialog}` : `#/${dialog}/tasks/${task}`;
}
