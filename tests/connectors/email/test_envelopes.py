"""What mails become: who wrote, what is newly written, what it may answer, and what kind of mail it is."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from connectors.base import DeliveryReport, Envelope, Message, Proof
from connectors.email.envelopes import envelopes_of, stub
from connectors.email.raws import Known
from connectors.email.reading import reading_of
from connectors.email.settings import EmailSettings

AT = datetime(2026, 11, 30, 10, 0, tzinfo=UTC)
CAME = Known(at=int(AT.timestamp()))
KEY = "INBOX:7:42"
SETTINGS = EmailSettings(kind="email", address="Shop@example.org", authserv_id="mx.example.org")
# Without a server that looks into senders.
OPEN = SETTINGS.model_copy(update={"authserv_id": ""})
BASE = {"From": "Anna <Anna@Example.org>", "Subject": "order", "Message-ID": "<m1@example.org>"}


def mail(body: str = "Where is it?", **headers: str) -> bytes:
    lines = {**BASE, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return "".join(f"{name}: {value}\r\n" for name, value in lines.items()).encode() + b"\r\n" + body.encode()


def envelopes(data: bytes, known: Known = CAME) -> list[Envelope]:
    return envelopes_of(KEY, known, reading_of(data), SETTINGS)


def message(data: bytes, known: Known = CAME) -> Message:
    (found,) = envelopes(data, known)
    assert isinstance(found, Message)
    return found


def test_a_mail_is_a_message_of_its_sender() -> None:
    found = message(mail())
    assert (found.external_id, found.text, found.direction) == (KEY, "Where is it?", "in")
    assert (found.sender.address, found.sender.name, found.sender.email) == (
        "anna@example.org", "Anna", "anna@example.org",
    )  # fmt: skip
    assert not found.sender.proofs, "anybody can write a From"
    assert (found.data, found.original) == ({"subject": "order"}, True)
    assert (found.automatic, found.history) == (False, False)
    assert found.aliases == ("<m1@example.org>", "<m1@example.org> anna@example.org")
    assert found.thread == {"id": "m1@example.org", "subject": "order"}


def test_no_id_stands_for_another_mail() -> None:
    for key in (KEY, f"import:{'0' * 64}"):
        assert key not in message(mail(Message_ID=f"<{key}>")).aliases


def test_nobody_is_not_somebody_without_an_address() -> None:
    found = message(mail(From="Anna from the shop"))
    assert (found.sender.address, found.sender.name) == ("unknown@invalid (unproven)", "Anna from the shop")


def test_it_may_answer_what_it_names_the_nearest_first() -> None:
    found = message(mail(In_Reply_To="<c@x>", References="<a@x> <b@x> <c@x>"))
    assert found.answers[1::2] == ("<c@x>", "<b@x>", "<a@x>")


def test_the_address_it_came_to_tells_most() -> None:
    data = mail(To="Shop+t0k@example.org, anna+x@example.org", Cc="shop@example.org", In_Reply_To="<c@x>")
    (found,) = envelopes_of(KEY, CAME, reading_of(data), SETTINGS)
    assert isinstance(found, Message)
    assert found.answers == ("+t0k", "<c@x> anna@example.org", "<c@x>")


def test_what_is_not_new_is_cut_and_kept() -> None:
    found = message(mail("It came, thanks!\r\n\r\nOn 3 Nov 2025, Shop wrote:\r\n> It is on its way\r\n"))
    assert found.text.strip() == "It came, thanks!"
    assert found.data is not None
    whole, cuts = found.data["whole"]["text"], found.data["whole"]["cuts"]
    assert "> It is on its way" in whole
    assert all("thanks" not in whole[start:end] for start, end in cuts)


def test_it_was_written_when_it_says_as_far_as_that_can_be() -> None:
    def at(date: str) -> datetime:
        return message(mail(Date=date)).sent_at

    assert at("Mon, 30 Nov 2026 12:50:00 +0300") == AT - timedelta(minutes=10)
    assert at("Mon, 30 Nov 2026 23:00:00 +0000") == AT, "ahead of its arrival"
    assert at("Mon, 30 Nov 1970 10:00:00 +0000") == AT
    assert at("yesterday") == AT


def test_a_form_of_our_own_site_writes_for_a_client() -> None:
    form = mail(From="Shop <shop@example.org>", Reply_To="Boris <boris@example.org>")
    (found,) = envelopes_of(KEY, CAME, reading_of(form), SETTINGS)
    assert isinstance(found, Message)
    assert (found.sender.address, found.sender.name) == ("boris@example.org (unproven)", "Boris")
    assert found.ours, "it may be one of our own letters all the same"
    assert message(mail(Reply_To="eve@example.org")).sender.address == "anna@example.org", "eve gets no answer"


def found_by(result: str, **headers: str) -> Message:
    return message(mail(Authentication_Results=f"mx.example.org; {result}", **headers))


def test_who_passes_is_known_for_sure() -> None:
    passed = "dmarc=pass header.from=example.org"
    assert found_by(passed).sender.proofs == (Proof("email", "anna@example.org"),)
    form = {"From": "Shop <shop@example.org>", "Reply_To": "Boris <boris@example.org>"}
    assert found_by(passed, **form).sender.address == "boris@example.org"
    assert found_by(passed, **form).sender.proofs == (), "nobody asked him"


def test_who_fails_is_somebody_else_until_people_say_so() -> None:
    found = found_by("dmarc=fail header.from=example.org")
    assert (found.sender.address, found.claimed) == ("anna@example.org (unproven)", "anna@example.org")
    assert (found.sender.email, found.sender.proofs, found.sender.profile) == ("", (), None)
    assert not message(mail(Authentication_Results="mx.other.example; dmarc=fail")).claimed


def test_a_form_in_our_name_that_fails_is_no_form() -> None:
    found = found_by("dmarc=fail header.from=example.org", From="shop@example.org", Reply_To="eve@example.com")
    assert found.claimed == "shop@example.org"


@pytest.mark.parametrize("headers", [{"X_Loop": "shop@example.org"}, {"Received": "x\r\nReceived: ".join(["by"] * 52)}])
def test_what_goes_in_circles_is_taken_for_a_machine_s(headers: dict[str, str]) -> None:
    found = message(mail(**headers))
    assert found.automatic
    assert found.data is not None
    assert found.data["mail"] == "auto"
    assert not message(mail(X_Loop="other@example.org")).automatic


def test_a_key_cannot_be_made_to_look_like_another_mail_s() -> None:
    """Or whoever names a mail to come by its place in the mailbox would have it taken for a repeat."""
    assert message(mail(Message_ID="<INBOX:7:43>")).aliases[0] == "<INBOX:7:43>"
    assert "+token" not in message(mail(In_Reply_To="<+token>")).answers


def test_a_mail_without_text_says_so() -> None:
    assert message(mail("")).text == "[Письмо без текста: order]"


def test_what_machines_write_is_marked() -> None:
    found = message(mail(Auto_Submitted="auto-replied"))
    assert found.automatic
    assert found.data is not None
    assert found.data["mail"] == "auto"


def test_a_mailing_list_brings_what_clients_write() -> None:
    found = message(mail(List_Id="<support.example.org>"))
    assert not found.automatic
    assert found.data is not None
    assert found.data["mail"] == "bulk"


def test_a_delivery_that_is_still_tried_has_not_failed() -> None:
    report = (
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n'
        "From: MAILER-DAEMON@mx.example.org\r\nSubject: Delayed\r\n\r\n"
        "--b\r\n\r\nStill trying.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n"
        "Final-Recipient: rfc822; anna@example.org\r\nAction: delayed\r\nStatus: 4.4.1\r\n"
        "--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <ours@shop>\r\n\r\nhello\r\n--b--\r\n"
    )
    assert all(isinstance(each, Message) for each in envelopes(report.encode()))


def test_a_bounce_is_told_at_the_reply_that_came_back() -> None:
    report = (
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n'
        "From: MAILER-DAEMON@mx.example.org\r\nSubject: Undelivered\r\nMessage-ID: <b1@mx>\r\n\r\n"
        "--b\r\n\r\nIt came back.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n"
        "Final-Recipient: rfc822; anna@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <ours@shop>\r\nSubject: x\r\n\r\nhello\r\n--b--\r\n"
    )
    told, shown = envelopes(report.encode())
    assert told == DeliveryReport("<ours@shop>", "failed", AT, "anna@example.org")
    assert isinstance(shown, Message)
    assert shown.automatic


def test_files_keep_their_content_ids() -> None:
    page = '--b\r\nContent-Type: text/html\r\n\r\nhello <img src="cid:i1@x">\r\n'
    picture = "--b\r\nContent-Type: image/png\r\nContent-ID: <i1@x>\r\n\r\nx\r\n"
    bare = '--b\r\nContent-Type: text/csv; name="a.csv"\r\n\r\ny\r\n--b--\r\n'
    found = message(mail(page + picture + bare, Content_Type='multipart/related; boundary="b"'))
    assert [(file.type, file.key) for file in found.files] == [("image/png", "i1@x"), ("text/csv", "")]
    assert found.data is not None
    assert "cid:i1@x" in found.data["whole"]["html"]


def test_of_one_that_is_too_large_people_are_told() -> None:
    found = message(mail(""), Known(at=CAME.at, cut=60_000_000))
    assert found.data is not None
    assert "60000000" in found.data["notes"][0]


def test_of_one_that_cannot_be_read_people_are_told() -> None:
    (found,) = stub(KEY, CAME, "anna@example.org", "too much", OPEN)
    assert isinstance(found, Message)
    assert "too much" in found.text
    assert (found.sender.address, found.original) == ("anna@example.org", True)
    (refused,) = stub(KEY, replace(CAME, refused="no"), "anna@example.org", "no", OPEN)
    assert isinstance(refused, Message)
    assert not refused.original, "its server does not give it"
