"""A client's messages: what they ask for, and what they do to known tasks."""
