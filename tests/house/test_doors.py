"""Every door says who may pass; those open to anybody stand on a short list."""

from flask import Flask

from webapp.domain.casework import ROLES

PUBLIC_DOORS = {
    "accounts.enter",
    "accounts.sign_in",
    "accounts.sign_out",
    "health.alive",
    "health.ready",
    "intake.nearby_cases",
    "intake.receipt",
    "intake.report_form",
    "intake.submit_report",
    "language.choose",
    "public.case",
    "public.data_notice",
    "public.find_report",
    "public.home",
    "public.map_cases",
    "public.map_land",
    "public.map_page",
    "public.mine",
    "public.offline",
    "public.photo",
    "public.results",
    "public.track",
    "public.track_form",
    "public.withdraw_contact",
    "shell.service_worker",
    "shell.web_manifest",
    "subscriptions.confirm",
    "subscriptions.page",
    "subscriptions.unsubscribe",
    "subscriptions.unsubscribe_in_one_click",
    "subscriptions.withdraw",
    "territory_preview.preview",
}


def test_every_door_declares_its_audience(assembled: Flask) -> None:
    silent = [name for name, audience in _audiences(assembled).items() if audience is None]

    assert silent == []


def test_only_the_doors_on_the_list_are_open_to_anybody(assembled: Flask) -> None:
    open_doors = {name for name, audience in _audiences(assembled).items() if audience == "public"}

    assert open_doors == PUBLIC_DOORS


def test_guarded_doors_name_roles_that_exist(assembled: Flask) -> None:
    named = {
        role
        for audience in _audiences(assembled).values()
        if isinstance(audience, tuple)
        for role in audience
    }

    assert named <= set(ROLES)


def test_a_guard_is_never_empty(assembled: Flask) -> None:
    assert [name for name, audience in _audiences(assembled).items() if audience == ()] == []


def _audiences(app: Flask) -> dict[str, object]:
    return {
        name: getattr(view, "audience", None)
        for name, view in app.view_functions.items()
        if name != "static"
    }
