"""Mail goes out secured as set, under our id, to one reader, and tells "later" from "never"."""

from datetime import UTC, datetime
from email.headerregistry import Address
from email.parser import BytesParser
from email.policy import default
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.servers.environment import settings_for
from tests.servers.mail_catcher import MailCatcher, catching_mail, trusting
from webapp.adapters.delivery import ChannelAway, Delayed, Letter, Undeliverable
from webapp.adapters.mail import SmtpMail, as_message
from webapp.adapters.message_files import MessageFiles
from webapp.config_messages import SmtpServer

URL = "https://anlo.mot-huyen-co-ten-rat-dai.example.vn/m/" + "7" * 39
SENDER = Address("An Lộ", "an-lo", "example.vn")


def letter(**changes: str) -> Letter:
    """Return a letter to somebody."""
    plain = {
        "id": "6f1d2c3b-0000-5000-8000-000000000001",
        "kind": "resolved",
        "to": "nguoi.dan@example.vn",
        "subject": "Vụ việc NH-2026-00042 đã xử lý xong",
        "text": f"UBND xã Vĩnh Hải báo đã xử lý xong.\n\nXem ảnh: {URL}\n",
        "html": f'<p>UBND xã Vĩnh Hải báo đã xử lý xong.</p><p><a href="{URL}">{URL}</a></p>',
        "short": "An Lộ: xong.",
        "unsubscribe_url": URL,
    }
    return Letter(**(plain | changes), written_at=datetime(2026, 6, 18, 7, 32, 5, 9, tzinfo=UTC))


def server_of(catcher: MailCatcher, **changes: object) -> SmtpServer:
    """Return the settings that lead to a catcher."""
    plain = {"security": catcher.security, "sender": SENDER}
    return SmtpServer(**({"host": "127.0.0.1", "port": catcher.port} | plain | changes))


def mail_to(catcher: MailCatcher, **changes: object) -> SmtpMail:
    """Return what carries letters to a catcher."""
    return SmtpMail(server_of(catcher, **changes), timeout_s=5, trust=trusting())


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_a_letter_arrives_as_it_was_written(security: str) -> None:
    with catching_mail(security) as catcher:
        mail_to(catcher).carry(letter())
    [caught] = catcher.caught
    message = caught.message
    assert (caught.sender, caught.to) == ("an-lo@example.vn", ("nguoi.dan@example.vn",))
    assert message["Message-ID"] == f"<{letter().id}@example.vn>"
    assert message["Subject"] == letter().subject
    assert message["From"] == "An Lộ <an-lo@example.vn>"
    assert message["Date"].datetime == letter().written_at.replace(microsecond=0)
    assert message["List-Unsubscribe"] == f"<{URL}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Auto-Submitted"] == "auto-generated"
    plain, html = message.get_body(["plain"]), message.get_body(["html"])
    assert plain is not None
    assert html is not None
    assert plain.get_content().replace("\r\n", "\n") == letter().text
    assert html.get_content().strip() == letter().html


def test_a_name_and_a_password_are_told_only_behind_the_lock() -> None:
    with catching_mail("starttls") as catcher:
        mail_to(catcher, user="an-lo", password="a password").carry(letter())
    said = [command.split(" ")[0].upper() for command in catcher.commands]
    assert said.index("STARTTLS") < said.index("AUTH")
    assert len(catcher.caught) == 1


def test_a_server_without_a_lock_gets_nothing_when_one_is_wanted() -> None:
    with catching_mail("none") as catcher, pytest.raises(ChannelAway):
        mail_to(catcher, security="starttls", user="an-lo", password="canary").carry(letter())
    assert not catcher.caught
    assert "canary" not in " ".join(catcher.commands)


def test_a_certificate_that_nobody_vouches_for_is_refused() -> None:
    with catching_mail("tls") as catcher, pytest.raises(ChannelAway):
        SmtpMail(server_of(catcher), timeout_s=5).carry(letter())
    assert not catcher.caught


