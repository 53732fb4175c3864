"""Progress of what is done by hand, as a bar at the terminal."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def bar() -> Progress:
    """A bar for each thing to be done: how much of it is, and how long the rest will take."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    # What is done may itself be written to standard output.
    return Progress(*columns, console=Console(stderr=True))
