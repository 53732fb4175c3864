"""What our own mail server found out about a sender, and nobody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.email.verdict import verdict

ANNA = "Anna@Example.org"
PASS = "dmarc=pass header.from=example.org"


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (
            "mx.shop.example; spf=pass smtp.mailfrom=x@y; dmarc=fail (p=NONE) header.from=example.org",
            "fail",
        ),
        (f"mx.shop.example; spf=fail smtp.mailfrom=x; {PASS}", "pass"),
        (f"MX.Shop.Example 1; {PASS.upper()}", "pass"),
        ('mx.shop.example; dmarc = pass (p=reject; sp=none) reason="a;b" header.from = <anna@example.org>', "pass"),
        (
            "(mx.evil.example; (x)) mx.shop.example (y); dmarc=pass action=none header.from=example.org;compauth=pass",
            "pass",
        ),
        ("mx.shop.example; dmarc=none header.from=example.org", "none"),
        ("mx.shop.example; dmarc=temperror", "none"),
        ("mx.shop.example; none", "none"),
        ("mx.shop.example; dmarc=pass", "none"),
        ("mx.shop.example", "none"),
        ("", "none"),
        # One mail, two senders: it passes for the one that is not shown.
        ("mx.shop.example; dmarc=pass header.from=evil.example", "fail"),
        ("mx.shop.example; dmarc=pass header.from=example.org; dmarc=fail header.from=example.org", "fail"),
        # What strangers write stands in quotes and comments.
        # Servers write what strangers said into comments, and these may pretend to end them.
        (
            'mx.shop.example; spf=fail (domain of "a("@x does not) smtp.mailfrom="a("@x; dmarc=fail header.from=e.org',
            "fail",
        ),
        ("mx.shop.example; smtp.helo=a(b; dmarc=fail, header.from=example.org", "fail"),
        (f"mx.shop.example; spf=none (x; {PASS}) y; dmarc=none header.from=example.org", "none"),
        ("mx.shop.example; dmarc=none header.from=evil.example", "fail"),
        ('mx.shop.example; spf=none smtp.mailfrom="x; dmarc=pass header.from=example.org"', "none"),
        ("mx.shop.example; spf=none (helo=x; dmarc=pass header.from=example.org)", "none"),
        ("mx.shop.example; dmarc=fail (why\\); dmarc=pass) header.from=example.org", "fail"),
        (f"mx.shop.example.evil.example; {PASS}", "none"),
        (f"evil.example mx.shop.example; {PASS}", "none"),
    ],
)
def test_what_the_server_says(result: str, said: str) -> None:
    assert verdict([result], "mx.shop.example", ANNA) == said


def test_a_header_that_came_with_the_mail_vouches_for_nobody() -> None:
    forged = f"mx.shop.example; {PASS}"
    assert verdict(["mx.shop.example; dkim=none", forged], "mx.shop.example", ANNA) == "none"
    assert verdict(["mx.shop.example; dmarc=fail header.from=example.org", forged], "mx.shop.example", ANNA) == "fail"
    assert verdict([f"mx.evil.example; {PASS}"], "mx.shop.example", ANNA) == "none"


def test_servers_that_say_spf_and_dmarc_apart_may_doubt_him() -> None:
    spoken = ["mx.shop.example; spf=pass", "mx.shop.example; dmarc=fail header.from=example.org"]
    assert verdict(spoken, "mx.shop.example", ANNA) == "fail"


def test_where_no_server_is_named_none_is_believed() -> None:
    assert verdict([f"mx.shop.example; {PASS}", f"; {PASS}"], "", ANNA) == "none"


def test_a_domain_is_the_same_however_it_is_written() -> None:
    passed = "mx.shop.example; dmarc=pass header.from=xn--80aswg.xn--p1ai"
    assert verdict([passed], "mx.shop.example", "anna@сайт.рф") == "pass"


@given(st.lists(st.text(alphabet='mx.shopexample;=()"\\ dmarcpsfail', max_size=200), max_size=4))
def test_anything_can_be_read(results: list[str]) -> None:
    assert verdict(results, "mx.shop.example", ANNA) in {"pass", "fail", "none"}
