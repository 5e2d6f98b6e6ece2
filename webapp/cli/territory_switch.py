"""The command that lets open cases follow their land, tries it first, and undoes it."""

from datetime import datetime

import click
from flask.cli import with_appcontext
from flask_babel import gettext as _
from flask_babel import ngettext

from webapp import clock, labels
from webapp.cli.speech import speaks_plainly
from webapp.cli.territory import DAY
from webapp.domain.errors import InvalidInput
from webapp.language import day as say_day
from webapp.models import TerritorySwitch, Unit
from webapp.services import territory_correction, territory_day, territory_switch
from webapp.services.territory_switch import Plan


@click.command("switch")
@click.option("--on", type=DAY, help="Ngày bộ địa giới mới có hiệu lực (khi sửa: ngày sửa).")
@click.option("--dry-run", is_flag=True, help="Chỉ đếm, không ghi.")
@click.option("--list", "is_listed", is_flag=True, help="Kể cả số của từng vụ việc.")
@click.option("--undo", type=int, help="Sửa lại lần chuyển mang số này.")
@with_appcontext
@speaks_plainly
def switch_territory(on: datetime | None, dry_run: bool, is_listed: bool, undo: int | None) -> None:
    """Cho vụ việc đang mở theo đất của mình về đơn vị có hiệu lực ngày ấy.

    Chạy lại lần nữa không đổi gì. Hạn xử lý không đổi; số liệu đã có của đơn vị cũ giữ nguyên.
    """
    day = on.date() if on else None
    if undo is not None:
        _tell_run(territory_correction.correct(undo, on=day or clock.today()))
        return
    if day is None:
        raise InvalidInput("switch_needs_day")
    plan = territory_switch.plan(day)
    _tell_plan(plan, is_listed=is_listed)
    if dry_run:
        click.echo(_("Chạy thử: chưa ghi gì."))
        return
    run = territory_switch.switch(day)
    if run is not None:
        _tell_run(run)


def _tell_plan(plan: Plan, *, is_listed: bool) -> None:
    click.echo(
        _(
            "Ngày %(day)s: %(cases)d vụ việc đang mở và %(officers)d cán bộ đổi đơn vị.",
            day=say_day(plan.on, weekday=False),
            cases=len(plan.moves),
            officers=len(plan.officers),
        )
    )
    for old, new, count in plan.pairs:
        click.echo(f"  {_title(old)} → {_title(new)}: {count}")
        if is_listed:
            _list([move.number for move in plan.moves if _is_of(move, old, new)])
    for code, count in sorted(plan.kept_counts.items()):
        click.echo(_("Giữ nguyên") + f" ({labels.KEPT_CASE[code]}): {count}", err=True)
        if is_listed:
            _list([kept.number for kept in plan.kept if kept.code == code])


def _is_of(move: territory_switch.Move, old: Unit, new: Unit) -> bool:
    return (move.from_unit_id, move.to_unit_id) == (old.id, new.id)


def _list(numbers: list[str]) -> None:
    for number in numbers:
        click.echo(f"    {number}")


def _title(unit: Unit) -> str:
    return f"{unit.kind} {unit.name} ({unit.code})"


def _tell_run(run: TerritorySwitch) -> None:
    counts = territory_switch.pair_counts(run)
    units = territory_day.units_of({unit_id for pair in counts for unit_id in pair})
    if run.kind == "correction":
        click.echo(_("Đã sửa lại lần chuyển số %(id)d:", id=run.corrects_id))
    for old, new, count in territory_switch.named_pairs(counts, units):
        click.echo(f"  {_title(old)} → {_title(new)}: {count}")
    click.echo(
        ngettext(
            "Đã chuyển %(num)d vụ việc; lần chuyển số %(id)d.",
            "Đã chuyển %(num)d vụ việc; lần chuyển số %(id)d.",
            run.moved,
            id=run.id,
        )
    )
