"""How commands speak: domain errors end them in sentences, not in tracebacks."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

from webapp import sentences
from webapp.domain.boundaries import Problem
from webapp.domain.corridor_files import LineProblem
from webapp.domain.errors import AnLoError, InvalidInput

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def speaks_plainly(command: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """End a command that meets a domain error with its sentences instead of a traceback."""

    @wraps(command)
    def guarded(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        try:
            return command(*args, **kwargs)
        except AnLoError as error:
            raise click.ClickException("\n".join(_sentences_of(error))) from None

    return guarded


def _sentences_of(error: AnLoError) -> list[str]:
    lines = [sentences.say(error.code, error.details, 422)]
    problems = error.details.get("problems", ())
    if isinstance(problems, tuple):
        lines += [f"  – {_say_problem(problem)}" for problem in problems]
    return lines


def _say_problem(problem: Problem | LineProblem) -> str:
    if isinstance(problem, LineProblem):
        gaps = {"line": problem.line, "detail": problem.detail}
        return sentences.say(f"corridor_{problem.code}", gaps, 422)
    unit_gaps = {"unit": problem.unit, "ring": problem.ring or "", "detail": problem.detail or ""}
    return sentences.say(f"boundary_{problem.code}", unit_gaps, 422)


def read_utf8(file: Path, code: str) -> str:
    """Read a text file.

    Raises:
        InvalidInput: ``code``, when it is no UTF-8.
    """
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InvalidInput(code) from None
