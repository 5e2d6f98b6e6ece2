"""Phones that send reports to a live server, all of them in the same moment."""

import http.client
import json
import random
import threading
import urllib.request
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from webapp import clock
from webapp.domain.geo import Position
from webapp.services.intake import new_tracking_key

# Half a degree of latitude is as long everywhere; of longitude it is 2 % shorter at 11.65 north.
METRES_A_DEGREE = 111_195.0

# Taking fifty photos in at once takes seconds; a machine that is busy besides takes longer.
ANSWER_TIMEOUT_S = 60


@dataclass(frozen=True)
class Phone:
    """One resident's phone: where it stands and what its camera sees, with keys of its own."""

    position: Position
    photo: bytes
    category: str = "road_damage"
    contact_email: str = ""
    tracking_key: str = field(default_factory=new_tracking_key)
    install_key: str = field(default_factory=new_tracking_key)

    def body(self, boundary: str) -> bytes:
        """Return the report as the web form sends it."""
        now = clock.now().isoformat()
        fields = {
            "tracking_key": self.tracking_key,
            "install_key": self.install_key,
            "category": self.category,
            "device_latitude": f"{self.position.latitude:.7f}",
            "device_longitude": f"{self.position.longitude:.7f}",
            "device_accuracy_m": f"{self.position.accuracy_m}",
            "device_fix_at": now,
            "captured_at": now,
            "sent_at": now,
            "contact_email": self.contact_email,
        }
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        ]
        file = f'--{boundary}\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n'
        head = "".join(parts) + file + "Content-Type: image/jpeg\r\n\r\n"
        return head.encode() + self.photo + f"\r\n--{boundary}--\r\n".encode()


def scattered(
    chance: random.Random, centre: tuple[float, float], *, within_m: float, accuracy_m: float
) -> Position:
    """Return a position up to ``within_m`` north or south, and east or west, of a point."""
    north, east = (chance.uniform(-within_m, within_m) / METRES_A_DEGREE for _ in range(2))
    return Position(centre[0] + north, centre[1] + east, accuracy_m)


def send_at_once(url: str, phones: Sequence[Phone]) -> None:
    """Send every phone's report in the same moment, and wait for all the answers.

    Raises:
        AssertionError: a report was not taken.
    """
    start = threading.Barrier(len(phones))
    answers: list[int | str] = []
    threads = [
        threading.Thread(target=_send, args=(url, phone, start, answers)) for phone in phones
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [http.HTTPStatus.CREATED] * len(phones), answers


def _send(url: str, phone: Phone, start: threading.Barrier, answers: list[int | str]) -> None:
    boundary = uuid.uuid4().hex
    headers = {
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "Accept": "application/json",
    }
    body = phone.body(boundary)
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=ANSWER_TIMEOUT_S)
    start.wait()
    try:
        connection.request("POST", "/reports", body, headers)
        answers.append(connection.getresponse().status)
    except OSError as error:
        answers.append(repr(error))
    finally:
        connection.close()


def case_number_of(url: str, phone: Phone) -> str:
    """Return the number of the case that a phone's tracking key answers with."""
    request = urllib.request.Request(
        f"{url}/track/{phone.tracking_key}", headers={"Accept": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=ANSWER_TIMEOUT_S) as answer:
        number: str = json.load(answer)["case"]["number"]
        return number
