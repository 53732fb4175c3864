"""Tables and files: everything Okno knows, on SQLite and PostgreSQL alike."""
