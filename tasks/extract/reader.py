"""The door of the extraction: a message in its dialog, and the changes of tasks it makes."""

from tasks.extract.bounds import bounded
from tasks.extract.client import reading as client
from tasks.extract.model import Context, Said, TaskChange
from tasks.extract.operator import reading as operator
from tasks.extract.scene import Scene


def extract(context: Context, message: Said) -> list[TaskChange]:
    """What the message does to the tasks of its dialog. Pure: the same of the same, whenever and wherever."""
    scene = Scene(context, message)
    changes = client.read(scene) if message.side == "client" else operator.read(scene)
    return bounded(message, changes)
