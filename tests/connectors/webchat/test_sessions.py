"""Visitors' sessions: who gets one, who is let in, and who the site says he is."""

import base64
import hmac
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey

from connectors.abilities import Session
from connectors.base import Proof, Refused, Sender
from connectors.webchat import Webchat
from connectors.webchat.sessions import Sessions
from connectors.webchat.settings import WebchatSettings
from connectors.webchat.wire import Opening
from tests.connectors.webchat.conftest import IDENTITY_SECRET, KEY, Make

NOW = datetime.now(UTC)
HOUR = 3600
DAY = timedelta(days=1)


def _open(chat: Webchat, body: dict[str, Any] | None = None, old: str | None = None) -> Session:
    return chat.open_session(json.dumps(body or {}).encode(), old, KEY, datetime.now(UTC))


def _jwt(claims: dict[str, Any], secret: str = IDENTITY_SECRET, alg: str = "HS256") -> str:
    return jwt.encode({"alg": alg}, claims, OctKey.import_key(secret), algorithms=[alg])


def _identity(**claims: Any) -> str:
    return _jwt({"sub": "42", "exp": time.time() + HOUR} | claims)


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _refused(chat: Webchat, token: str) -> str:
    with pytest.raises(Refused) as caught:
        chat.visitor(token, KEY)
    assert caught.value.status == 401
    return str(caught.value)


# ---- tokens ----


def test_the_token_brings_back_who_opened_the_session(chat: Webchat) -> None:
    session = _open(chat, {"name": " Anna\u202e ", "email": "Anna@Example.org"})
    assert session.visitor == Sender(session.visitor.address, "Anna", "Anna@Example.org")
    assert chat.visitor(session.token, KEY) == session.visitor
    assert timedelta(days=364) < session.expires_at - NOW < timedelta(days=366)


def test_a_name_is_made_fit_to_be_signed(chat: Webchat) -> None:
    session = _open(chat, {"name": "Anna \ud800\x00", "email": "a\ud800@b"})
    assert (session.visitor.name, session.visitor.email) == ("Anna \ufffd", "")
    assert chat.visitor(session.token, KEY) == session.visitor


def test_an_empty_body_opens_a_session(chat: Webchat) -> None:
    assert chat.open_session(b"", None, KEY, NOW).visitor.name == ""


def test_every_visitor_has_an_address_nobody_can_guess(chat: Webchat) -> None:
    addresses = {_open(chat).visitor.address for _ in range(50)}
    assert len(addresses) == 50
    # 128 bits in base64.
    assert all(address.startswith("anon:") and len(address) == 5 + 22 for address in addresses)


@pytest.mark.parametrize("body", [b"[]", b"{", b"null", b'"x"', b"\xff", b"{}{}", b"[" * 100_000])
def test_what_is_no_object_is_refused(chat: Webchat, body: bytes) -> None:
    with pytest.raises(Refused) as caught:
        chat.open_session(body, None, KEY, NOW)
    assert caught.value.status == 400


@pytest.mark.parametrize("body", [{"name": 1}, {"email": []}, {"identity": {}}])
def test_a_field_of_another_type_is_named(chat: Webchat, body: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=next(iter(body))) as caught:
        _open(chat, body)
    assert caught.value.status == 422


def test_an_old_token_keeps_the_visitor_and_what_is_known_of_him(chat: Webchat) -> None:
    first = _open(chat, {"name": "Anna", "email": "anna@example.org"})
    second = _open(chat, {"email": "new@example.org"}, first.token)
    assert second.visitor == Sender(first.visitor.address, "Anna", "new@example.org")


@pytest.mark.parametrize("old", ["", "nonsense", "a.b.c"])
def test_an_old_token_that_does_not_hold_opens_a_new_session(chat: Webchat, old: str) -> None:
    assert _open(chat, {}, old).visitor.address != _open(chat, {}, old).visitor.address


def test_a_session_runs_out_and_is_not_remembered(make: Make) -> None:
    sessions = Sessions("site", 1, "")
    session = sessions.open(Opening(), None, KEY, NOW)
    end = session.expires_at.timestamp()
    assert sessions.session(session.token, KEY, end - 1) == session
    for _ in range(2):
        with pytest.raises(Refused, match="run out") as caught:
            sessions.session(session.token, KEY, end)
        assert caught.value.status == 401
    late = NOW + timedelta(days=2)
    assert sessions.open(Opening(), session.token, KEY, late).visitor != session.visitor
    old = make(session_days=1).open_session(b"{}", None, KEY, NOW - timedelta(days=2)).token
    assert "run out" in _refused(make(), old)


def test_a_token_of_another_channel_or_key_is_refused(chat: Webchat, make: Make) -> None:
    other = make("other")
    assert "not valid" in _refused(chat, _open(other).token)
    elsewhere = chat.open_session(b"{}", None, b"another key" * 4, NOW).token
    assert "not valid" in _refused(chat, elsewhere)
    # Known under the right key, it is still unknown under a wrong one.
    token = _open(chat).token
    chat.visitor(token, KEY)
    with pytest.raises(Refused):
        chat.visitor(token, b"another key" * 4)


