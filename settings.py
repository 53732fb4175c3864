"""Typed reader of settings.toml: defaults beside the code, your file over them, the environment over both."""

import difflib
import ipaddress
import json
import os
import sqlite3
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

DEFAULTS = Path(__file__).with_name("settings.toml")
_PREFIX = "OKNO_"
# The first with "->>", which intake is written with.
_SQLITE = (3, 38, 0)
# Variables that stand for themselves and not for a key of a section.
_OWN_VARIABLES = {"OKNO_SETTINGS", "OKNO_ADMIN_TOKEN", "OKNO_ADMIN_TOKEN_FILE"}


class SettingsError(Exception):
    """The settings cannot be used; the text says which key is wrong and how to mend it."""


class Section(BaseModel):
    """A part of the settings; keys it does not know are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DatabaseSettings(Section):
    """Where the truth lives; `statement_timeout` in seconds."""

    url: str = Field("sqlite:///var/okno.db", repr=False)
    pool: int = Field(10, ge=1, le=1000)
    statement_timeout: float = Field(30, gt=0)

    @field_validator("url")
    @classmethod
    def _known(cls, url: str) -> str:
        try:
            made = make_url(url)
        except ArgumentError:
            raise ValueError("is not a database address; try sqlite:///var/okno.db") from None
        driver = made.drivername
        if driver not in {"sqlite", "postgresql+psycopg"}:
            raise ValueError(f"names the driver {driver!r}; use sqlite:///… or postgresql+psycopg://…")
        if driver == "sqlite":
            _check_sqlite(made.database)
        return url


def _check_sqlite(file: str | None) -> None:
    """Raises ValueError where it is not a file, or this Python has a SQLite that lacks what our statements use."""
    if not file or file == ":memory:":
        raise ValueError("names no file; try sqlite:///var/okno.db")
    if sqlite3.sqlite_version_info < _SQLITE:
        needed = ".".join(map(str, _SQLITE))
        raise ValueError(f"this Python comes with SQLite {sqlite3.sqlite_version}, and {needed} is needed")


class BrokerSettings(Section):
    """Where bells are rung."""

    url: str = Field("", repr=False)


class WebSettings(Section):
    """The HTTP door; sizes in bytes, times in seconds."""

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535)
    public_url: str = ""
    trusted_proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    max_body: int = Field(1 << 20, ge=1024)
    max_file: int = Field(25 << 20, ge=0)
    open_metrics: Literal["loopback", "nobody"] = "loopback"
    patience: float = Field(3.0, gt=0)
    max_readers: int = Field(2000, ge=1)


class WorkSettings(Section):
    """How much is done at once; times in seconds."""

    pipeline: int = Field(2, ge=0, le=64)
    deliver: int = Field(1, ge=0, le=64)
    senders: int = Field(8, ge=1, le=256)
    batch: int = Field(600, ge=1, le=5000)
    sweep: float = Field(1.0, gt=0)
    lease: float = Field(10.0, ge=0.5)


class RetentionSettings(Section):
    """How long things are kept: days, and hours for idempotency keys and unattached uploads."""

    raws: int = Field(180, ge=0)
    journal: int = Field(0, ge=0)
    idempotency: int = Field(24, ge=1)
    uploads: int = Field(24, ge=1)


Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class LlmSettings(Section):
    """A language model that is asked what else is to be done; without `url` nobody is. `timeout` in seconds."""

    url: str = ""
    model: str = ""
    key: SecretStr = SecretStr("")
    timeout: float = Field(30, gt=0, le=600)
    most: int = Field(30, ge=1, le=6000)

    @field_validator("url")
    @classmethod
    def _private(cls, url: str) -> str:
        parts = urlsplit(url)
        whole = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        if url and (not whole or parts.query or parts.fragment):
            raise ValueError('is no base address; write one like "https://llm.example.org/v1"')
        if parts.username is not None or parts.password is not None:
            raise ValueError("holds a user or password; the server's key has a setting of its own")
        if parts.scheme == "http" and not _is_near(parts.hostname or ""):
            raise ValueError("would send what customers write over the network unencrypted; use https://")
        return url

    @field_validator("key")
    @classmethod
    def _sendable(cls, key: SecretStr) -> SecretStr:
        if not all("!" <= char <= "~" for char in key.get_secret_value()):
            raise ValueError("is no key: there are spaces, line breaks or letters in it that no key has")
        return key

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.url and not self.model:
            raise ValueError("url is set; name the model to ask as well")
        return self


def _is_near(host: str) -> bool:
    """Whether what is sent there stays on this machine, or in a network of our own."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".internal", ".local", ".lan", ".localhost"))


