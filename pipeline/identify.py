"""Identify: from senders to clients and their dialogs, a whole batch at a time."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

import msgspec
import orjson
from sqlalchemy import Select, bindparam, delete, select

from connectors.base import Message, Sender
from storage import bulk, strangers
from storage.db import Tx, is_postgres, now
from storage.models import Client, Dialog, Identity, Proof

CLIENTS = Client.__table__  # type: ignore[attr-defined]
IDENTITIES = Identity.__table__  # type: ignore[attr-defined]
PROOFS = Proof.__table__  # type: ignore[attr-defined]
DIALOGS = Dialog.__table__  # type: ignore[attr-defined]

# A channel and an address in it, or a key.
Address = tuple[str, str]
# A message and the channel it came by.
Written = tuple[str, Message]
# A proof's kind and value.
Proved = tuple[str, str]


class Who(NamedTuple):
    """A sender as the database knows him."""

    identity_id: int
    client_id: int
    dialog_id: int
    name: str
    profile: dict[str, str]
    reachable: bool


def identify(tx: Tx, senders: Mapping[Address, Sender]) -> dict[Address, Who]:
    """Who each (channel, address) is; clients, identities and dialogs that are missing are made.

    An address nobody knows joins the client one of its proofs belongs to. Who already has a client keeps him: two
    clients become one only by an operator's hand.
    """
    found = look_up(tx, senders)
    newcomers = [address for address in senders if address not in found]
    if newcomers:
        senders = _with_what_was_told(tx, senders, newcomers)
        _introduce(tx, senders, found)
        found |= look_up(tx, newcomers)
    _learn(tx, senders, found)
    return found


def senders_of(written: Iterable[tuple[str, Message]]) -> dict[Address, Sender]:
    """Who wrote messages of (channel, message), in order; of each the newest name and all that was vouched for."""
    found: dict[Address, Sender] = {}
    for channel, message in written:
        address, sender = (channel, message.sender.address), message.sender
        before = found.get(address)
        found[address] = sender if before is None or before == sender else _merged(before, sender)
    return found


def _merged(before: Sender, after: Sender) -> Sender:
    return Sender(
        after.address,
        after.name or before.name,
        after.email or before.email,
        tuple(dict.fromkeys(before.proofs + after.proofs)),
        {**(before.profile or {}), **(after.profile or {})} or None,
        after.ask,
    )


def look_up(tx: Tx, addresses: Iterable[Address]) -> dict[Address, Who]:
    """Those of the (channel, address) that are somebody already."""
    per_channel: dict[str, list[str]] = {}
    for channel, address in addresses:
        per_channel.setdefault(channel, []).append(address)
    found: dict[Address, Who] = {}
    for channel, wanted in per_channel.items():
        rows = tx.execute(_who(is_postgres(tx)), {"channel": channel, "addresses": bulk.packed(tx, wanted)})
        for address, *rest in rows:
            found[channel, address] = Who(*rest)
    return found


@cache
def _who(postgres: bool) -> Select[Any]:
    return (
        select(
            IDENTITIES.c.address,
            IDENTITIES.c.id,
            IDENTITIES.c.client_id,
            DIALOGS.c.id,
            IDENTITIES.c.name,
            IDENTITIES.c.profile,
            IDENTITIES.c.reachable,
        )
        .join(DIALOGS, DIALOGS.c.client_id == IDENTITIES.c.client_id)
        .where(
            IDENTITIES.c.channel == bindparam("channel"),
            bulk.one_of(IDENTITIES.c.address, "addresses", postgres=postgres),
        )
    )


def _with_what_was_told(tx: Tx, senders: Mapping[Address, Sender], newcomers: list[Address]) -> dict[Address, Sender]:
    """All senders; newcomers with what their channels told of them before they wrote."""
    told = {
        who: msgspec.structs.replace(senders[who], profile={**profile, **(senders[who].profile or {})})
        for who, profile in strangers.take(tx, newcomers).items()
    }
    return {**senders, **told}


def _introduce(tx: Tx, senders: Mapping[Address, Sender], found: Mapping[Address, Who]) -> None:
    """Make client, identity and dialog of who is not found; where somebody was faster, his rows stand and ours go."""
    newcomers = [address for address in senders if address not in found]
    own = dict(zip(newcomers, bulk.reserve_ids(tx, "clients_id_seq", 1, CLIENTS, len(newcomers)), strict=True))
    at = now()
    bulk.insert(
        tx,
        CLIENTS,
        ("id", "name", "email", "phone", "note", "created_at", "updated_at"),
        [
            (client_id, senders[who].name, senders[who].email, _phone(senders[who]), "", at, at)
            for who, client_id in own.items()
        ],
    )
    joined = _joined(tx, senders, own, {who: known.client_id for who, known in found.items()})
    columns = ("client_id", "channel", "address", "name", "profile", "reachable", "ask_at", "created_at")
    rows = [
        (joined[who], *who, senders[who].name, _json(senders[who].profile), True, at if senders[who].ask else None, at)
        for who in newcomers
    ]
    taken = {row[0] for row in bulk.insert_new(tx, IDENTITIES, columns, rows, ("client_id",))}
    _forget(tx, [client_id for client_id in own.values() if client_id not in taken])
    _open_dialogs(tx, taken)


def _joined(
    tx: Tx, senders: Mapping[Address, Sender], own: Mapping[Address, int], known: Mapping[Address, int]
) -> dict[Address, int]:
    """The client of everybody: a stranger joins the one his first proof with an owner belongs to, or stays his own."""
    clients: dict[Address, int] = {**own, **known}
    owners = _owners(tx, senders, clients)
    if not owners:
        return clients
    # What strangers put down for themselves is theirs only as far as they stay their own.
    mine = set(own.values())
    owners = {proof: client_id for proof, client_id in owners.items() if client_id not in mine}
    for who, sender in senders.items():
        proofs = [(proof.kind, proof.value) for proof in sender.proofs]
        if who in own:
            clients[who] = next((owners[proof] for proof in proofs if proof in owners), own[who])
        # What is proved first counts for all that follow, in the same batch as in later ones.
        for proof in proofs:
            owners.setdefault(proof, clients[who])
    return clients


def _owners(tx: Tx, senders: Mapping[Address, Sender], clients: Mapping[Address, int]) -> dict[Proved, int]:
    """Whose each proof is, once everybody has put his down: only then can nobody else come first any more."""
    values = [proof.value for sender in senders.values() for proof in sender.proofs]
    if not values:
        return {}
    _put_down(tx, senders, clients)
    query = select(PROOFS).where(bulk.among(tx, PROOFS.c.value, values))
    return {(row.kind, row.value): row.client_id for row in tx.execute(query)}


def _put_down(tx: Tx, senders: Mapping[Address, Sender], clients: Mapping[Address, int]) -> None:
    """Keep the proofs nobody brought before; where somebody brings the same at this moment, wait for him."""
    firsts: dict[Proved, int] = {}
    for who, sender in senders.items():
        for proof in sender.proofs:
            firsts.setdefault((proof.kind, proof.value), clients[who])
    at = now()
    # In the same order everywhere, so that no two wait for each other.
    rows = [(*proof, client_id, at) for proof, client_id in sorted(firsts.items())]
    bulk.insert_new(tx, PROOFS, ("kind", "value", "client_id", "created_at"), rows, ("kind",))


def _forget(tx: Tx, client_ids: list[int]) -> None:
    """Take back clients nobody became, and what was put down for them."""
    if client_ids:
        tx.execute(delete(PROOFS).where(bulk.among(tx, PROOFS.c.client_id, client_ids)))
        tx.execute(delete(CLIENTS).where(bulk.among(tx, CLIENTS.c.id, client_ids)))


def _open_dialogs(tx: Tx, client_ids: Iterable[int]) -> None:
    at = now()
    columns = ("client_id", "last_seq", "last_in_seq", "read_seq", "unread", "last_at", "created_at")
    bulk.insert_new(tx, DIALOGS, columns, [(client_id, 0, 0, 0, 0, at, at) for client_id in client_ids], ("id",))


def _learn(tx: Tx, senders: Mapping[Address, Sender], found: Mapping[Address, Who]) -> None:
    """Keep what the sources tell anew: names, profiles, and identifiers somebody vouches for."""
    # Proofs first, as for strangers: with names in hand nobody waits for a proof.
    _put_down(tx, senders, {who: known.client_id for who, known in found.items()})
    known = [(found[address], sender) for address, sender in senders.items()]
    renamed = [(who.identity_id, sender.name) for who, sender in known if sender.name and who.name != sender.name]
    bulk.update(tx, IDENTITIES, "id", ("name",), renamed)
    told = [
        (who.identity_id, _json({**who.profile, **sender.profile}))
        for who, sender in known
        if sender.profile and sender.profile.items() - who.profile.items()
    ]
    bulk.update(tx, IDENTITIES, "id", ("profile",), told)
    # Who writes can be written to.
    bulk.update(
        tx, IDENTITIES, "id", ("reachable",), [(who.identity_id, True) for who, _ in known if not who.reachable]
    )
    _fill(tx, "name", {who.client_id: sender.name for who, sender in known if sender.name and not who.name})
    _fill(tx, "phone", {who.client_id: phone for who, sender in known if (phone := _phone(sender))})


def _fill(tx: Tx, column: str, values: Mapping[int, str]) -> None:
    """Set what is blank in clients; what is known of them, maybe from an operator, stays."""
    if values:
        blank = select(CLIENTS.c.id).where(bulk.among(tx, CLIENTS.c.id, values), CLIENTS.c[column] == "")
        free = set(tx.execute(blank).scalars())
        bulk.update(tx, CLIENTS, "id", (column,), [row for row in values.items() if row[0] in free])


def _phone(sender: Sender) -> str:
    return next((proof.value for proof in sender.proofs if proof.kind == "phone"), "")


def _json(profile: Mapping[str, str] | None) -> str:
    return orjson.dumps(profile or {}).decode()
