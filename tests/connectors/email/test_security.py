"""What strangers try, and what it must not get them: another client's dialog, his answers, or our machines."""

import base64
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.email.raws import Known, raw_of
from connectors.email.reading import Reading
from connectors.email.sandbox.reader import Reader, Unreadable
from pipeline.stitch import Parsed, stitch
from storage.db import Database
from storage.outbox import OUTBOX
from storage.talk import EPISODES
from tests.connectors.email.shop import SERVER, Shop, mail
from tests.fakes.smtp import USER, SmtpServer

ANNA, EVE = "anna@example.org", "eve@example.com"
PASS = f"{SERVER}; dmarc=pass header.from=example.org"


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server
    assert server.complaints == []


@pytest.fixture
def shop(db: Database, tmp_path: Path, server: SmtpServer) -> Iterator[Shop]:
    shop = Shop(db, tmp_path, server, plus_addressing=True)
    yield shop
    shop.close()


@pytest.fixture
def dialog(shop: Shop) -> int:
    """Anna's, in which she asked."""
    shop.comes(mail(ANNA, "where is it?", Message_ID="<a1@example.org>"))
    return shop.dialog_of(ANNA)


def apart(shop: Shop, dialog: int, *, claims: int | None) -> None:
    """Whoever wrote last is in a dialog of his own, and no word of his in this one."""
    last = shop.messages()[-1]
    assert last.dialog_id != dialog
    assert last.reply_to is None
    assert last.data.get("claims") == claims
    assert last.text.strip() not in shop.in_dialog(dialog)


# ---- keys of threads ----


def test_a_forged_message_id_of_ours_leads_nowhere(shop: Shop, dialog: int) -> None:
    real = shop.replies(dialog)["Message-ID"]
    name, _, rest = real.partition(".")
    shop.comes(mail(EVE, "let me in", In_Reply_To=f"{name}.{'0' * 32}{rest[32:]}"))
    apart(shop, dialog, claims=None)


@pytest.mark.parametrize("way", ["In_Reply_To", "References"])
def test_a_forwarded_message_id_lets_no_stranger_in(shop: Shop, dialog: int, way: str) -> None:
    shop.comes(mail(EVE, "anna sent me this", **{way: shop.replies(dialog)["Message-ID"]}))
    apart(shop, dialog, claims=dialog)
    shop.replies(shop.dialog_of(EVE))
    shop.replies(dialog)
    assert [each.recipients for each in shop.server.mails] == [(ANNA,), (EVE,), (ANNA,)]


def test_a_leaked_address_of_answers_lets_no_stranger_in(shop: Shop, dialog: int) -> None:
    address = shop.replies(dialog)["Reply-To"]
    assert address != USER
    shop.comes(mail(EVE, "I found this address", To=address))
    apart(shop, dialog, claims=dialog)
    shop.comes(mail(ANNA, "thanks", To=address))
    assert shop.in_dialog(dialog) == ["where is it?", "on its way", "thanks"]


@pytest.mark.parametrize("subject", ["Re: order [#1]", "[Ticket#1] order", "Re: [1]", "Re: order"])
def test_a_guessed_number_in_the_subject_means_nothing(shop: Shop, dialog: int, subject: str) -> None:
    shop.comes(mail(EVE, "me too", Subject=subject))
    apart(shop, dialog, claims=None)


def test_a_guessed_or_forwarded_tag_in_the_subject_lets_no_stranger_in(
    db: Database, tmp_path: Path, server: SmtpServer
) -> None:
    shop = Shop(db, tmp_path, server, subject_tag=True)
    shop.comes(mail(ANNA, "where is it?"))
    dialog = shop.dialog_of(ANNA)
    subject = shop.replies(dialog)["Subject"]
    tag = subject.removeprefix("Re: order ")
    shop.comes(mail(EVE, "me too", Subject=f"Re: order {tag}"))
    apart(shop, dialog, claims=dialog)
    shop.comes(mail(EVE, "and me", Subject="Re: order [#0123456789]"))
    apart(shop, dialog, claims=None)
    shop.comes(mail(ANNA, "thanks", Subject=f"AW: order {tag} {tag}"))
    assert shop.messages()[-1].reply_to == shop.messages()[1].id
    again = shop.replies(dialog)["Subject"]
    assert again.startswith("Re: order [#")
    assert again.count("[#") == 1
    assert again != subject
    shop.close()