class TasksSettings(Section):
    """How the business counts its days, when it is reminded, and what it learned.

    `remind_before` is in hours, 0 for never; `model` a file in the state directory.
    """

    model: Path = Path("tasks-model.json")
    remind_before: float = Field(24, ge=0, le=24 * 366)
    working_days: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday")
    holidays: tuple[date, ...] = ()
    week_end: Weekday = "friday"
    day_end: time = time(18, 0)
    llm: LlmSettings = LlmSettings()

    @field_validator("working_days")
    @classmethod
    def _some(cls, days: tuple[Weekday, ...]) -> tuple[Weekday, ...]:
        if not days or len(set(days)) < len(days):
            raise ValueError("name each working day once, and at least one")
        return days

    @field_validator("holidays", mode="before")
    @classmethod
    def _days(cls, days: Any) -> Any:
        return tuple(map(_day, days)) if isinstance(days, list | tuple) else days

    @field_validator("day_end", mode="before")
    @classmethod
    def _hour(cls, hour: Any) -> Any:
        if isinstance(hour, time):
            return hour.replace(tzinfo=None)
        try:
            return datetime.strptime(hour, "%H:%M").time()  # noqa: DTZ007 - by the business's own clock
        except (ValueError, TypeError):
            raise ValueError(f'{hour!r} is no time of day; write "18:00"') from None


def _day(given: Any) -> date:
    if type(given) is date:
        return given
    try:
        return date.fromisoformat(given)
    except (ValueError, TypeError):
        raise ValueError(f'{given!r} is no day; write "2026-12-31"') from None


