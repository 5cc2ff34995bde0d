"""The command line as one value: every verb under its stage's name, in the order of the story.

Exit codes: 0 it was done; 1 it was done and the outcome is bad (a run failed, a commit was stopped); 2 it could
not be asked for (wrong words, no server, not allowed); 124 time was up.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Collection
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperCommand, TyperGroup, TyperOption

from shipway import __version__
from shipway.cli import (
    environments,
    errors,
    facts,
    finding,
    incidents,
    installation,
    pipelines,
    probes,
    pushes,
    releases,
    rollbacks,
    signals,
    traffic,
    typed,
)
from shipway.cli.options import Verb
from shipway.errors import ShipwayError, UserError

NOT_ASKED, INTERRUPTED = 2, 130

_USAGE: Any = typer.BadParameter.__base__  # Typer's own base of what is wrong with words has no public name


class WrongWords(UserError):
    """The command was not understood: a word or an option that it does not know, or a value that cannot be."""

    id = "cli.wrong_words"
    default_hint = "`shipway VERB --help` says what may be typed."


GROUPS: dict[str, dict[str, Verb]] = {
    "installation": installation.VERBS | finding.VERBS | facts.VERBS,
    "pushes": pushes.VERBS,
    "pipelines": pipelines.VERBS,
    "environments": environments.VERBS,
    "releases": releases.VERBS,
    "traffic": traffic.VERBS,
    "signals": signals.VERBS | errors.VERBS | probes.VERBS,
    "incidents": incidents.VERBS,
    "rollbacks": rollbacks.VERBS,
}


def _say_no_type(params: list[Any]) -> list[Any]:
    """A switch is there or not: `<bool>` behind it would read as if something had to follow."""
    for param in params:
        if isinstance(param, TyperOption) and param.is_flag:
            param.metavar = ""
    return params


class _Command(TyperCommand):
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            error.message = typed.wrong(error)
            raise

    def get_params(self, ctx: Any) -> list[Any]:
        return _say_no_type(super().get_params(ctx))


class _Group(TyperGroup):
    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except _USAGE as error:
            if "Did you mean" not in error.message:
                error.message = typed.meant(args[0])
            raise

    def get_params(self, ctx: Any) -> list[Any]:
        return _say_no_type(super().get_params(ctx))


def build(asked: Collection[str] = ()) -> typer.Typer:
    """The Typer application, its verbs in panels named after the stages; of the verb that is `asked` for alone, if
    there is one: to make all of them would be a tenth of the work of a command.
    """
    made = typer.Typer(
        name="shipway",
        cls=_Group,
        help="From git push to production, and back in a second.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    made.callback()(_about)
    every = [(stage, name, verb) for stage, verbs in GROUPS.items() for name, verb in verbs.items()]
    for stage, name, verb in [one for one in every if one[1] in asked] or every:
        made.command(name, cls=_Command, rich_help_panel=stage)(_exiting(verb))
    return made


def run(arguments: list[str] | None = None) -> int:
    """Carries out what was typed; the exit code. Errors say what happened, and what to do next."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        made = build(arguments[:1])
        return _with_json(made, arguments) if "--json" in arguments else made(arguments, prog_name="shipway")
    except SystemExit as stopped:
        return stopped.code if isinstance(stopped.code, int) else int(stopped.code is not None)
    except ShipwayError as error:
        _tell(error, as_json="--json" in arguments)
        return NOT_ASKED
    except KeyboardInterrupt:
        return INTERRUPTED


def _with_json(made: typer.Typer, arguments: list[str]) -> int:
    """Carries out what was typed by a program; raises WrongWords where people would be shown a box."""
    try:
        return made(arguments, prog_name="shipway", standalone_mode=False) or 0
    except _USAGE as error:
        raise WrongWords(error.format_message()) from error


def _exiting(verb: Verb) -> Verb:
    """The verb, its number made the exit code."""

    @functools.wraps(verb)
    def exiting(*arguments: Any, **options: Any) -> None:
        raise typer.Exit(verb(*arguments, **options) or 0)

    return exiting


def _tell(error: ShipwayError, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"error": error.as_dict()}))
        return
    console = Console(stderr=True, highlight=False)
    console.print(f"[bold red]{error.id}[/] ", end="")
    console.print(error.message, markup=False, soft_wrap=True)
    if error.hint:
        console.print(error.hint, markup=False, style="dim", soft_wrap=True)  # a command is copied whole
    if error.request:
        console.print(f"Request {error.request} in the server's log.", markup=False, style="dim")


def _say_version(asked: bool) -> None:
    if asked:
        print(f"shipway {__version__}")
        raise typer.Exit


def _about(
    _version: Annotated[
        bool,
        typer.Option("--version", help="Say which version this is.", is_eager=True, callback=_say_version),
    ] = False,
) -> None:
    """From git push to production, and back in a second."""
