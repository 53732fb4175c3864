"""The outside world: one module a channel kind, all behind the contract in base.py."""
