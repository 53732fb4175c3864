"""How fast Okno is, and how much memory it takes: run by `python -m tests.bench`."""
