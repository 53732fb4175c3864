"""What an e-mail carries, and how long it may take to give it to a server."""

from connectors.base import Limits

# Seconds for all that comes before a mail's last dot, without its files; and until the server must have said then what
# becomes of it, for many look through it for viruses first.
BEFORE, ANSWER = 60.0, 90.0
# So much sooner a call ends by itself, that what was certainly not sent is never taken for unknown.
SPARE = 5.0

LIMITS = Limits(
    text=100_000,
    file=20 << 20,
    files=20,
    # More than any large provider takes once base64 has made a third more of them.
    together=50 << 20,
    formats=True,
    idempotent=False,
    ordered=False,
    call=BEFORE + ANSWER + SPARE,
)
