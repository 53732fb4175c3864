"""An operator's messages: what they promise, and which tasks they settle."""
