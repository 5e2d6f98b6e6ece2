"""Settings come from the environment and from ``.env``, and a bad one is said in one line."""

import subprocess
import sys
from datetime import time
from pathlib import Path

import pytest

from tests.servers.environment import process_environment, settings_for
from webapp import dotenv
from webapp.config import BadSetting, Settings, read_settings

ROOT = Path(__file__).resolve().parents[2]


def written(folder: Path, text: str) -> Path:
    """Write a ``.env``."""
    file = folder / ".env"
    file.write_text(text, encoding="utf-8")
    return file


def settings_in(var: Path, **changes: str) -> Settings:
    """Return settings with some of them changed."""
    return settings_for("", var, **changes)


def refusal(var: Path, **changes: str) -> str:
    """Return the one line that refuses a setting."""
    with pytest.raises(BadSetting) as refused:
        settings_in(var, **changes)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def flask(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the real ``flask`` in a folder, with nothing set but what lies there."""
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", str(ROOT / "wsgi.py"), *words],
        cwd=folder,
        env=process_environment({}),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_dotenv_is_read_as_people_write_it(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        "# a comment\n\nPORT=9000\n export HOST = localhost  # where\n"
        "ANLO_DISTRICT_NAME=\"Ninh Hải\" # the district\nSECRET_KEY='a # b'\nREDIS_URL=\n"
        "DATABASE_URL=postgresql://anlo:a#b@localhost/anlo\n",
    )

    assert dotenv.read(file) == {
        "PORT": "9000",
        "HOST": "localhost",
        "ANLO_DISTRICT_NAME": "Ninh Hải",
        "SECRET_KEY": "a # b",
        "REDIS_URL": "",
        "DATABASE_URL": "postgresql://anlo:a#b@localhost/anlo",
    }


@pytest.mark.parametrize("line", ["SECRET canary", "=canary", "SECRET_KEY='canary", "9X=canary"])
def test_a_line_that_cannot_be_read_is_named_and_not_repeated(tmp_path: Path, line: str) -> None:
    file = written(tmp_path, f"PORT=9000\n{line}\n")

    with pytest.raises(dotenv.BadLine, match=r"\.env, line 2: ") as refused:
        dotenv.read(file)

    assert "canary" not in str(refused.value)


def test_what_the_environment_says_goes_before_dotenv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, f'PORT=9000\nANLO_DISTRICT_NAME="Ninh Hải"\nANLO_VAR={tmp_path}\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PORT", "8001")
    for name in ("ANLO_DISTRICT_NAME", "ANLO_VAR"):
        monkeypatch.delenv(name, raising=False)

    settings = read_settings()

    assert settings.port == 8001
    assert settings.district_name == "Ninh Hải"
    assert settings.var == tmp_path


def test_the_command_line_works_on_the_database_that_dotenv_names(tmp_path: Path) -> None:
    database = tmp_path / "district.sqlite"
    written(tmp_path, f"DEMO=0\nSECRET_KEY={'s' * 32}\nDATABASE_URL=sqlite:///{database}\n")

    done = flask(tmp_path, "db", "upgrade")

    assert done.returncode == 0, done.stderr
    assert database.exists()


def test_the_command_line_says_what_is_wrong_in_one_line(tmp_path: Path) -> None:
    written(tmp_path, "SECRET_KEY s\n")

    done = flask(tmp_path, "db", "current")

    assert done.returncode == 1
    assert "line 1: write NAME=value" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "anlo.example.vn"])  # noqa: S104 - refused
def test_whoever_is_reached_from_outside_must_say_how(tmp_path: Path, host: str) -> None:
    assert refusal(tmp_path, HOST=host).startswith("PUBLIC_URL: needed when HOST is")
    outside = settings_in(tmp_path, HOST=host, PUBLIC_URL="https://anlo.example.vn/")
    assert outside.public_url == "https://anlo.example.vn"


def test_an_address_of_ipv6_stands_in_brackets(tmp_path: Path) -> None:
    assert settings_in(tmp_path, HOST="::1", PORT="8001").public_url == "http://[::1]:8001"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUBLIC_URL", "http://["),
        ("PUBLIC_URL", "anlo.example.vn"),
        ("PUBLIC_URL", "https://anlo.example.vn/path"),
        ("PUBLIC_URL", "https://anlo.example.vn?x=1"),
        ("REDIS_URL", "localhost:6379"),
        ("REDIS_URL", "http://localhost"),
        ("TILE_URL", "{z}{x}{y}"),
        ("TILE_URL", "ftp://tiles.example/{z}/{x}/{y}.png"),
        ("TILE_URL", "https://tiles.example/{z}/{x}.png"),
        ("TILE_URL", "https://tiles.example; script-src */{z}/{x}/{y}.png"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(
    tmp_path: Path, name: str, value: str
) -> None:
    assert refusal(tmp_path, **{name: value}).startswith(f"{name}: ")


def test_a_folder_that_cannot_be_made_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="ascii")

    assert refusal(tmp_path / "file" / "var").startswith("ANLO_VAR: ")
    assert refusal(tmp_path / ("a" * 300)).startswith("ANLO_VAR: ")


@pytest.mark.parametrize("scheme", ["redis", "rediss", "unix"])
def test_redis_is_named_by_an_address(tmp_path: Path, scheme: str) -> None:
    assert settings_in(tmp_path, REDIS_URL=f"{scheme}://somewhere").redis_url


MAIL = {"ANLO_MAIL_FROM": "An Lộ <an-lo@example.vn>"}
HOOK = {"ANLO_MESSAGE_HOOK_SECRET": "a secret of sixteen letters"}


def test_nothing_said_of_messages_means_that_they_wait(tmp_path: Path) -> None:
    messages = settings_in(tmp_path).messages
    assert (messages.smtp, messages.hook, messages.folder) == (None, None, None)
    assert (messages.quiet_from, messages.quiet_until) == (time(21), time(7))


@pytest.mark.parametrize(
    ("url", "security", "port"),
    [
        ("smtp://mail.example.vn", "none", 25),
        ("smtps://mail.example.vn", "tls", 465),
        ("smtp+starttls://mail.example.vn", "starttls", 587),
        ("smtp+starttls://mail.example.vn:2525/", "starttls", 2525),
    ],
)
def test_a_mail_server_is_named_by_an_address(
    tmp_path: Path, url: str, security: str, port: int
) -> None:
    smtp = settings_in(tmp_path, ANLO_SMTP_URL=url, **MAIL).messages.smtp
    assert smtp is not None
    assert (smtp.host, smtp.port, smtp.security) == ("mail.example.vn", port, security)
    assert (smtp.sender.display_name, smtp.sender.addr_spec) == ("An Lộ", "an-lo@example.vn")


def test_a_name_and_a_password_are_read_from_the_address(tmp_path: Path) -> None:
    url = "smtps://an-lo%40example.vn:p%3Aw@mail.example.vn"
    smtp = settings_in(tmp_path, ANLO_SMTP_URL=url, **MAIL).messages.smtp
    assert smtp is not None
    assert (smtp.user, smtp.password) == ("an-lo@example.vn", "p:w")


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.vn",
        "http://a:canary@mail.example.vn",
        "smtp://a:canary@mail.example.vn",
        "smtps://a:canary@",
        "smtps://a:canary@mail.example.vn:port",
        "smtps://a:canary@mail.example.vn/path",
        "smtps://a:canary-ộ@mail.example.vn",
        "smtps://[canary",
    ],
)
def test_a_bad_mail_server_is_refused_without_its_password(tmp_path: Path, url: str) -> None:
    said = refusal(tmp_path, ANLO_SMTP_URL=url, **MAIL)
    assert said.startswith("ANLO_SMTP_URL: ")
    assert "canary" not in said


@pytest.mark.parametrize("sender", ["", "An Lộ", "an-lo@", "a@b@c", "a <b", "ộ@example.vn"])
def test_mail_needs_a_sender(tmp_path: Path, sender: str) -> None:
    said = refusal(tmp_path, ANLO_SMTP_URL="smtps://mail.example.vn", ANLO_MAIL_FROM=sender)
    assert said.startswith("ANLO_MAIL_FROM: ")


@pytest.mark.parametrize(
    "url", ["https://gateway.example.vn/send", "http://127.0.0.1:9000/?by=sms"]
)
def test_a_gateway_is_reached_in_safety(tmp_path: Path, url: str) -> None:
    hook = settings_in(tmp_path, ANLO_MESSAGE_HOOK_URL=url, **HOOK).messages.hook
    assert hook is not None
    assert hook.url == url
    assert HOOK["ANLO_MESSAGE_HOOK_SECRET"] not in repr(hook)


@pytest.mark.parametrize(
    "url", ["http://gateway.example.vn", "ftp://x", "https://a:canary@b", "https:///", "x"]
)
def test_an_unsafe_gateway_is_refused(tmp_path: Path, url: str) -> None:
    said = refusal(tmp_path, ANLO_MESSAGE_HOOK_URL=url, **HOOK)
    assert said.startswith("ANLO_MESSAGE_HOOK_URL: ")
    assert "canary" not in said


def test_a_gateway_needs_a_secret(tmp_path: Path) -> None:
    changes = {"ANLO_MESSAGE_HOOK_URL": "https://gateway.example.vn"}
    said = refusal(tmp_path, **changes, ANLO_MESSAGE_HOOK_SECRET="canary")
    assert said.startswith("ANLO_MESSAGE_HOOK_SECRET: ")
    assert "canary" not in said


@pytest.mark.parametrize(
    ("raw", "start", "end"),
    [
        ("22:30-06:15", time(22, 30), time(6, 15)),
        ("22 - 6", time(22), time(6)),
        ("none", time(0), time(0)),
    ],
)
def test_quiet_hours_are_read_as_people_write_them(
    tmp_path: Path, raw: str, start: time, end: time
) -> None:
    messages = settings_in(tmp_path, ANLO_QUIET_HOURS=raw).messages
    assert (messages.quiet_from, messages.quiet_until) == (start, end)


@pytest.mark.parametrize("raw", ["21", "25:00-7:00", "21:60-7:00", "night", "-"])
def test_quiet_hours_that_no_clock_shows_are_refused(tmp_path: Path, raw: str) -> None:
    assert refusal(tmp_path, ANLO_QUIET_HOURS=raw).startswith("ANLO_QUIET_HOURS: ")
