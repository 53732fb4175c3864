"""Addresses and keys of Telegram: read back as they were made, and told from anything else."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.telegram import addresses
from connectors.telegram.addresses import Place

CHATS = st.integers(-(10**18), 10**18)
IDS = st.integers(1, 10**18)
CONNECTIONS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=128)
NONE = st.none()
PLACES = st.builds(Place, CHATS, NONE | IDS, NONE) | st.builds(Place, CHATS, NONE, CONNECTIONS)


@given(PLACES)
def test_a_place_is_read_back(place: Place) -> None:
    assert addresses.parse(addresses.address(*place)) == place


@pytest.mark.parametrize(
    ("place", "address"),
    [(Place(5), "5"), (Place(-1001), "-1001"), (Place(-1001, 7), "-1001/7"), (Place(5, business="AbC"), "b:AbC:5")],
)
def test_the_forms_that_are_stored(place: Place, address: str) -> None:
    assert addresses.address(*place) == address


@given(PLACES, IDS)
def test_the_number_of_a_message_is_read_back(place: Place, message: int) -> None:
    key = addresses.message_key("700", place.chat, message, place.business)
    assert addresses.message_of(key) == message


def test_a_business_account_and_the_bot_have_no_keys_in_common() -> None:
    assert addresses.message_key("700", 5, 17) == "700:5:17"
    assert addresses.message_key("700", 5, 17, "AbC") == "700:b:AbC:5:17"


@pytest.mark.parametrize("text", ["", "anna", "5/", "5/x", "b::5", "b:A B:5", "b:A:", "٥", "5\n", "1" * 20, "5/-7"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not the address"):
        addresses.parse(text)


@pytest.mark.parametrize("text", ["", "700:5", "700:press:17", "700:update:17", "x:5:17", "700:5:17:", "k1"])
def test_what_is_no_key_of_a_message_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not the key"):
        addresses.message_of(text)


@given(st.text())
def test_anything_else_is_an_address_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert str(abs(addresses.parse(text).chat)) in text
    with contextlib.suppress(ValueError):
        assert text.endswith(str(addresses.message_of(text)))
