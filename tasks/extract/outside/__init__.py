"""A language model's opinion of what is to be done: how it is asked for, and what of it is believed. Pure."""
