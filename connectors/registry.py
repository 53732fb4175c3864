"""From a section of settings.toml to a connector, imported on first use."""

import difflib
import importlib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from connectors.abilities import Warm
from connectors.base import ChannelSettings, Connector
from settings import SettingsError, explain

# kind -> module:class. A new channel is one more line here, its module, and a section of settings.toml.
_KINDS = {
    "webchat": "connectors.webchat:Webchat",
    "telegram": "connectors.telegram:Telegram",
    "vk": "connectors.vk:Vk",
    "email": "connectors.email:Email",
}


def connector_class(channel: str, section: Mapping[str, Any]) -> type[Connector]:
    """The class that serves the section's kind; raises SettingsError for an unknown one."""
    kind = section.get("kind")
    if kind not in _KINDS:
        near = difflib.get_close_matches(str(kind), _KINDS, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"known kinds: {', '.join(_KINDS)}"
        raise SettingsError(f"channels.{channel}.kind: {kind!r} is no kind of channel; {hint}")
    module, name = _KINDS[str(kind)].split(":")
    found: type[Connector] = getattr(importlib.import_module(module), name)
    return found


def read_section(channel: str, section: Mapping[str, Any]) -> ChannelSettings:
    """The section, validated by its connector; raises SettingsError naming the key at fault."""
    model = connector_class(channel, section).Settings
    try:
        return model.model_validate(section)
    except ValidationError as error:
        raise SettingsError(explain(error, model, f"channels.{channel}")) from None


class Channels:
    """The enabled channels by name, each with its connector and validated settings."""

    def __init__(self, sections: Mapping[str, Mapping[str, Any]]) -> None:
        """Raises SettingsError with a line for each fault in any section."""
        self.settings: dict[str, ChannelSettings] = {}
        self.connectors: dict[str, Connector] = {}
        faults: list[str] = []
        for name, section in sections.items():
            try:
                self._add(name, section)
            except SettingsError as error:
                faults.append(str(error))
        if faults:
            raise SettingsError("\n".join(faults))

    def __getitem__(self, name: str) -> Connector:
        """The connector of the channel; KeyError for one that is not configured or not enabled."""
        return self.connectors[name]

    def __contains__(self, name: object) -> bool:
        """Whether the channel is configured and enabled."""
        return name in self.connectors

    def warm(self) -> None:
        """Load now what connectors would load with their first call, so that no client waits for it."""
        for connector in self.connectors.values():
            if isinstance(connector, Warm):
                connector.warm()

    async def close(self) -> None:
        """Give every connector's connections back."""
        for connector in self.connectors.values():
            await connector.close()

    def _add(self, name: str, section: Mapping[str, Any]) -> None:
        settings = read_section(name, section)
        if settings.enabled:
            self.settings[name] = settings
            self.connectors[name] = connector_class(name, section)(name, settings)
