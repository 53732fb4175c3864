"""S/MIME mails whose text is wrapped into their signature: taken out as it is, the signature is not checked."""

_SIGNED = bytes.fromhex("06092a864886f70d010702")
_DATA = bytes.fromhex("06092a864886f70d010701")
_EXPLICIT, _OCTETS, _OCTETS_IN_PIECES = 0xA0, 0x04, 0x24
_MOST_PIECES = 100_000


def unwrapped(data: bytes) -> bytes:
    """The mail inside a signed one; empty if it is encrypted or anything else."""
    if data[:1] != b"\x30" or _SIGNED not in data[:40]:
        return b""
    at = data.find(_DATA, 0, 200) + len(_DATA)
    if at < len(_DATA):
        return b""
    tag, at, _ = _head(data, at)
    if tag != _EXPLICIT:
        return b""
    tag, at, length = _head(data, at)
    if tag == _OCTETS:
        return data[at : at + length]
    return _pieces(data, at, length) if tag == _OCTETS_IN_PIECES else b""


def _pieces(data: bytes, at: int, length: int) -> bytes:
    """A string sent in pieces; without a length it goes on to the first thing that is no piece."""
    end = at + length if length >= 0 else len(data)
    pieces: list[bytes] = []
    while at < end and len(pieces) < _MOST_PIECES:
        tag, at, size = _head(data, at)
        if tag != _OCTETS or size < 0:
            break
        pieces.append(data[at : at + size])
        at += size
    return b"".join(pieces)


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    """Tag, where the value begins, and its length: -1 if it ends with a mark, tag 0 at the end of the bytes."""
    if at + 2 > len(data):
        return 0, len(data), 0
    tag, length = data[at], data[at + 1]
    if length == 0x80:
        return tag, at + 2, -1
    if length < 0x80:
        return tag, at + 2, length
    size = length & 0x7F
    return tag, at + 2 + size, int.from_bytes(data[at + 2 : at + 2 + size], "big")
