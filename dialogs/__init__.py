"""The rules of talk: what operators may do with a dialog, and how dialogs are looked at."""
