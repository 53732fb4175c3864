"""From text to changes of tasks: pure, deterministic, offline."""
