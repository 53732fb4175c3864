"""Settings: every key explained, a wrong one named with the right one, the environment over all, no secret shown."""

import json
import re
import tomllib
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

import settings as module
from connectors.base import ChannelSettings
from connectors.email.settings import DkimSettings, EmailSettings, ImapSettings, OauthSettings, SmtpSettings
from connectors.registry import Channels, connector_class, read_section
from settings import DEFAULTS, Settings, SettingsError, load, merge, secret

TEXT = DEFAULTS.read_text()
VALUES = tomllib.loads(TEXT)
SECRET = "s3cret-canary"


def leaves(table: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every key of the file with its value."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


LEAVES = dict(leaves(VALUES))


def variable(path: tuple[str, ...]) -> str:
    return "OKNO_" + "__".join(path).upper()


def written(folder: Path, text: str) -> dict[str, str]:
    """The environment that names a settings file of one's own."""
    path = folder / "own.toml"
    path.write_text(text)
    return {"OKNO_SETTINGS": str(path)}


def refused(environ: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as caught:
        load(environ)
    return str(caught.value)


# ---- the file ----


def test_every_key_of_the_file_is_explained() -> None:
    """By a comment above it, or above the keys it stands with."""
    explained, commented, section = True, set[str](), ""
    for line in TEXT.splitlines():
        if line.startswith("#   "):
            commented.update(line[4:].split()[:1])
        if not line.strip() or line.startswith("["):
            explained, section = False, line or section
        elif line.startswith("#"):
            explained = True
        else:
            key = line.split("=")[0].strip()
            common = key in ChannelSettings.model_fields and key in commented
            assert explained or common, f"{section} {key} stands there without a word"


def test_the_keys_every_channel_understands_are_explained_once() -> None:
    listed = set(re.findall(r"^#   (\w+) {2,}\S", TEXT, re.MULTILINE))
    assert listed == set(ChannelSettings.model_fields)


def test_every_key_there_is_stands_in_the_file_with_its_default() -> None:
    def defaults(model: type[BaseModel]) -> Iterator[tuple[tuple[str, ...], Any]]:
        for name, field in model.model_fields.items():
            if isinstance(field.default, BaseModel):
                yield from (((name, *path), value) for path, value in defaults(type(field.default)))
            elif name != "channels":
                yield (name,), field.default

    wanted = dict(defaults(Settings))
    found = {path: value for path, value in LEAVES.items() if path[0] != "channels"}
    assert set(found) == set(wanted)
    for path, value in found.items():
        default = wanted[path]
        assert value == (str(default) if isinstance(default, Path) else _plain(default)), path


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, time):
        return value.isoformat("minutes")
    return list(value) if isinstance(value, tuple) else value


def test_every_key_of_a_channel_stands_in_the_file_with_its_default() -> None:
    for name, section in VALUES["channels"].items():
        model = connector_class(name, section).Settings
        assert set(section) == set(model.model_fields), name
        for key, field in model.model_fields.items():
            if key != "kind":
                assert section[key] == _plain(field.default), f"channels.{name}.{key}"


def test_the_defaults_can_be_used_as_they_are() -> None:
    found = load({})
    assert found == Settings.model_validate(VALUES)
    assert set(Channels(found.channels).connectors) == {"site"}


# ---- a file of one's own ----


def test_a_file_with_one_channel_leaves_every_other_default(tmp_path: Path) -> None:
    found = load(written(tmp_path, '[channels.help]\nkind = "webchat"\n'))
    assert {**found.model_dump(), "channels": None} == {**load({}).model_dump(), "channels": None}
    assert found.channels == {"site": VALUES["channels"]["site"], "help": {"kind": "webchat"}}


def test_a_file_changes_the_keys_it_names(tmp_path: Path) -> None:
    found = load(written(tmp_path, "[web]\nport = 9\n[channels.site]\nmax_text = 100\n"))
    assert (found.web.port, found.web.host) == (9, "127.0.0.1")
    assert found.channels["site"] == {**VALUES["channels"]["site"], "max_text": 100}


def test_several_channels_of_one_kind_stand_side_by_side(tmp_path: Path) -> None:
    text = '[channels.shop-one]\nkind = "webchat"\nmax_text = 1\n[channels.shop-two]\nkind = "webchat"\nmax_text = 2\n'
    channels = Channels(load(written(tmp_path, text)).channels)
    assert {name: channels[name].limits.text for name in ("shop-one", "shop-two")} == {"shop-one": 1, "shop-two": 2}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[web]\nprot = 8080\n", "web.prot: there is no such key; did you mean 'port'?"),
        ("[wbe]\nport = 8080\n", "wbe: there is no such key; did you mean 'web'?"),
        ("tiemzone = 'UTC'\n", "tiemzone: there is no such key; did you mean 'timezone'?"),
        ("[broker]\nzzz = 1\n", "broker.zzz: there is no such key; known keys: url"),
        ("[work]\nlease = 0\n", "work.lease: Input should be greater than or equal to 0.5"),
        ("[log]\nlevel = 'loud'\n", "log.level: Input should be 'debug', 'info', 'warning' or 'error'"),
        ("timezone = 'Mars/Olympus'\n", "timezone: 'Mars/Olympus' is not a time zone; use an IANA name"),
        ("[database]\nurl = 'mysql://x'\n", "database.url: names the driver 'mysql'; use sqlite:///… or postgresql"),
        ("[database]\nurl = 'sqlite://'\n", "database.url: names no file; try sqlite:///"),
        ("[database]\nurl = 'sqlite:///:memory:'\n", "database.url: names no file; try sqlite:///"),
        ("[database]\nurl = 'nonsense'\n", "database.url: is not a database address; try sqlite:///"),
        ("[channels.'a b']\nkind = 'webchat'\n", "channels: 'a b' is no channel name"),
        ("[tasks]\nworking_days = ['montag']\n", "tasks.working_days.0: Input should be 'monday', 'tuesday'"),
        ("[tasks]\nworking_days = []\n", "tasks.working_days: name each working day once, and at least one"),
        ("[tasks]\nworking_days = ['friday', 'friday']\n", "tasks.working_days: name each working day once"),
        ("[tasks]\nholidays = ['31.12.2026']\n", "tasks.holidays: '31.12.2026' is no day; write \"2026-12-31\""),
        ("[tasks]\nholidays = [20261231]\n", "tasks.holidays: 20261231 is no day; write"),
        ("[tasks]\nholidays = '2026-12-31'\n", "tasks.holidays: Input should be a valid tuple"),
        ("[tasks]\nweek_end = 'fri'\n", "tasks.week_end: Input should be 'monday'"),
        ("[tasks]\nday_end = 18\n", 'tasks.day_end: 18 is no time of day; write "18:00"'),
        ("[tasks]\nday_end = '25:00'\n", "tasks.day_end: '25:00' is no time of day"),
        ("[tasks]\nremind_before = -1\n", "tasks.remind_before: "),
        ("web = 8080\n", "web: "),
        ("[web\n", "own.toml: "),
    ],
)
def test_what_cannot_be_used_is_named_with_what_can(tmp_path: Path, text: str, says: str) -> None:
    assert says in refused(written(tmp_path, text))


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    said = refused(written(tmp_path, "[web]\nport = 99999\nhots = 'x'\n[log]\nformat = 'xml'\n"))
    assert [line.split(":")[0] for line in said.splitlines()] == ["web.port", "web.hots", "log.format"]


