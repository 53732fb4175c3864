"""Structured logs: JSON for machines, colours on a terminal, never a secret or a customer's words."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from datetime import date
from typing import Any

import orjson
import structlog

_SECRET_KEYS = re.compile(r"token|secret|password|authorization|cookie|api_key", re.IGNORECASE)
# Operators' tokens, JWTs, webhook secrets, and the passwords inside database and broker addresses.
_SECRET_VALUES = re.compile(
    r"okno_[A-Za-z0-9_-]{16,}|eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*|whsec_[A-Za-z0-9+/=]+|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
)
_MASK = "[hidden]"
_PLAIN = (int, float, type(None), date)


def configure(level: str, style: str) -> None:
    """Set up structlog and the standard library's loggers; `style` is json, console or auto."""
    as_json = style == "json" or (style == "auto" and not sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    tail: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, redact, structlog.processors.JSONRenderer(serializer=_dumps)]
        if as_json
        else [structlog.processors.format_exc_info, redact, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *tail]
        )
    )
    handler.addFilter(_calm)
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    # Access lines of the HTTP server and Dramatiq's own chatter say nothing that ours do not.
    for noisy in ("uvicorn.access", "dramatiq", "alembic", "asyncio", "aiohttp.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _calm(record: logging.LogRecord) -> bool:
    """Dramatiq tells of an absent broker every few seconds, with a traceback; one warning says as much."""
    if record.name.startswith("dramatiq") and record.levelno >= logging.ERROR:
        error = record.exc_info[1] if record.exc_info else None
        record.msg, record.args = f"broker.trouble: {type(error).__name__ if error else record.getMessage()}", None
        record.exc_info, record.exc_text = None, None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
    return True


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide values under secret-sounding keys, and secret-looking values anywhere, however deep."""
    for key, value in event.items():
        event[key] = _hidden(key, value)
    return event


def _hidden(key: str, value: Any) -> Any:
    if value and _SECRET_KEYS.search(key):
        return _MASK
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, Mapping):
        return {str(inner): _hidden(str(inner), found) for inner, found in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_hidden(key, found) for found in value]
    # What is no text becomes it here: it would when it is written, and then nobody looks any more.
    return _SECRET_VALUES.sub(_MASK, str(value))


def get(name: str) -> structlog.stdlib.BoundLogger:
    """A logger bound to the module that asks."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger


def _dumps(event: Any, **_options: Any) -> str:
    return orjson.dumps(event, default=str).decode()
