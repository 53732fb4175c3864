"""Who may move an episode where, as a table."""

import pytest

from dialogs import status
from dialogs.status import State
from errors import Conflict

ME, YOU, SHE = 1, 2, 3


@pytest.mark.parametrize(
    ("state", "to", "becomes"),
    [
        (State("open", None), ME, State("open", ME)),
        (State("open", None), YOU, State("open", YOU)),
        (State("open", None), None, State("open", None)),
        (State("open", ME), ME, State("open", ME)),
        (State("open", ME), YOU, State("open", YOU)),
        (State("open", ME), None, State("open", None)),
        (State("open", YOU), YOU, State("open", YOU)),
        (State("open", YOU), None, State("open", None)),
        (State("open", YOU), ME, None),
        (State("open", YOU), SHE, None),
        (State("resolved", ME), ME, State("resolved", ME)),
        (State("resolved", None), None, State("resolved", None)),
        (State("resolved", None), ME, None),
        (State("resolved", ME), None, None),
    ],
)
def test_assign(state: State, to: int | None, becomes: State | None) -> None:
    if becomes is None:
        with pytest.raises(Conflict):
            status.assign(state, to, ME)
    else:
        assert status.assign(state, to, ME) == becomes


@pytest.mark.parametrize("owner", [None, ME])
@pytest.mark.parametrize("before", ["open", "resolved"])
def test_resolve_and_reopen_keep_the_owner(before: str, owner: int | None) -> None:
    assert status.resolve(State(before, owner)) == State("resolved", owner)
    assert status.reopen(State(before, owner)) == State("open", owner)
