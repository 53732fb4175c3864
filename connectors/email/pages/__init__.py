"""The HTML of mails: as text, and made safe to show."""
