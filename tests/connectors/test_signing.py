"""Signatures after the Standard Webhooks convention."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.signing import TOLERANCE, BadSignature, key_of, sign, verify

# The vector of the specification's own libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
KEY = key_of(SECRET)


def _headers(**changed: str) -> dict[str, str]:
    headers = {"webhook-id": ID, "webhook-timestamp": "1614265330", "webhook-signature": SIGNATURE}
    return headers | {f"webhook-{name}": value for name, value in changed.items()}


def test_the_published_vector_is_what_we_sign() -> None:
    assert sign(KEY, ID, AT, BODY) == _headers()


def test_the_published_vector_is_taken() -> None:
    verify(KEY, _headers(), BODY, AT)


@pytest.mark.parametrize(
    "signatures",
    [
        f"v1,bm9uZQ== {SIGNATURE}",
        f"{SIGNATURE} v1,bm9uZQ==",
        f"v1a,{SIGNATURE[3:]} {SIGNATURE} v2,whatever",
        f"v1,é {SIGNATURE}",
    ],
)
def test_one_of_several_signatures_is_enough(signatures: str) -> None:
    verify(KEY, _headers(signature=signatures), BODY, AT)


@pytest.mark.parametrize(
    "headers",
    [
        _headers(signature=""),
        _headers(signature=SIGNATURE[3:]),
        _headers(signature="v1," + "A" * 43 + "="),
        _headers(signature=SIGNATURE.lower()),
        _headers(signature=SIGNATURE.replace("v1,", "v2,")),
        _headers(signature="v1,é\udcff"),
        _headers(signature=SIGNATURE[:-1]),
        _headers(id="msg_other"),
        _headers(id="\udcff"),
        _headers(timestamp="1614265331"),
        _headers(timestamp="1614265330.0"),
        _headers(timestamp="+1614265330"),
        _headers(timestamp=" 1614265330"),
        _headers(timestamp="1_614_265_330"),
        _headers(timestamp="١٦١٤٢٦٥٣٣٠"),
        _headers(timestamp="9" * 5000),
        _headers(timestamp=""),
        {name: value for name, value in _headers().items() if name != "webhook-id"},
        {name: value for name, value in _headers().items() if name != "webhook-timestamp"},
        {name: value for name, value in _headers().items() if name != "webhook-signature"},
        {},
    ],
)
def test_anything_else_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        verify(KEY, headers, BODY, AT)


def test_another_body_or_key_is_refused() -> None:
    with pytest.raises(BadSignature):
        verify(KEY, _headers(), BODY + b" ", AT)
    with pytest.raises(BadSignature):
        verify(KEY + b"x", _headers(), BODY, AT)


@pytest.mark.parametrize("seconds", [-TOLERANCE, TOLERANCE])
def test_a_clock_may_be_a_little_off(seconds: int) -> None:
    verify(KEY, _headers(), BODY, AT + timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [-TOLERANCE - 1, TOLERANCE + 1, 86400])
def test_an_old_or_future_signature_is_refused(seconds: int) -> None:
    with pytest.raises(BadSignature, match="300 seconds off"):
        verify(KEY, _headers(), BODY, AT + timedelta(seconds=seconds))


def test_a_plain_secret_is_its_own_key() -> None:
    assert key_of("tайна") == "tайна".encode()
    assert key_of("") == b""


@pytest.mark.parametrize("secret", ["whsec_!", "whsec_abc", "whsec_тайна"])
def test_a_broken_secret_is_no_key(secret: str) -> None:
    with pytest.raises(ValueError, match="base64"):
        key_of(secret)


@given(st.binary(min_size=1), st.binary(), st.text(st.characters(codec="latin-1"), max_size=40))
def test_what_is_signed_is_verified(key: bytes, body: bytes, message_id: str) -> None:
    verify(key, sign(key, message_id, AT, body), body, AT)
