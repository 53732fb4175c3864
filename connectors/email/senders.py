"""Who wrote a mail, as far as that is known: an address in From is anybody's to write."""

from connectors.base import Proof, Sender
from connectors.email.mime import Address, Mail
from connectors.email.postal import canonical, marked, same
from connectors.email.settings import EmailSettings
from connectors.email.verdict import Verdict, verdict, voucher

# Whose mail names nobody.
NOBODY = "unknown@invalid"


def sender_of(mail: Mail, settings: EmailSettings) -> Sender:
    """Whom a mail is from. Whom our server doubts has an address of his own, which `postal.bare` tells from others."""
    who = mail.sender or Address("")
    found = _found(mail, settings)
    # A form on the shop's own site writes in the shop's name; any other Reply-To would let strangers have what is
    # answered to somebody else.
    is_form = found != "fail" and same(who.address, settings.address) and bool(mail.reply_to)
    if is_form:
        who = mail.reply_to[0]
    address = canonical(who.address) or NOBODY
    if found == "fail" or (is_form and settings.authserv_id and found != "pass"):
        # Whoever writes in a client's name must not be taken for him: he is somebody else until people say so.
        return Sender(marked(address, voucher(mail.authentication_results, settings.authserv_id)), who.name)
    proofs = (Proof("email", address),) if found == "pass" and not is_form else ()
    return Sender(address, who.name, email=address if who.address else "", proofs=proofs)


def unread(address: str, settings: EmailSettings) -> Sender:
    """Whom a mail is from that cannot be read: nobody knows what was found out about him."""
    if settings.authserv_id and address:
        return Sender(marked(canonical(address)))
    return Sender(canonical(address) or NOBODY, email=canonical(address))


def is_ours(mail: Mail, settings: EmailSettings) -> bool:
    """Whether it bears the channel's own address."""
    return mail.sender is not None and same(mail.sender.address, settings.address)


def addressee(mail: Mail, settings: EmailSettings) -> Sender | None:
    """The first whom a mail of ours went to, beside ourselves."""
    for to in (*mail.to, *mail.cc):
        if to.address and not same(to.address, settings.address):
            address = canonical(to.address)
            return Sender(address, to.name, email=address)
    return None


def _found(mail: Mail, settings: EmailSettings) -> Verdict:
    """What our server found, if that is about whom the mail shows as its sender."""
    address = mail.sender.address if mail.sender else ""
    found = verdict(mail.authentication_results, settings.authserv_id, address)
    return "fail" if settings.authserv_id and found == "none" and not mail.plain else found