def test_days_and_hours_may_be_written_as_the_file_s_own(tmp_path: Path) -> None:
    found = load(written(tmp_path, "[tasks]\nholidays = [2026-12-31, '2027-01-01']\nday_end = 17:30:00\n"))
    assert found.tasks.holidays == (date(2026, 12, 31), date(2027, 1, 1))
    assert found.tasks.day_end == time(17, 30)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert refused({"OKNO_SETTINGS": str(tmp_path / "no.toml")}).endswith("no.toml: there is no such settings file")
    assert str(tmp_path) in refused({"OKNO_SETTINGS": str(tmp_path)})


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ({"kind": "webcaht"}, "channels.help.kind: 'webcaht' is no kind of channel; did you mean 'webchat'?"),
        ({}, "channels.help.kind: None is no kind of channel; known kinds: webchat"),
        ({"kind": "webchat", "secrte": "x"}, "channels.help.secrte: there is no such key; did you mean 'secret'?"),
        ({"kind": "webchat", "reopen": "never"}, "channels.help.reopen: Input should be 'always', 'within' or 'new'"),
        ({"kind": "webchat", "retry": []}, "channels.help.retry: "),
    ],
)
def test_a_channel_s_section_is_read_by_its_kind(section: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_section("help", section)
    assert says in str(caught.value)


# ---- the environment ----


@pytest.mark.parametrize("path", LEAVES, ids=".".join)
def test_any_key_is_also_a_variable(path: tuple[str, ...]) -> None:
    value = LEAVES[path]
    text = json.dumps(value) if isinstance(value, list) else str(value).lower() if value is True else str(value)
    found = load({variable(path): text})
    channels = Channels(found.channels)
    assert found.model_copy(update={"channels": {}}) == load({}).model_copy(update={"channels": {}})
    assert channels.settings == Channels(load({}).channels).settings


@pytest.mark.parametrize(
    ("name", "value", "path", "wanted"),
    [
        ("OKNO_WEB__PORT", "9000", "web.port", 9000),
        ("OKNO_STATE_DIR", "/srv/okno", "state_dir", Path("/srv/okno")),
        ("OKNO_DATABASE__URL", "sqlite:////srv/x.db", "database.url", "sqlite:////srv/x.db"),
        ("OKNO_WEB__TRUSTED_PROXIES", '["10.0.0.1"]', "web.trusted_proxies", ("10.0.0.1",)),
        ("OKNO_WEB__MAX_FILE", "1000", "web.max_file", 1000),
        ("OKNO_WORK__SWEEP", "0.5", "work.sweep", 0.5),
        ("OKNO_TASKS__HOLIDAYS", '["2026-12-31"]', "tasks.holidays", (date(2026, 12, 31),)),
        ("OKNO_TASKS__DAY_END", "17:30", "tasks.day_end", time(17, 30)),
    ],
)
def test_a_variable_stands_over_every_file(tmp_path: Path, name: str, value: str, path: str, wanted: Any) -> None:
    found: Any = load({**written(tmp_path, "[web]\nport = 1\n"), name: value})
    for part in path.split("."):
        found = getattr(found, part)
    assert _plain(found) == _plain(wanted)


def test_a_variable_finds_a_channel_whose_name_has_dashes_and_capitals(tmp_path: Path) -> None:
    own = written(tmp_path, '[channels.Sales-Chat]\nkind = "webchat"\n')
    found = load({**own, "OKNO_CHANNELS__SALES_CHAT__SECRET": SECRET, "OKNO_CHANNELS__SALES_CHAT__MAX_FILE": "5"})
    assert set(found.channels) == {"site", "Sales-Chat"}
    assert found.channels["Sales-Chat"]["secret"] == SECRET
    assert Channels(found.channels)["Sales-Chat"].limits.file == 5


def test_variables_alone_make_a_channel() -> None:
    found = load({"OKNO_CHANNELS__HELP__KIND": "webchat", "OKNO_CHANNELS__HELP__RETRY": "[1, 2]"})
    assert Channels(found.channels).settings["help"].retry == (1, 2)


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(f"{SECRET}\n")
    found = load({"OKNO_CHANNELS__SITE__IDENTITY_SECRET_FILE": str(path)})
    assert found.channels["site"]["identity_secret"] == SECRET
    assert secret("OKNO_ADMIN_TOKEN", {"OKNO_ADMIN_TOKEN_FILE": str(path)}) == SECRET
    assert secret("OKNO_ADMIN_TOKEN", {"OKNO_ADMIN_TOKEN": "x"}) == "x"
    assert secret("OKNO_ADMIN_TOKEN", {}) is None


def test_a_secret_s_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\xff")
    for name in ("missing", "binary"):
        said = refused({"OKNO_BROKER__URL_FILE": str(tmp_path / name)})
        assert said.startswith("OKNO_BROKER__URL_FILE: ")


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"OKNO_WBE": "x"}, "OKNO_WBE: there is no such setting; did you mean OKNO_WEB?"),
        ({"OKNO_STATEDIR": "x"}, "did you mean OKNO_STATE_DIR?"),
        ({"OKNO_WEB__PROT": "1"}, "web.prot: there is no such key; did you mean 'port'?"),
        ({"OKNO_WEBB__PORT": "1"}, "webb: there is no such key; did you mean 'web'?"),
        ({"OKNO_WEB__PORT": "many"}, "web.port: "),
        ({"OKNO_WEB": "x", "OKNO_WEB__PORT": "1"}, "OKNO_WEB"),
        ({"OKNO_WEB__PORT": "1", "OKNO_WEB__PORT__X": "1"}, "OKNO_WEB__PORT"),
        ({"OKNO_CHANNELS": "x"}, "channels"),
        ({"OKNO_CHANNELS__SITE": "x"}, "channels.site"),
    ],
)
def test_a_wrong_variable_is_named(environ: dict[str, str], says: str) -> None:
    assert says in refused(environ)


