"""E-mail: any mailbox by IMAP, any mail, and replies by SMTP."""

from connectors.email.connector import Email

__all__ = ["Email"]
