"""What the outside world is told at its start."""

import msgspec


class Config(msgspec.Struct, frozen=True):
    """The run: who speaks to whom, how much, and for how long; `door` is a base URL, `seconds` the time to write in."""

    seed: int
    messages: int
    seconds: float
    door: str
    channel: str
    secret: str
    token: str
    reply_port: int
    ledger: str
    # Where writers are, turn by turn: the site, or a messenger by its name; and the messengers' addresses.
    channels: tuple[str, ...] = ("site",)
    vendors: dict[str, str] = {}
    # The address mails go to, the Maildir where they arrive, and where whoever writes has his own mail server.
    address: str = ""
    maildir: str = ""
    smtp_port: int = 0