def test_variables_of_others_are_none_of_ours() -> None:
    assert load({"PATH": "/bin", "OKNOTICE": "x", "okno_web__port": "1"}) == load({})


# ---- secrets ----


def test_no_secret_is_shown() -> None:
    found = load(
        {
            "OKNO_DATABASE__URL": f"postgresql+psycopg://okno:{SECRET}@db/okno",
            "OKNO_BROKER__URL": f"redis://:{SECRET}@broker:6379/0",
            "OKNO_TASKS__LLM__KEY": SECRET,
            "OKNO_CHANNELS__SITE__SECRET": SECRET,
            "OKNO_CHANNELS__SITE__IDENTITY_SECRET": SECRET,
        }
    )
    channels = Channels(found.channels)
    for shown in (repr(found), str(found), f"{found.database!r} {found.broker!r}", repr(channels.settings)):
        assert SECRET not in shown


def test_no_secret_is_told_of_what_is_wrong() -> None:
    said = refused(
        {
            "OKNO_DATABASE__URL": f"postgres://okno:{SECRET}@db/okno",
            "OKNO_WEB__PORT": "x",
            "OKNO_BROKER__URLL": f"redis://:{SECRET}@broker",
        }
    )
    assert SECRET not in said


# ---- small parts ----


def test_tables_are_laid_over_each_other_key_by_key() -> None:
    under = {"a": 1, "t": {"x": 1, "y": {"z": 1}}, "l": [1, 2]}
    over = {"b": 2, "t": {"y": {"w": 2}}, "l": [3]}
    assert merge(under, over) == {"a": 1, "b": 2, "t": {"x": 1, "y": {"z": 1, "w": 2}}, "l": [3]}
    assert under["t"] == {"x": 1, "y": {"z": 1}}


