"""Addresses in all their forms."""

import pytest

from connectors.email.parsing.addresses import Address, addresses, sender_of
from connectors.email.parsing.headers import Headers
from tests.connectors.email.mails import encoded

IVAN = Address("ivan@mail.example", "Иван Петров")
BARE = Address("ivan@mail.example")


def written(text: str, charset: str = "utf-8") -> str:
    """Raw letters the way a header holds them."""
    return text.encode(charset).decode("latin-1")


@pytest.mark.parametrize(
    "value",
    [
        "Иван Петров <ivan@mail.example>",
        '"Иван Петров" <ivan@mail.example>',
        "'Иван Петров' <ivan@mail.example>",
        "\"'Иван Петров'\" <ivan@mail.example>",
        "Иван Петров<ivan@mail.example>",
        "ivan@mail.example (Иван Петров)",
        "<ivan@mail.example> (Иван Петров)",
        "Иван Петров ivan@mail.example",
        "Иван Петров [ivan@mail.example]",
        "Иван Петров <mailto:ivan@mail.example>",
        "Иван Петров <<ivan@mail.example>>",
        "Иван Петров <ivan@mail.example",
        '"Иван Петров <ivan@mail.example>',
        "Иван Петров <ivan @ mail.example>",
        "ivan@mail.example <Иван Петров>",
        "Иван Петров <@relay.example:ivan@mail.example>",
        f"{encoded('Иван Петров')} <ivan@mail.example>",
        f"{encoded('Иван Петров', 'koi8-r', 'Q')}<ivan@mail.example>",
        f'"{encoded("Иван Петров", "windows-1251")}" <ivan@mail.example>',
        encoded("Иван Петров <ivan@mail.example>"),
        f"ivan@mail.example ({encoded('Иван Петров')})",
    ],
)
def test_one_person_in_many_forms(value: str) -> None:
    assert addresses(written(value)) == (IVAN,)
    assert sender_of(Headers([("from", written(value))])) == IVAN


@pytest.mark.parametrize("charset", ["cp1251", "koi8-r"])
def test_a_raw_name(charset: str) -> None:
    assert addresses(written('"Иван Петров" <ivan@mail.example>', charset)) == (IVAN,)


@pytest.mark.parametrize(
    "value",
    [
        "ivan@mail.example",
        "<ivan@mail.example>",
        '"ivan@mail.example"',
        "'ivan@mail.example' <ivan@mail.example>",
        "mailto:ivan@mail.example",
        "ivan@mail.example <ivan@mail.example>",
        "ivan @ mail . example",
        '"" <ivan@mail.example>',
        "ivan@mail.example.",
    ],
)
def test_an_address_without_a_name(value: str) -> None:
    assert addresses(value) in {(BARE,), (Address("ivan@mail.example", ""),)}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ('"Petrov, Ivan" <a@b.c>, d@e.f', [("a@b.c", "Petrov, Ivan"), ("d@e.f", "")]),
        ("Petrov, Ivan <a@b.c>", [("a@b.c", "Petrov, Ivan")]),
        (f"{encoded('Petrov, Ivan', 'utf-8', 'Q')} <a@b.c>", [("a@b.c", "Petrov, Ivan")]),
        ("=?utf-8?Q?Petrov, Ivan?= <a@b.c>", [("a@b.c", "Petrov, Ivan")]),
        ("a@b.c; d@e.f; Foo <g@h.i>", [("a@b.c", ""), ("d@e.f", ""), ("g@h.i", "Foo")]),
        ("a@b.c,, ,d@e.f,", [("a@b.c", ""), ("d@e.f", "")]),
        ("Team: a@b.c, D <d@e.f>;", [("a@b.c", ""), ("d@e.f", "D")]),
        ("undisclosed-recipients:;", []),
        ("Sales: the team <a@b.c>", [("a@b.c", "Sales: the team")]),
        ("a@b.c, A@B.C", [("a@b.c", "")]),
        ("Mailer (the (nested) one) <a@b.c>", [("a@b.c", "Mailer")]),
        ('"Foo \\"Bar\\"" <a@b.c>', [("a@b.c", 'Foo "Bar"')]),
        ('"OOO "Romashka"" <a@b.c>', [("a@b.c", 'OOO "Romashka"')]),
        ('""Romashka" OOO" <a@b.c>, "B" <d@e.f>', [("a@b.c", "Romashka OOO"), ("d@e.f", "B")]),
        ('"B"<d@e.f>,"C"<g@h.i>', [("d@e.f", "B"), ("g@h.i", "C")]),
        ("Pat O'Neil <a@b.c>", [("a@b.c", "Pat O'Neil")]),
        ("Pete <pete(his account)@silly.test(his host)>", [("pete@silly.test", "Pete")]),
        ("nobody, nothing", []),
        ("", []),
        ("<>", []),
        ("@", []),
        ("a@", []),
    ],
)
def test_lists(value: str, found: list[tuple[str, str]]) -> None:
    assert [(one.address, one.name) for one in addresses(value)] == found


def test_a_name_with_quotes_in_it_keeps_them() -> None:
    assert addresses(encoded('ООО «Рога» и "Копыта"') + " <a@b.c>")[0].name == 'ООО «Рога» и "Копыта"'
    assert addresses(written('"ООО "Ромашка"" <a@b.c>', "cp1251"))[0].name == 'ООО "Ромашка"'


def test_an_address_of_any_letters() -> None:
    assert addresses(written("Иван <иван@почта.рф>")) == (Address("иван@почта.рф", "Иван"),)
    assert addresses(written("иван@почта.рф")) == (Address("иван@почта.рф"),)


def test_of_many_recipients_the_first_ones_are_kept() -> None:
    many = ", ".join(f"a{number}@b.c" for number in range(500))
    assert [one.address for one in addresses(many)] == [f"a{number}@b.c" for number in range(40)]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([("reply-to", "a@b.c")], Address("a@b.c")),
        ([("return-path", "<a@b.c>")], Address("a@b.c")),
        ([("from", "Ivan"), ("reply-to", "a@b.c")], Address("a@b.c", "Ivan")),
        ([("from", "Ivan Petrov"), ("return-path", "<>"), ("sender", "a@b.c")], Address("a@b.c", "Ivan Petrov")),
        ([("from", "MAILER-DAEMON"), ("return-path", "<>")], Address("MAILER-DAEMON")),
        ([("from", "Mail System <MAILER-DAEMON>")], Address("MAILER-DAEMON", "Mail System")),
        ([("from", "Ivan Petrov")], Address("", "Ivan Petrov")),
        ([("from", ""), ("from", "a@b.c")], Address("a@b.c")),
        ([("from", "a@b.c, d@e.f")], Address("a@b.c")),
        ([("from", "<>")], None),
        ([], None),
    ],
)
def test_who_the_sender_is(lines: list[tuple[str, str]], found: Address | None) -> None:
    assert sender_of(Headers(lines)) == found


def test_a_name_holds_nothing_unseen() -> None:
    tricky = encoded("Иван\r\nBcc: all@x\u202egnp\u200b\x00")
    assert addresses(f"{tricky} <a@b.c>") == (Address("a@b.c", "Иван Bcc: all@xgnp"),)


def test_a_name_and_an_address_are_not_endless() -> None:
    (found,) = addresses(written(f"{'я' * 2000} <a@b.c>"))
    assert found == Address("a@b.c", "я" * 200)
    assert addresses(f"<{'a' * 900}@b.c>") == ()