class LogSettings(Section):
    """What is logged, and in which form."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = "auto"


class Settings(Section):
    """Everything settings.toml may say. A channel's section is validated by its own connector."""

    state_dir: Path = Path("var")
    timezone: str = "Europe/Moscow"
    database: DatabaseSettings = DatabaseSettings()
    broker: BrokerSettings = BrokerSettings()
    web: WebSettings = WebSettings()
    work: WorkSettings = WorkSettings()
    retention: RetentionSettings = RetentionSettings()
    tasks: TasksSettings = TasksSettings()
    log: LogSettings = LogSettings()
    channels: dict[str, dict[str, Any]] = Field(default_factory=dict, repr=False)

    @field_validator("timezone")
    @classmethod
    def _zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{name!r} is not a time zone; use an IANA name like Europe/Moscow") from None
        return name

    @field_validator("channels")
    @classmethod
    def _named(cls, channels: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for name in channels:
            if not name.replace("-", "").replace("_", "").isalnum() or len(name) > 64:
                raise ValueError(f"{name!r} is no channel name: letters, digits, - and _ only, 64 at most")
        return channels

    @cached_property
    def socket(self) -> Path:
        """The embedded broker's private socket."""
        return (self.state_dir / "run" / "valkey.sock").resolve()

    @cached_property
    def tasks_model(self) -> Path:
        """What was learned of operators' corrections."""
        return self.state_dir / self.tasks.model

    @cached_property
    def files_dir(self) -> Path:
        """Where attachments are kept."""
        return self.state_dir / "files"


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the defaults, the file OKNO_SETTINGS names and the environment.

    Raises SettingsError naming the key at fault and, for an unknown one, the nearest that exists.
    """
    values = _read_toml(DEFAULTS)
    own = environ.get("OKNO_SETTINGS")
    if own:
        values = merge(values, _read_toml(Path(own)))
    values = merge(values, _from_environment(environ, values))
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(explain(error, Settings)) from None


def secret(name: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """The value of the variable `name`, or the content of the file that `name`_FILE names."""
    path = environ.get(f"{name}_FILE")
    return _read_secret(f"{name}_FILE", path) if path else environ.get(name)


def merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` laid upon `under`, tables key by key."""
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = merge(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged


def explain(error: ValidationError, model: type[BaseModel], where: str = "") -> str:
    """One line for each thing wrong: key, fault, and the nearest right key for an unknown one."""
    return "\n".join(_explain_one(dict(fault), model, where) for fault in error.errors(include_url=False))


def _explain_one(fault: dict[str, Any], model: type[BaseModel], where: str) -> str:
    path = [str(part) for part in fault["loc"]]
    key = ".".join([where, *path] if where else path)
    if fault["type"] != "extra_forbidden":
        return f"{key}: {str(fault['msg']).removeprefix('Value error, ')}"
    known = _keys_at(model, path[:-1])
    near = difflib.get_close_matches(path[-1], known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(sorted(known))}"
    return f"{key}: there is no such key; {hint}"


def _keys_at(model: type[BaseModel], path: list[str]) -> list[str]:
    for part in path:
        inner = model.model_fields[part].annotation if part in model.model_fields else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return []
        model = inner
    return list(model.model_fields)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"{path}: there is no such settings file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"{path}: {error}") from None


def _from_environment(environ: Mapping[str, str], below: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for variable, value in sorted(environ.items()):
        if not variable.startswith(_PREFIX) or variable in _OWN_VARIABLES:
            continue
        if variable.endswith("_FILE") and not _is_key(_path_of(variable, below), below):
            variable, value = variable.removesuffix("_FILE"), _read_secret(variable, value)
        path = _path_of(variable, below)
        if len(path) == 1 and path[0] not in Settings.model_fields:
            raise SettingsError(_unknown_variable(variable))
        _set(found, path, _typed(value), variable)
    return found


def _is_key(path: list[str], below: Mapping[str, Any]) -> bool:
    """Whether there is a key of this very name; in a channel's section, one that any channel has."""
    if path[0] == "channels":
        return any(path[-1] in section for section in below.get("channels", {}).values())
    value: Any = below
    for part in path:
        if not isinstance(value, Mapping) or part not in value:
            return False
        value = value[part]
    return True


def _path_of(variable: str, below: Mapping[str, Any]) -> list[str]:
    path = variable.removeprefix(_PREFIX).lower().split("__")
    if len(path) > 1 and path[0] == "channels":
        # Variables cannot hold a dash: OKNO_CHANNELS__SALES_MAIL__… means the section sales-mail if there is one.
        names = {name.lower().replace("-", "_"): name for name in below.get("channels", {})}
        path[1] = names.get(path[1], path[1])
    return path


def _unknown_variable(variable: str) -> str:
    known = [f"{_PREFIX}{name.upper()}" for name in Settings.model_fields] + sorted(_OWN_VARIABLES)
    near = difflib.get_close_matches(variable, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"sections: {', '.join(Settings.model_fields)}"
    return f"{variable}: there is no such setting; {hint}"


def _set(into: dict[str, Any], path: list[str], value: Any, variable: str) -> None:
    for part in path[:-1]:
        into = into.setdefault(part, {})
        if not isinstance(into, dict):
            raise SettingsError(f"{variable}: another variable gives {part} a value of its own; keep one of the two")
    into[path[-1]] = value


def _typed(value: str) -> Any:
    """Lists and tables come as JSON; everything else stays text that its model reads."""
    if value[:1] not in ("[", "{"):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _read_secret(variable: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{variable}: {error}") from None
