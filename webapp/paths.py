"""What may stand in an address: ids that the database can hold, case numbers as we write them."""

from flask import Flask
from werkzeug.routing import BaseConverter, IntegerConverter, Map

from webapp.domain.case_state import CASE_NUMBER_PATTERN

# The largest id that a BIGINT column holds; a larger one would be an error of the driver.
LARGEST_ID = 2**63 - 1


class IdConverter(IntegerConverter):
    """The id of a row: ``<id:photo_id>``; anything that no row can have is no page."""

    # Nineteen digits write the largest id; int() itself gives up on thousands of them.
    regex = "[0-9]{1,19}"

    def __init__(self, map: Map) -> None:  # noqa: A002 - werkzeug names it so
        """Bind the converter, with the largest id that the database can hold."""
        super().__init__(map, max=LARGEST_ID)


class CaseNumberConverter(BaseConverter):
    """The number of a case, such as NH-2026-00042: ``<case_number:number>``."""

    regex = CASE_NUMBER_PATTERN


def register(app: Flask) -> None:
    """Give routes ``<id:…>`` and ``<case_number:…>``; before any route is added."""
    app.url_map.converters["id"] = IdConverter
    app.url_map.converters["case_number"] = CaseNumberConverter
