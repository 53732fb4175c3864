"""The rules of work: tasks that are found in dialogs, and what becomes of them."""
