"""Telegram: a bot, its private chats, groups and channels, and the business accounts that lent it their chats."""

from connectors.telegram.connector import Telegram

__all__ = ["Telegram"]