def test_a_message_id_sent_ahead_of_the_victim_s_takes_nothing_from_him(shop: Shop) -> None:
    shop.comes(mail(EVE, "first!", Message_ID="<next@example.org>"))
    shop.comes(mail(ANNA, "where is it?", Message_ID="<next@example.org>"))
    dialog = shop.dialog_of(ANNA)
    assert shop.in_dialog(dialog) == ["where is it?"]
    answer = shop.replies(dialog)
    assert (answer["To"], answer["In-Reply-To"]) == (ANNA, "<next@example.org>")
    shop.comes(mail(ANNA, "and more", In_Reply_To="<next@example.org>"))
    last = shop.messages()[-1]
    assert (last.dialog_id, last.data.get("claims")) == (dialog, None)
    assert last.reply_to == next(row.id for row in shop.messages() if row.dialog_id == dialog)


def test_a_message_id_that_poses_as_the_place_of_a_mail_to_come_takes_nothing(shop: Shop) -> None:
    shop.comes(mail(EVE, "first!", Message_ID="<INBOX:7:5>", References="INBOX:7:5"))
    raw = raw_of("INBOX:7:5", Known(at=1_790_000_000), mail(ANNA, "where is it?"))
    with shop.db.begin() as tx:
        parsed = Parsed("mail", shop.channels["mail"].parse(raw))
        # As when some of a batch may be there already.
        stitch(tx, [parsed], shop.channels.settings, repeats=True)
    assert shop.in_dialog(shop.dialog_of(ANNA)) == ["where is it?"]


# ---- who somebody is ----


def test_who_forges_a_sender_is_held_apart(shop: Shop, dialog: int) -> None:
    real = shop.replies(dialog)["Message-ID"]
    forged = mail(f"Anna <{ANNA}>", "pay to another account", In_Reply_To=real)
    shop.comes(f"Authentication-Results: {SERVER}; dmarc=fail (p=REJECT) header.from=example.org\r\n".encode() + forged)
    apart(shop, dialog, claims=dialog)
    assert shop.messages()[-1].data["held"] is True
    assert shop.replies(dialog)["In-Reply-To"] == "<a1@example.org>", "nothing of the forger's is answered"