@pytest.mark.parametrize(
    ("verb", "reply", "error"),
    [
        ("RCPT", "550 no such user nguoi.dan@example.vn", Undeliverable),
        ("RCPT", "450 nguoi.dan@example.vn: come later", Delayed),
        (".", "554 nguoi.dan@example.vn does not want this", Undeliverable),
        (".", "451 try again", Delayed),
        ("MAIL", "550 who are you", ChannelAway),
        ("EHLO", "421 too busy", ChannelAway),
        ("AUTH", "535 wrong password", ChannelAway),
    ],
)
def test_never_is_told_from_later_and_names_nobody(
    verb: str, reply: str, error: type[Exception]
) -> None:
    with catching_mail() as catcher:
        catcher.replies[verb] = reply
        if verb == "EHLO":
            catcher.replies["HELO"] = reply
        with pytest.raises(error) as refused:
            mail_to(catcher, user="an-lo", password="a password").carry(letter())
    assert refused.type is error
    assert "nguoi.dan" not in str(refused.value)
    assert refused.value.__suppress_context__
    assert not catcher.caught


def test_a_letter_that_was_taken_is_taken_however_the_server_says_goodbye() -> None:
    with catching_mail() as catcher:
        catcher.replies["QUIT"] = "500 no goodbye"
        mail_to(catcher).carry(letter())
    assert len(catcher.caught) == 1


def test_nobody_listens() -> None:
    with catching_mail() as catcher:
        gone = server_of(catcher)
    with pytest.raises(ChannelAway):
        SmtpMail(gone, timeout_s=1).carry(letter())


def test_a_server_that_is_silent_is_away() -> None:
    with catching_mail() as catcher:
        catcher.swallows = True
        with pytest.raises(ChannelAway):
            SmtpMail(server_of(catcher), timeout_s=0.5).carry(letter())


HEADERS = {
    *("message-id", "date", "from", "to", "subject", "list-unsubscribe", "list-unsubscribe-post"),
    *("auto-submitted", "mime-version", "content-type"),
}


@given(
    to=st.text(max_size=40) | st.text(max_size=20).map(lambda text: f"{text}@example.vn"),
    subject=st.text(max_size=200) | st.just("xong\r\nBcc: ai@example.vn\r\n\r\nkhác"),
    text=st.text(max_size=200),
)
def test_no_header_is_smuggled_in(to: str, subject: str, text: str) -> None:
    written = letter(to=to, subject=subject, text=text.encode(errors="ignore").decode())
    try:
        raw = bytes(as_message(written, SENDER))
    except (Undeliverable, UnicodeEncodeError):
        return
    message = BytesParser(policy=default).parsebytes(raw)
    assert {name.lower() for name in message} == HEADERS
    assert len(message.keys()) == len(HEADERS)
    assert [address.addr_spec for address in message["To"].addresses] == [to]


@pytest.mark.parametrize(
    "to",
    [
        "a@example.vn\r\nBcc: b@example.vn",
        "a@example.vn, b@example.vn",
        "A <a@example.vn>",
        "@route:a@example.vn",
        "a(comment)@example.vn",
        "a@b@example.vn",
        "a@[127.0.0.1]",
        "nobody",
        "",
        "a" * 250 + "@example.vn",
    ],
)
def test_what_is_not_one_plain_address_is_never_sent_to(to: str) -> None:
    with pytest.raises(Undeliverable):
        as_message(letter(to=to), SENDER)


def test_the_demonstration_writes_instead_of_sending(tmp_path: Path) -> None:
    files = MessageFiles(tmp_path / "mail", ".eml")
    files.carry(letter())
    files.carry(letter())
    [written] = (tmp_path / "mail").iterdir()
    assert written.name == f"{letter().id}.eml"
    assert written.stat().st_mode & 0o777 == 0o600
    message = BytesParser(policy=default).parsebytes(written.read_bytes())
    assert message["To"] == letter().to


def test_a_password_is_in_no_printed_setting(tmp_path: Path) -> None:
    settings = settings_for(
        "",
        tmp_path,
        ANLO_SMTP_URL="smtps://an-lo:canary@mail.example.vn",
        ANLO_MAIL_FROM="an-lo@example.vn",
    )
    assert "canary" not in repr(settings.messages)
