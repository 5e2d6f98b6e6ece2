"""Short messages are posted signed, under one id, and "never" is told from "later"."""

import hashlib
import hmac
import json
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.adapters.test_mail import letter
from tests.servers.hook_catcher import HookCatcher, catching_posts
from webapp.adapters.delivery import ChannelAway, Undeliverable
from webapp.adapters.message_files import MessageFiles
from webapp.adapters.message_hook import HookMessages
from webapp.config_messages import MessageHook

SECRET = "a secret of the gateway"
NOW = datetime(2026, 6, 18, 7, 32, 5, tzinfo=UTC)


def hook_to(catcher: HookCatcher) -> HookMessages:
    """Return what posts letters to a catcher."""
    return HookMessages(MessageHook(catcher.url, SECRET), lambda: NOW, timeout_s=5)


def test_a_message_is_posted_with_its_id_and_a_signature_that_can_be_checked() -> None:
    with catching_posts() as catcher:
        hook_to(catcher).carry(letter(to="0912345678"))
    [posted] = catcher.posted
    assert posted.path == "/send?by=sms"
    assert posted.words == {
        "id": letter().id,
        "kind": "resolved",
        "to": "0912345678",
        "text": "An Lộ: xong.",
    }
    assert posted.headers["Idempotency-Key"] == letter().id
    stamp = posted.headers["AnLo-Timestamp"]
    assert int(stamp) == NOW.timestamp()
    signed = hmac.new(SECRET.encode(), f"{stamp}.".encode() + posted.body, hashlib.sha256)
    assert posted.headers["AnLo-Signature"] == signed.hexdigest()


@pytest.mark.parametrize("status", [200, 201, 202, 204, 409])
def test_a_message_that_is_known_already_is_taken(status: int) -> None:
    with catching_posts() as catcher:
        catcher.status = status
        hook_to(catcher).carry(letter())
    assert [posted.words["id"] for posted in catcher.posted] == [letter().id]


@pytest.mark.parametrize("status", [301, 302, 401, 403, 404, 408, 429, 500, 502, 503])
def test_a_gateway_in_trouble_is_asked_again_later(status: int) -> None:
    with catching_posts() as catcher:
        catcher.status = status
        with pytest.raises(ChannelAway, match=str(status)):
            hook_to(catcher).carry(letter())
    # A redirection is not followed: it would hand a phone number to somebody else.
    assert len(catcher.posted) == 1


@pytest.mark.parametrize("status", [400, 410, 413, 422])
def test_a_message_that_will_never_do_is_given_up(status: int) -> None:
    with catching_posts() as catcher:
        catcher.status = status
        with pytest.raises(Undeliverable, match=str(status)):
            hook_to(catcher).carry(letter())


def test_nobody_listens() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/"
    with pytest.raises(ChannelAway):
        HookMessages(MessageHook(url, SECRET), lambda: NOW, timeout_s=1).carry(letter())


def test_the_demonstration_writes_what_it_would_post(tmp_path: Path) -> None:
    MessageFiles(tmp_path, ".json").carry(letter(to="0912345678"))
    [written] = tmp_path.iterdir()
    assert json.loads(written.read_text())["to"] == "0912345678"
