"""The e-mail connector: one mailbox, and the server its replies go out by."""

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace

from connectors.abilities import Found, Original, Vault
from connectors.base import Batch, ChannelSettings, Envelope, Letter, Limits, Raw, Receipt
from connectors.email import raws
from connectors.email.limits import LIMITS
from connectors.email.settings import EmailSettings, OauthSettings, ServerSettings

if TYPE_CHECKING:
    from connectors.email.copies import Copies
    from connectors.email.oauth import Tokens
    from connectors.email.sandbox.reader import Reader
    from connectors.email.smtp import Mailer, Taken


class Email:
    """A mailbox. What reads it, reads mails and sends them is loaded by the processes that do."""

    Settings: ClassVar[type[ChannelSettings]] = EmailSettings
    limits: Limits

    def __init__(self, name: str, settings: EmailSettings) -> None:
        self._settings = settings
        self.limits = replace(LIMITS, quotes=settings.quote)
        self._reading: Reader | None = None
        self._sending: Mailer | None = None
        self._copies: Copies | None = None
        self._tokens: dict[OauthSettings, Tokens] = {}
        self._vault: Vault | None = None

    def keep_in(self, vault: Vault) -> None:
        """See Secrets."""
        self._vault = vault

    # ---- in ----

    def receive(self, cursor: str | None) -> AsyncGenerator[Batch, None]:
        """See Receive."""
        from connectors.email.account import Account

        return Account(self._settings, self._access(self._settings.imap)).batches(cursor)

    def parse(self, raw: Raw) -> list[Envelope]:
        """See Connector. What cannot be read is shown as such."""
        from connectors.email.envelopes import envelopes_of, sent_of, stub
        from connectors.email.sandbox.reader import Unreadable

        known, mail = raws.read(raw.data)
        folder = raws.folder_of(raw.external_id)
        sent = bool(folder) and folder == self._settings.imap.sent
        try:
            if known.refused:
                raise Unreadable(known.refused)
            reading = self._reader().read(mail)
        except Unreadable as error:
            # Of one that we wrote nobody knows to whom.
            return [] if sent else stub(raw.external_id, known, raws.sender_in(mail), str(error), self._settings)
        return (sent_of if sent else envelopes_of)(raw.external_id, known, reading, self._settings)

    def original(self, raw: Raw) -> Original:
        """See Originals."""
        return Original("message/rfc822", ".eml", raws.read(raw.data)[1])

    def read(self, path: Path) -> Iterator[Found]:
        """See Import. A file with one mail, an mbox file, or a Maildir."""
        from connectors.email.archives import read

        return read(path)

    # ---- out ----

    def names_of(self, letter: Letter) -> tuple[str, ...]:
        """See Names: the Message-ID, the token of the address answers may come to, and the tag of the subject."""
        from connectors.email.compose import message_id, tag_of, token_of
        from connectors.email.threading import key_of, tag_key, token_key

        key, settings = letter.key, self._settings
        names = [key_of(message_id(key, settings)), token_key(token_of(key, settings))]
        return (*names, tag_key(tag_of(key, settings))) if settings.subject_tag else tuple(names)

    async def send(self, letter: Letter) -> Receipt:
        """See Connector."""
        return await self._mailer().send(letter)

    async def check(self) -> str:
        """See Check."""
        from connectors.email.mailbox import look

        seen = await look(self._settings, self._access(self._settings.imap))
        return f"{seen}; {await self._mailer().check()}"

    async def close(self) -> None:
        """See Connector."""
        if self._reading is not None:
            self._reading.close()
        if self._sending is not None:
            await self._sending.close()
        if self._copies is not None:
            await self._copies.close()
        for tokens in self._tokens.values():
            await tokens.close()

    def _reader(self) -> "Reader":
        if self._reading is None:
            from connectors.email.sandbox.reader import Reader

            self._reading = Reader()
        return self._reading

    def _mailer(self) -> "Mailer":
        if self._sending is None:
            from connectors.email.smtp import Mailer

            self._sending = Mailer(self._settings, self._access(self._settings.smtp), self._copied())
        return self._sending

    def _copied(self) -> "Taken | None":
        """What makes copies, where they are wanted."""
        if not self._settings.smtp.keep_copy:
            return None
        from connectors.email.copies import Copies

        self._copies = Copies(self._settings, self._access(self._settings.imap))
        return self._copies.put

    def _access(self, server: ServerSettings) -> "Tokens | None":
        """What gives the access tokens for a server, if tokens are what it wants; one for all who ask there."""
        if not server.oauth.is_set:
            return None
        from connectors.email.oauth import Tokens

        return self._tokens.setdefault(server.oauth, Tokens(server.oauth, self._vault))