def test_a_token_nobody_signed_is_refused(chat: Webchat) -> None:
    claims = {"aud": "site", "sub": "anon:x", "exp": int(time.time()) + HOUR}
    for alg in ("none", "None", "HS512", "RS256", ""):
        _refused(chat, f"{_part({'alg': alg})}.{_part(claims)}.")
    _refused(chat, _jwt(claims, KEY.decode(), "HS384"))
    _refused(chat, _jwt(claims | {"exp": "soon"}, KEY.decode()))
    _refused(chat, _jwt({"aud": "site", "exp": int(time.time()) + HOUR}, KEY.decode()))
    chat.visitor(_jwt(claims, KEY.decode()), KEY)


def test_a_token_that_was_changed_is_refused(chat: Webchat) -> None:
    token = _open(chat).token
    head, claims, signature = token.split(".")
    mine = json.loads(base64.urlsafe_b64decode(claims + "==="))
    _refused(chat, ".".join((head, _part(mine | {"sub": "user:1"}), signature)))
    _refused(chat, token[:-4] + "AAAA")
    _refused(chat, token + "." + token)
    _refused(chat, "." + token)
    _refused(chat, token * 100)


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=300))
def test_nonsense_is_refused(token: str) -> None:
    _refused(Webchat("site", WebchatSettings(kind="webchat")), token)


@pytest.mark.parametrize(
    "deep", ["[" * 4000, '{"alg":' * 900, '{"alg":"HS256","crit":["b64"],"b64":false}', '{"alg":["HS256"]}']
)
def test_a_malicious_header_is_refused(chat: Webchat, deep: str) -> None:
    header = base64.urlsafe_b64encode(deep.encode()).decode().rstrip("=")
    _refused(chat, f"{header}.{_part({})}.AAAA")


def test_what_is_remembered_is_bounded(chat: Webchat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.webchat.sessions._REMEMBERED", 3)
    sessions = [_open(chat) for _ in range(8)]
    for session in sessions * 2:
        assert chat.visitor(session.token, KEY) == session.visitor
    assert len(chat._sessions._known) == 3


# ---- identity ----


def test_the_site_says_who_its_visitor_is(chat: Webchat) -> None:
    token = _identity(aud="site", name="Anna I.", email="Anna@Example.org", email_verified=True)
    session = _open(chat, {"identity": token, "name": "somebody", "email": "else@example.org"})
    proven = (Proof("email", "anna@example.org"),)
    assert session.visitor == Sender("user:42", "Anna I.", "Anna@Example.org", proven)
    assert chat.visitor(session.token, KEY) == session.visitor


def test_he_is_the_same_on_all_his_devices(chat: Webchat) -> None:
    first, second = (_open(chat, {"identity": _identity()}) for _ in range(2))
    assert first.token != second.token or first.expires_at == second.expires_at
    assert first.visitor.address == second.visitor.address == "user:42"


def test_an_anonymous_visitor_becomes_who_the_site_says_he_is(chat: Webchat) -> None:
    old = _open(chat, {"name": "Guest"}).token
    assert _open(chat, {"identity": _identity()}, old).visitor.address == "user:42"


def test_an_identified_visitor_stays_it_while_his_session_lasts(chat: Webchat) -> None:
    old = _open(chat, {"identity": _identity(email="a@b.org", email_verified=True)})
    assert _open(chat, {}, old.token).visitor == old.visitor


def test_he_is_believed_to_be_the_same_for_a_day_after_the_sites_word() -> None:
    sessions = Sessions("site", 365, IDENTITY_SECRET)
    first = sessions.open(Opening(identity=_identity()), None, KEY, NOW)
    assert first.expires_at == (NOW + DAY).replace(microsecond=0)
    later = NOW + timedelta(hours=20)
    named = sessions.open(Opening(name="Anna"), first.token, KEY, later)
    assert (named.visitor.address, named.visitor.name) == ("user:42", "Anna")
    again = sessions.open(Opening(), named.token, KEY, later)
    assert first.expires_at == named.expires_at == again.expires_at
    for token in (first.token, named.token, again.token):
        assert sessions.session(token, KEY, later.timestamp()).expires_at == first.expires_at
        with pytest.raises(Refused, match="run out"):
            sessions.session(token, KEY, (NOW + DAY).timestamp())
        after = sessions.open(Opening(), token, KEY, NOW + DAY)
        assert after.visitor.address.startswith("anon:")
    anew = _jwt({"sub": "42", "exp": (later + DAY).timestamp()})
    assert sessions.open(Opening(identity=anew), again.token, KEY, later).expires_at == (later + DAY).replace(
        microsecond=0
    )


def test_a_shorter_session_is_shorter_for_him_too() -> None:
    sessions = Sessions("site", 0.5, IDENTITY_SECRET)
    assert sessions.open(Opening(identity=_identity()), None, KEY, NOW).expires_at < NOW + DAY / 2


def test_a_visitor_nobody_vouched_for_stays_as_long_as_he_comes_back() -> None:
    sessions = Sessions("site", 365, IDENTITY_SECRET)
    session = sessions.open(Opening(), None, KEY, NOW)
    for days in (300, 600, 900):
        later = sessions.open(Opening(), session.token, KEY, NOW + timedelta(days=days))
        assert later.visitor == session.visitor
        assert later.expires_at > session.expires_at
        session = later


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "a@b.org"},
        {"email": "a@b.org", "email_verified": "true"},
        {"email": "nonsense", "email_verified": True},
    ],
)
def test_only_a_verified_address_proves_anything(chat: Webchat, claims: dict[str, Any]) -> None:
    assert _open(chat, {"identity": _identity(**claims)}).visitor.proofs == ()


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"exp": time.time() - 1}, "expired"),
        ({"exp": 0}, "expired"),
        ({"exp": time.time() + 25 * HOUR}, "24 hours"),
        ({"exp": float("inf")}, "24 hours"),
        ({"exp": float("nan")}, "expired"),
        ({"exp": "tomorrow"}, "not valid"),
        ({"exp": None}, "not valid"),
        ({"aud": "other"}, "aud"),
        ({"aud": ["other", "another"]}, "aud"),
        ({"aud": []}, "aud"),
        ({"nbf": time.time() + HOUR}, "not valid yet"),
        ({"sub": ""}, "sub"),
        ({"sub": "  "}, "sub"),
        ({"sub": 42}, "not valid"),
        ({"sub": None}, "not valid"),
        ({"sub": "x" * 256}, "sub"),
        ({"sub": "a\x00b"}, "sub"),
        ({"sub": "a\u202eb"}, "sub"),
    ],
)
def test_an_identity_that_does_not_hold_is_refused(chat: Webchat, claims: dict[str, Any], told: str) -> None:
    with pytest.raises(Refused, match=told) as caught:
        _open(chat, {"identity": _identity(**claims)})
    assert caught.value.status == 401


