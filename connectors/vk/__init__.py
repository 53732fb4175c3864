"""A community's messages and comments in VK."""

from connectors.vk.connector import Vk

__all__ = ["Vk"]
