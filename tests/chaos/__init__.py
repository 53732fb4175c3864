"""Chaos: the real daemons among failing servers and processes, checked against a ledger that is never harmed."""