@pytest.mark.parametrize(
    "payload", [b'{"sub":"a\\ud800","exp":%d}', b"[%d]", b"%d", b"", b"{", b'{"sub":"\xff","exp":%d}']
)
def test_a_payload_that_is_signed_may_still_be_nonsense(chat: Webchat, payload: bytes) -> None:
    payload = payload.replace(b"%d", str(int(time.time()) + HOUR).encode())
    signed = f"{_part({'alg': 'HS256'})}.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}"
    digest = hmac.digest(IDENTITY_SECRET.encode(), signed.encode(), "sha256")
    token = f"{signed}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"
    with pytest.raises(Refused) as caught:
        _open(chat, {"identity": token})
    assert caught.value.status == 401


@pytest.mark.parametrize("missing", ["sub", "exp"])
def test_sub_and_exp_are_required(chat: Webchat, missing: str) -> None:
    claims = {"sub": "42", "exp": time.time() + HOUR}
    del claims[missing]
    with pytest.raises(Refused, match="not valid"):
        _open(chat, {"identity": _jwt(claims)})


@pytest.mark.parametrize("aud", ["site", ["other", "site"]])
def test_an_identity_may_name_its_channel(chat: Webchat, aud: str | list[str]) -> None:
    assert _open(chat, {"identity": _identity(aud=aud)}).visitor.address == "user:42"


def test_an_identity_signed_otherwise_is_refused(chat: Webchat) -> None:
    claims = {"sub": "42", "exp": int(time.time()) + HOUR}
    tokens = [
        _jwt(claims, "another secret that is long enough"),
        _jwt(claims, alg="HS512"),
        f"{_part({'alg': 'none'})}.{_part(claims)}.",
        # A visitor's own session proves nothing to the site.
        _open(chat).token,
        "nonsense",
    ]
    for token in tokens:
        with pytest.raises(Refused) as caught:
            _open(chat, {"identity": token})
        assert caught.value.status == 401


def test_without_a_secret_no_identity_is_believed(make: Make) -> None:
    with pytest.raises(Refused, match="identity_secret") as caught:
        _open(make(), {"identity": _identity()})
    assert caught.value.status == 401


def test_the_kinds_of_visitors_never_meet(chat: Webchat) -> None:
    addresses = {
        _open(chat, {"identity": _identity(sub=sub)}).visitor.address for sub in ("a:b", "a%3Ab", "anon:x", "a")
    }
    assert addresses == {"user:a%3Ab", "user:a%253Ab", "user:anon%3Ax", "user:a"}


def test_a_token_is_checked_in_time(chat: Webchat) -> None:
    token = _open(chat, {"name": "Anna", "email": "anna@example.org"}).token
    body = json.dumps({"id": "0192f0c1-0000-7000-8000-000000000000", "text": "Где мой заказ? " * 12}).encode()
    at = datetime.now(UTC)

    def spent() -> float:
        start = time.perf_counter()
        for _ in range(500):
            chat.message(chat.visitor(token, KEY), body, at)
        return (time.perf_counter() - start) / 500

    assert min(spent() for _ in range(5)) < 40e-6