def test_a_forged_mail_that_cannot_be_read_is_held_too(
    shop: Shop, dialog: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def much(*_: object) -> Reading:
        raise Unreadable("too much")

    monkeypatch.setattr(Reader, "read", much)
    forged = mail(ANNA, "you will not read this")
    shop.comes(f"Authentication-Results: {SERVER}; dmarc=fail header.from=example.org\r\n".encode() + forged)
    apart(shop, dialog, claims=dialog)
    assert "too much" in shop.messages()[-1].text


def test_forged_findings_of_our_server_prove_nothing(shop: Shop) -> None:
    """Or a stranger could join the client who proved that address elsewhere."""
    shop.comes(mail(ANNA, "it is me", Authentication_Results=PASS))
    proven = shop.messages()[-1]
    forged = mail("anna@example.org", "it is me too", Authentication_Results=PASS)
    shop.comes(f"Authentication-Results: {SERVER}; dmarc=fail header.from=example.org\r\n".encode() + forged)
    apart(shop, proven.dialog_id, claims=proven.dialog_id)
    shop.comes(
        f"Authentication-Results: {SERVER}; spf=none\r\n".encode() + mail(EVE, "hi", Authentication_Results=PASS)
    )
    apart(shop, proven.dialog_id, claims=None)


def test_a_second_sender_behind_the_one_that_passes_is_not_believed(shop: Shop, dialog: int) -> None:
    two = f"From: {EVE}\r\n".encode() + mail(ANNA, "it is me")
    shop.comes(f"Authentication-Results: {SERVER}; dmarc=pass header.from=example.com\r\n".encode() + two)
    assert shop.in_dialog(dialog) == ["where is it?"]


def test_strangers_in_copy_get_nothing_and_get_nowhere(shop: Shop) -> None:
    shop.comes(mail(ANNA, "where is it?", Cc=f"{EVE}, Bob <bob@example.net>", Message_ID="<a1@example.org>"))
    dialog = shop.dialog_of(ANNA)
    answer = shop.replies(dialog)
    assert (answer["To"], answer["Cc"]) == (ANNA, None)
    shop.comes(mail(EVE, "I was in copy", In_Reply_To="<a1@example.org>"))
    apart(shop, dialog, claims=dialog)
    assert shop.recipients() == {ANNA}


def test_an_answer_goes_where_the_sender_is_and_nowhere_else(shop: Shop) -> None:
    shop.comes(mail(ANNA, "where is it?", Reply_To=EVE))
    assert shop.replies(shop.dialog_of(ANNA))["To"] == ANNA


@pytest.mark.parametrize(
    "sender",
    [
        f"{EVE} {ANNA}",
        f"<{EVE}> <{ANNA}>",
        f"{EVE}:{ANNA};",
        "=?utf-8?q?anna=40example.org?=",
        f"Anna <>\r\nReply-To: {ANNA}",
        f"Anna\r\nReply-To: {ANNA}",
    ],
)
@pytest.mark.parametrize("finding", ["dmarc=none header.from=example.com", "dmarc=none", "spf=pass"])
def test_a_sender_our_server_did_not_judge_is_not_believed(shop: Shop, dialog: int, sender: str, finding: str) -> None:
    shop.comes(f"Authentication-Results: {SERVER}; {finding}\r\n".encode() + mail(sender, "it is me"))
    assert shop.in_dialog(dialog) == ["where is it?"]


def test_who_is_admitted_without_proof_stays_doubted_and_can_be_dismissed(shop: Shop, dialog: int) -> None:
    fail = f"Authentication-Results: {SERVER}; dkim=pass header.d=list.example.net; dmarc=fail\r\n".encode()
    bare = f"Authentication-Results: {SERVER}; dmarc=fail\r\n".encode()
    shop.comes(fail + mail(ANNA, "by a list"), bare + mail(ANNA, "by nobody"))
    for message in shop.messages()[1:]:
        shop.admit(dialog, message.id)
    shop.comes(fail + mail(ANNA, "by the list again"), bare + mail(ANNA, "by nobody again"))
    known, anybody = shop.messages()[-2:]
    assert {known.dialog_id, anybody.dialog_id} == {dialog}
    assert not known.data.get("held"), "the list vouches for him, and no other forger has it"
    assert anybody.data["held"] is True
    shop.admit(dialog, shop.messages()[1].id, away=True)
    shop.comes(fail + mail(ANNA, "once more"))
    apart(shop, dialog, claims=dialog)


# ---- what goes back out ----


def encoded(text: str) -> str:
    return f"=?utf-8?b?{base64.b64encode(text.encode()).decode()}?="


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\u2028", "\x85", "\x0b", "\0"])
def test_a_subject_cannot_write_headers(shop: Shop, break_: str) -> None:
    evil = f"order{break_}Bcc: {EVE}{break_}{break_}body"
    shop.comes(mail(f"{encoded(evil)} <{ANNA}>", "hello", Subject=encoded(evil), Message_ID=encoded(f"<x{break_}@y>")))
    answer = shop.replies(shop.dialog_of(ANNA))
    assert answer["Bcc"] is None
    assert set(answer.keys()) <= {
        "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "MIME-Version",
        "X-Loop", "Content-Type",
    }  # fmt: skip
    assert shop.server.mails[-1].recipients == (ANNA,)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system.ini", "system.ini"),
        ("/etc/cron.d/evil", "evil"),
        ("..", None),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("in\u200bvo\u200dice\ufeff.pdf", None),
        ("a\0b\r\nc.txt", None),
        ("x" * 8000 + ".pdf", None),
        ("д" * 4000 + ".docx", None),
        ("CON", None),
        ("", None),
    ],
)
def test_names_of_files_are_fit_to_show_and_to_save(shop: Shop, written: str, shown: str | None) -> None:
    parts = (
        f"--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment;\r\n"
        f" filename*=utf-8''{''.join(f'%{byte:02X}' for byte in written.encode())}\r\n\r\ncontent\r\n--b--\r\n"
    )
    head = f"From: {ANNA}\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    shop.comes((head + parts).encode())
    (name,) = shop.files()
    assert name
    assert name not in {".", ".."}
    assert not set(name) & set("/\\\0\r\n")
    assert not any(unicodedata.category(letter) in {"Cc", "Cf", "Cs"} for letter in name)
    assert len(name.encode()) <= 255
    if "." in written.strip("."):
        assert name.endswith(written.rpartition(".")[2][-4:])
    if shown:
        assert name == shown


