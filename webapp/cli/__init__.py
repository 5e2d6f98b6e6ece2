"""Commands for whoever keeps the system, one room for each group of them."""

from flask import Flask

from webapp.cli.accounts import accounts_group
from webapp.cli.crossings import crossings_group
from webapp.cli.demo import demo_group
from webapp.cli.duplicates import duplicates_group
from webapp.cli.reference import reference_group
from webapp.cli.territory import territory_group
from webapp.cli.territory_corridors import import_corridors
from webapp.cli.territory_switch import switch_territory


def register(app: Flask) -> None:
    """Hang the command groups on an application."""
    territory_group.add_command(import_corridors)
    territory_group.add_command(switch_territory)
    for group in (
        reference_group,
        territory_group,
        accounts_group,
        demo_group,
        duplicates_group,
        crossings_group,
    ):
        app.cli.add_command(group)
