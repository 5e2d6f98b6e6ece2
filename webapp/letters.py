"""Writes messages to residents: their words stand in templates, as those of the pages do."""

from flask import current_app, get_template_attribute

from webapp import clock
from webapp.adapters.delivery import Letter
from webapp.services.notification_sending import Notice


def write(notice: Notice) -> Letter:
    """Return the letter of a notice: subject, plain text, the same as HTML, and one short line.

    It is Vietnamese: what language a contact reads is not asked. It needs an application context.
    """
    subject = _said(notice, "subject")
    text = _said(notice, "body")
    paragraphs = [" ".join(part.split("\n")) for part in text.split("\n\n")]
    return Letter(
        id=notice.id,
        kind=notice.kind,
        to=notice.to,
        subject=subject,
        text=f"{text}\n",
        html=_as_html(subject, paragraphs),
        short=" ".join(_said(notice, "short").split()),
        unsubscribe_url=notice.url,
        written_at=clock.now(),
    )


def _said(notice: Notice, part: str) -> str:
    words: str = get_template_attribute(f"notifications/{notice.kind}.txt", part)(notice)
    return words.strip()


def _as_html(subject: str, paragraphs: list[str]) -> str:
    # Not by Flask's own way: that would ask who is visiting, and nobody is.
    page = current_app.jinja_env.get_template("notifications/letter.html")
    return page.render(subject=subject, paragraphs=paragraphs)