# ---- circles ----


def test_our_own_mail_that_comes_back_is_not_shown_again(shop: Shop, dialog: int) -> None:
    shop.replies(dialog)
    shop.comes(shop.server.mails[-1].data)
    assert shop.in_dialog(dialog) == ["where is it?", "on its way"]
    assert len(shop.messages()) == 2


def test_our_words_are_ours_wherever_they_lie(db: Database, tmp_path: Path, server: SmtpServer) -> None:
    """In the folder of sent ones, in copy to ourselves, in a file, or under an id another server gave them."""
    shop = Shop(db, tmp_path, server, imap={"sent": "Sent"})
    shop.comes(mail(ANNA, "where is it?", Message_ID="<a1@example.org>"))
    dialog = shop.dialog_of(ANNA)
    elsewhere = mail(f"Olga <{USER}>", "it comes", To=f"Anna <{ANNA}>", Cc=USER, Message_ID="<o1@shop>")
    shop.comes(elsewhere, folder="Sent")
    passed = f"{SERVER}; dmarc=pass header.from=example.org"
    shop.comes(f"Authentication-Results: {passed}\r\n".encode() + elsewhere)
    shop.comes(mail(USER, "in a file", To=ANNA, Message_ID="<o2@shop>"), folder="import")
    answer = shop.replies(dialog)
    renamed = shop.server.mails[-1].data.replace(answer["Message-ID"].encode(), b"<other@server>")
    shop.comes(renamed, folder="Sent")
    assert sorted(shop.in_dialog(dialog)) == ["in a file", "it comes", "on its way", "where is it?"]
    assert len(shop.messages()) == 4
    shop.close()


def test_a_mail_to_ourselves_goes_in_no_circle(shop: Shop) -> None:
    shop.comes(mail(USER, "note to self"))
    shop.replies(shop.dialog_of(USER), "seen")
    for _ in range(3):
        shop.comes(shop.server.mails[-1].data)
        shop.deliver()
    assert [row.text.strip() for row in shop.messages()] == ["note to self", "seen"]


def test_a_form_that_writes_in_our_name_is_kept(shop: Shop) -> None:
    passed = f"{SERVER}; dmarc=pass header.from=example.org"
    form = {"Reply_To": ANNA, "Message_ID": "<form-1@shop.example>"}
    shop.comes(mail(USER, "a question", Authentication_Results=passed, **form))
    shop.comes(mail(USER, "another one", Authentication_Results=passed, **form))
    dialog = shop.dialog_of(ANNA)
    assert shop.in_dialog(dialog) == ["a question", "another one"]
    shop.comes(mail(USER, "in your name", **form))
    apart(shop, dialog, claims=dialog)


@pytest.mark.parametrize(
    "told",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Subject": "Автоответ: order"},
        {"X_Autoreply": "yes"},
        {"X_Loop": USER},
        {"Precedence": "auto_reply"},
    ],
)
def test_two_machines_do_not_talk_for_ever(shop: Shop, dialog: int, told: dict[str, str]) -> None:
    answer = shop.replies(dialog)
    shop.resolve()
    for number in range(20):
        shop.comes(mail(ANNA, f"on holiday {number}", In_Reply_To=answer["Message-ID"], **told))
        shop.deliver()
    assert len(shop.in_dialog(dialog)) == 22, "stored all the same"
    assert {row.status for row in shop.rows(EPISODES)} == {"resolved"}
    assert len(shop.rows(OUTBOX)) == 1
    assert len(shop.server.mails) == 1


def test_a_bounce_that_nobody_of_ours_caused_is_told_at_no_reply(shop: Shop, dialog: int) -> None:
    shop.replies(dialog)
    report = (
        "From: MAILER-DAEMON@mx.example.org\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\n\r\nIt came back.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        "Final-Recipient: rfc822; anna@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <guessed@example.org>\r\n\r\nx\r\n--b--\r\n"
    )
    shop.comes(report.encode())
    assert not any((row.data or {}).get("delivery") for row in shop.messages())
    assert shop.in_dialog(dialog) == ["where is it?", "on its way"]
