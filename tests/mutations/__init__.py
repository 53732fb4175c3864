"""Mails broken at random, through all that reads and stores them: run by `python -m tests.mutations`."""
