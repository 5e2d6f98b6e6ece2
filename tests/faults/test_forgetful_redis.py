"""A Redis that is emptied right after the front door said 201, with the spans that ship."""

import json
import signal
import urllib.request
import uuid
from collections.abc import Callable

from redis import Redis

from tests.faults.conftest import Watcher
from tests.servers import triage_scene as scene
from tests.servers.live import LiveServer
from webapp.app import create_app
from webapp.config import read_settings
from webapp.services.intake import new_tracking_key


def send_report(server: LiveServer) -> str:
    """Send a report as the phone does; return the address of its tracking page."""
    boundary = uuid.uuid4().hex
    fields = {
        "tracking_key": new_tracking_key(),
        "category": "road_damage",
        "device_latitude": str(scene.WEST[0]),
        "device_longitude": str(scene.WEST[1]),
        "device_accuracy_m": "10",
    }
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    body = b"".join(parts) + head.encode() + scene.jpeg() + f"\r\n--{boundary}--\r\n".encode()
    request = urllib.request.Request(
        f"{server.url}/reports",
        data=body,
        headers={
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Accept": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 201
        track_url: str = json.load(answer)["track_url"]
        return track_url


def status_at(track_url: str) -> str:
    """Return what the tracking page says of a report."""
    request = urllib.request.Request(track_url, headers={"Accept": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        status: str = json.load(answer)["report"]["status"]
        return status


def test_a_report_is_triaged_within_a_minute_though_redis_forgot_it(
    live_server: Callable[..., LiveServer],
) -> None:
    server = live_server(workers=1, clock=True)
    app = create_app(read_settings(server.environ))
    with app.app_context():
        scene.build_district()
    redis = Redis.from_url(server.redis_url)
    watch = Watcher(app, scene.store_in(server.var), server)
    watch.wait_until(lambda: bool(redis.scard("rq:workers")))
    # A stopped worker cannot take the job before Redis forgets it.
    server.workers[0].send_signal(signal.SIGSTOP)
    track_url = send_report(server)
    redis.flushall()
    server.workers[0].send_signal(signal.SIGCONT)
    watch.wait_until(lambda: status_at(track_url) == "triaged")
