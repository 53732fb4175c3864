"""Who may move an episode where. Pure: from one state to the next, or a Conflict that says why not."""

from typing import NamedTuple

from errors import Conflict
from storage.talk import OPEN, RESOLVED


class State(NamedTuple):
    """Where an episode stands: its status, and the operator it belongs to, None while it waits in the queue."""

    status: str
    assignee_id: int | None


def assign(state: State, to: int | None, by: int) -> State:
    """Give an open episode to `to`, or back to the queue.

    What lies in the queue anybody may take or give away, and so may its owner; what belongs to somebody else must go
    back to the queue first. So of many who take one at once a single one gets it, and nobody is overruled unawares.
    """
    if to == state.assignee_id:
        return state
    if state.status != OPEN:
        raise Conflict("The dialog is resolved; reopen it to assign it.", state=state.status)
    if to is not None and state.assignee_id not in {None, by}:
        raise Conflict("The dialog belongs to another operator; unassign it first.", assignee=state.assignee_id)
    return state._replace(assignee_id=to)


def resolve(state: State) -> State:
    """Close an episode; its owner stays written on it. Doing it twice changes nothing."""
    return state._replace(status=RESOLVED)


def reopen(state: State) -> State:
    """Open an episode again; its owner gets it back. Doing it twice changes nothing."""
    return state._replace(status=OPEN)
