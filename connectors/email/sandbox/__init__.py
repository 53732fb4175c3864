"""Reading mails in a process of its own."""
