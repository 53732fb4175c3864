"""The chat on a website: visitors in their browsers, and the site's own server by signed webhook."""

from connectors.webchat.connector import Webchat

__all__ = ["Webchat"]
