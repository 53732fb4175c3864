"""What the rules of the house say no with; each text is safe to show to whoever asked."""

from typing import Any


class Refusal(Exception):
    """It cannot be done; `detail` says why, `extra` what a program may want to know of it."""

    def __init__(self, detail: str, **extra: Any) -> None:
        assert not extra.keys() & {"type", "title", "status"}, "these stand in every answer and mean something else"
        super().__init__(detail)
        self.detail = detail
        self.extra = extra


class NotFound(Refusal):
    """There is no such thing, or none this actor may see."""


class Forbidden(Refusal):
    """The actor's role does not allow it."""


class Invalid(Refusal):
    """The request makes no sense as it stands."""


class Conflict(Refusal):
    """Somebody else was faster, or the thing is in a state that does not allow it."""


class Stale(Conflict):
    """The client wrote after what the operator had seen; `extra` holds the current last_seq."""
