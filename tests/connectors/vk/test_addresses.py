"""Addresses and keys: what they look like, and which are taken back apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.vk import addresses

IDS = st.integers(1, 10**18)
PEERS = st.one_of(IDS, IDS.map(lambda number: -number))


@given(PEERS)
def test_a_peer_is_found_behind_its_address(peer: int) -> None:
    assert addresses.peer_of(addresses.address(peer)) == peer


@given(PEERS, IDS)
def test_a_message_is_found_behind_its_key(peer: int, cmid: int) -> None:
    assert addresses.message_of(addresses.message_key(peer, cmid)) == (peer, cmid)


@pytest.mark.parametrize("text", ["", "0", "anna", "1 ", "+1", "1\n", "-", "007", "9" * 30, "٣"])
def test_what_is_no_address_has_no_peer(text: str) -> None:
    assert addresses.peer_of(text) is None


@pytest.mark.parametrize(
    "key",
    ["", "event:abc", "101:press:ab", "comment:wall:-7_5_8", "101", "101:0", "101:12\n", "101:12:13", "order:101_4"],
)
def test_what_is_no_message_has_no_place_in_a_conversation(key: str) -> None:
    assert addresses.message_of(key) is None


def test_a_conversation_of_several_begins_at_two_billion() -> None:
    assert addresses.is_chat(2_000_000_000)
    assert not addresses.is_chat(1_999_999_999)


def test_people_and_communities_have_pages_and_conversations_have_none() -> None:
    assert addresses.page(101) == "https://vk.com/id101"
    assert addresses.page(-7) == "https://vk.com/club7"
    assert not addresses.page(2_000_000_004)


def test_the_same_comment_id_in_two_places_has_two_keys() -> None:
    assert addresses.comment_key("wall", -7, 5, 8) == "comment:wall:-7_5_8"
    assert addresses.comment_key("photo", -7, 5, 8) != addresses.comment_key("wall", -7, 5, 8)