def test_state_lies_under_one_directory() -> None:
    found = Settings(state_dir=Path("/srv/okno"))
    assert found.socket == Path("/srv/okno/run/valkey.sock")
    assert found.files_dir == Path("/srv/okno/files")
    assert module.DEFAULTS.parent == Path(module.__file__).parent


def test_every_key_of_a_mailbox_is_explained() -> None:
    explained = set(re.findall(r"^# (\w+) = ", TEXT[TEXT.index("[channels.mail]") :], re.MULTILINE))
    sections = (EmailSettings, ImapSettings, SmtpSettings, OauthSettings, DkimSettings)
    keys = {key for section in sections for key in section.model_fields} - set(ChannelSettings.model_fields)
    nested = {"imap", "smtp", "oauth", "dkim"}
    told = {"client_id", "client_secret", "refresh_token", "scope"}
    assert keys - nested - told <= explained


# ---- a language model ----

LLM = {"OKNO_TASKS__LLM__URL": "https://llm.example.org/v1", "OKNO_TASKS__LLM__MODEL": "some"}


def test_a_model_is_named_by_variables_and_its_key_by_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(f"{SECRET}\n")
    found = load({**LLM, "OKNO_TASKS__LLM__KEY_FILE": str(path)}).tasks.llm
    assert (found.url, found.model, found.key.get_secret_value()) == (LLM["OKNO_TASKS__LLM__URL"], "some", SECRET)
    assert load({}).tasks.llm.url == ""


@pytest.mark.parametrize(
    "url",
    [
        "https://llm.example.org/v1",
        "http://127.0.0.1:11434/v1",
        "http://localhost:8080/v1",
        "http://[::1]:8080/v1",
        "http://10.1.2.3/v1",
        "http://llama:8080/v1",
        "http://llm.lan/v1",
    ],
)
def test_a_model_may_be_near_or_behind_tls(url: str) -> None:
    assert load({**LLM, "OKNO_TASKS__LLM__URL": url}).tasks.llm.url == url


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"URL": "http://llm.example.org/v1"}, r"tasks\.llm\.url: .*unencrypted"),
        ({"URL": "http://8.8.8.8/v1"}, r"tasks\.llm\.url: .*unencrypted"),
        ({"URL": "llm.example.org"}, r"tasks\.llm\.url: is no base address"),
        ({"URL": "ftp://llm.example.org"}, r"tasks\.llm\.url: is no base address"),
        ({"URL": "https://llm.example.org/v1?key=1"}, r"tasks\.llm\.url: is no base address"),
        ({"URL": "https://llm.example.org:99999/v1"}, r"tasks\.llm\.url: .*[Pp]ort"),
        ({"URL": f"https://u:{SECRET}@llm.example.org/v1"}, r"tasks\.llm\.url: holds a user or password"),
        ({"MODEL": ""}, r"tasks\.llm: url is set; name the model"),
        ({"KEY": f"{SECRET} x"}, r"tasks\.llm\.key: is no key"),
        ({"KEY": f"{SECRET}\nX-Other: 1"}, r"tasks\.llm\.key: is no key"),
        ({"TIMEOUT": "0"}, r"tasks\.llm\.timeout"),
        ({"MOST": "0"}, r"tasks\.llm\.most"),
        ({"MODELL": "x"}, r"tasks\.llm\.modell: .*did you mean 'model'"),
    ],
)
def test_a_model_that_cannot_be_asked_is_refused(changed: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        load({**LLM, **{f"OKNO_TASKS__LLM__{name}": value for name, value in changed.items()}})
    assert SECRET not in str(caught.value)
