"""From a repository to a push: init, push, token, sessions, settings."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from shipway.cli import here, show, watching
from shipway.cli.options import App, AsJson, Verb
from shipway.cli.server import NoServer, Refused, Server
from shipway.config.places import Places
from shipway.errors import NotFound, UserError
from shipway.pushes import credentials
from shipway.web import fields
from shipway.web.words import plain

MAY = fields.TOKEN_MAY
OWNER = f"It may {MAY['owner']}; without this or --metrics it may {MAY['user']}. {fields.EVERYTHING}"


class NoToken(UserError):
    """There is no token for the server in this person's credentials file."""

    id = "cli.no_token"
    default_hint = "Ask the owner of the server for one (`shipway token create NAME`) and set SHIPWAY_TOKEN."


def init(
    name: Annotated[str | None, typer.Argument(help="The application's name; by default the directory's.")] = None,
    no_write: Annotated[
        bool, typer.Option("--no-write", help="Write no shipway.yml: each push is recognised by its files.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make this repository an application: recognise it, write shipway.yml, add the remote."""
    from shipway.cli import recognising  # noqa: PLC0415 - reads the project, which takes a moment
    from shipway.project import FILE  # noqa: PLC0415

    top = here.root()
    found = recognising.recognise(top, name)
    server = _answering()
    if not server.token:
        raise NoToken(f"There is no token for {server.address} in {Places.of().credentials}.")
    wrote = None if no_write or found.text is None else recognising.write(top, found.text)
    branch = here.git("symbolic-ref", "--short", "HEAD") or "main"
    before, existed = here.remote(), _exists(server, found.name)
    made = server.post("/applications", {"name": found.name, "default_branch": branch})
    _connect(server, made["git_url"])
    foreign = existed and _is_foreign(server, found.name, str(made["default_branch"]))
    if as_json:
        about = {"existed": existed, "foreign": foreign, "kind": found.kind, "wrote": wrote, "remote": here.REMOTE}
        show.as_json({"application": made, **about})
        return
    for reason in found.reasons:
        print(f"  {reason}")
    if wrote is not None:
        print(f"Wrote {wrote}: read it, change what you like, and commit it.")
    print(f"{found.name} is an application of {server.address}; its remote here is `{here.REMOTE}`.")
    if foreign:
        name = (
            f"another `name:` in {FILE}, then `shipway init`" if (top / FILE).exists() else "`shipway init NAME`"
        )
        print(
            f"{found.name} was there already, and nothing in its history is in this one: git will refuse a push."
        )
        print(f"If this is another application, give it a name of its own: {name}.")
        return
    if existed and before != made["git_url"]:
        print(f"{found.name} was there already: what is pushed from here goes to the same application.")
    if before not in (None, made["git_url"]):
        print(f"Until now `{here.REMOTE}` was {before}.")
    print(f"Next: {_next(branch, FILE)}")


def _is_foreign(server: Server, application: str, branch: str) -> bool:
    """Whether something was pushed there, and neither has begun with a commit of the other."""
    head = _known(server, application, f"refs/heads/{branch}")
    if head is None or here.git("cat-file", "-e", head) is not None:
        return False
    began = (here.git("rev-list", "--max-parents=0", "HEAD") or "").split()
    return not any(_known(server, application, commit) for commit in began)


def _known(server: Server, application: str, commit: str) -> str | None:
    """Which commit an application has by this name; None where it has none."""
    found = _unless_missing(server, f"/applications/{application}/commits/{quote(commit)}/where")
    return None if found is None else str(found["commit"])


def _next(branch: str, file: str) -> str:
    """What brings it there: a file that is not committed is not pushed either."""
    pushed = f"git push {here.REMOTE} {branch}"
    what = file if here.git("rev-parse", "--verify", "--quiet", "HEAD") else "--all"
    if not here.git("status", "--porcelain", "--", file):
        return pushed
    return f'git add {what} && git commit -m "Say how it runs" && {pushed}'


def push(as_json: AsJson = False) -> int:
    """Push this branch and wait for the outcome.

    0 the run passed, and serves wherever its branch is delivered; 1 it was stopped, or taken back since; 2 the
    push was not accepted.
    """
    application = here.application(None)
    branch = here.git("symbolic-ref", "--short", "HEAD")
    if branch is None:
        raise UserError("HEAD is on no branch.", hint="git switch BRANCH")
    commit, server = here.commit(None), Server.find()
    before = _newest(server, application, branch, commit)  # first: git would say less of a server that is silent
    command = ["git", "push", "-o", "detach", *(["-q"] if as_json else []), here.REMOTE, branch]
    if subprocess.run(command, check=False).returncode != 0:
        return 2
    pushed = _newest(server, application, branch, commit)
    if pushed is None:
        raise UserError(f"{branch} is at {commit[:7]}, and there is no run of it.", hint="Push a new commit.")
    again = pushed["over"] and before is not None and before["id"] == pushed["id"]
    ended = pushed if again else watching.watch(server, pushed["id"], quiet=as_json)
    stopped = _stopped(server, ended) if ended["state"] == "passed" else {}
    if as_json:
        show.as_json({**ended, "stopped": stopped})
    else:
        if again:
            print(f"Nothing new: {_said(ended)}")
        for environment, reason in stopped.items():
            print(f"✗ {commit[:7]} does not serve in {environment}{f': {reason}' if reason else ''}")
            print(f"  shipway why {commit[:7]} --env {environment}")
    return 0 if ended["state"] == "passed" and not stopped else 1


def _newest(server: Server, application: str, branch: str, commit: str) -> dict[str, Any] | None:
    """The newest run that a push of this commit began."""
    found = server.get("/runs", application=application, branch=branch, commit=commit)["runs"]
    return next((run for run in found if run["purpose"] == "push"), None)


def _said(run: Mapping[str, Any]) -> str:
    reason = f": {run['reason']}" if run["reason"] else ""
    return f"run {run['number']} {run['state']}{reason}"


def _stopped(server: Server, ended: Mapping[str, Any]) -> dict[str, str]:
    """Where its commit does not serve, though the run passed: it was taken back since; and why."""
    path = f"/applications/{ended['application']}/commits/{ended['commit']}/wait"
    found = {env: server.get(path, environment=env, seconds=0) for env in ended["deliver"]}
    return {env: one["reason"] for env, one in found.items() if one["state"] == "stopped"}


def token(
    act: Annotated[str, typer.Argument(help="list, create or revoke.")] = "list",
    who: Annotated[
        str | None,
        typer.Argument(help=f"{fields.TOKEN_OF} To revoke, which token: its id, how that begins, or a name."),
    ] = None,
    owner: Annotated[bool, typer.Option("--owner", help=OWNER)] = False,
    metrics: Annotated[bool, typer.Option("--metrics", help=f"It may {MAY['metrics']}.")] = False,
    own: Annotated[
        bool, typer.Option("--own", help="Revoke even the token that this machine uses itself.")
    ] = False,
    name: Annotated[str, typer.Option("--name", help=fields.TOKEN_FOR)] = "",
    as_json: AsJson = False,
) -> None:
    """List tokens, create one for somebody, revoke one with the sessions made from it."""
    server = Server.find()
    answer: Any
    if act == "create" and who is not None:
        answer = server.post("/tokens", {"who": who, "role": _role(owner=owner, metrics=metrics), "name": name})
        show.as_json(answer) if as_json else _hand_over(answer)
    elif act == "revoke" and who is not None:
        meant = _meant(server.get("/tokens")["tokens"], who)
        if meant["yours"] and not own:
            raise UserError(
                "That is the token this machine itself uses: without it no command here is let in.",
                hint=f"`shipway token revoke {who} --own` does it all the same.",
            )
        answer = server.delete(f"/tokens/{meant['id']}")
        show.as_json(answer) if as_json else print(f"{meant['id']} is revoked.")
    elif act == "list":
        _list(server.get("/tokens")["tokens"], as_json)
    else:
        raise UserError("Say `token list`, `token create NAME` or `token revoke ID`.")


def sessions(
    end: Annotated[str | None, typer.Option("--end", help="The session to end, at once.")] = None,
    as_json: AsJson = False,
) -> None:
    """Who is signed in with a browser: an owner sees everybody, anybody else themselves."""
    server = Server.find()
    if end is not None:
        answer = server.delete(f"/sessions/{end}")
        show.as_json(answer) if as_json else print(f"{end} is over.")
        return
    found = server.get("/sessions")["sessions"]
    if as_json:
        show.as_json(found)
        return
    rows = [(each["id"], each["who"], show.ago(each["created"]), show.ago(each["used"])) for each in found]
    show.table(("session", "who", "began", "used"), rows, empty="Nobody is signed in.")


def settings(
    default_branch: Annotated[
        str | None,
        typer.Option("--default-branch", help=f"Make this branch the default one. {fields.DEFAULT_BRANCH}"),
    ] = None,
    app: App = None,
    as_json: AsJson = False,
) -> None:
    """Every setting of an application: what counts, and in which line of shipway.yml it was written."""
    server, application = Server.find(), here.application(app)
    if default_branch is not None:
        server.patch(f"/applications/{application}", {"default_branch": default_branch})
    found = server.get(f"/applications/{application}/settings")
    if as_json:
        show.as_json(found)
        return
    print(f"{application}, as {found['default_branch']} has it at {(found['commit'] or 'no commit yet')[:13]}")
    rows = [(one["key"], one["line"] or "", plain(one["value"])) for one in found["settings"]]
    show.table(("setting", "line", "value"), rows, empty="Nothing was pushed that could be read.", one_line=True)


def _exists(server: Server, name: str) -> bool:
    return _unless_missing(server, f"/applications/{name}") is not None


def _unless_missing(server: Server, path: str) -> Any:
    try:
        return server.get(path)
    except Refused as refused:
        if refused.id == NotFound.id:
            return None
        raise


def _role(*, owner: bool, metrics: bool) -> str:
    if owner and metrics:
        raise UserError("A token is for an owner or for metrics alone: say --owner or --metrics.")
    return "owner" if owner else "metrics" if metrics else "user"


def _hand_over(made: Mapping[str, str]) -> None:
    """The token alone on standard output, for programs; beside it what people want to know."""
    print(made["token"], flush=True)
    print(f"For {made['who']}, shown this once. `shipway token revoke {made['id']}` ends it.", file=sys.stderr)


def _meant(tokens: list[dict[str, Any]], said: str) -> dict[str, Any]:
    """The token with this id, or the only one not revoked whose id begins so, that is called so, or that person's;
    raises NotFound when that is none, UserError when it may be several."""
    live = [each for each in tokens if not each["revoked"]]
    found = (
        [each for each in tokens if each["id"] == said]
        or [each for each in live if said and each["id"].startswith(said)]
        or [each for each in live if said and each["name"] == said]
        or [each for each in live if each["who"] == said]
    )
    if not found:
        raise NotFound(
            f"There is no token {said!r}, or it was revoked before.", hint="`shipway token` lists them."
        )
    if len(found) > 1:
        which = ", ".join(each["id"] for each in found)
        raise UserError(f"{said!r} may be one of {len(found)} tokens.", hint=f"Say which: {which}.")
    return found[0]


def _list(tokens: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        show.as_json(tokens)
        return
    rows = [
        (
            each["id"],
            each["who"],
            each["role"],
            each["name"],
            show.ago(each["created"]),
            show.ago(each["used"]) or "never",
            _remark(each),
        )
        for each in tokens
    ]
    columns = ("token", "who", "role", "name", "created", "used", "")
    show.table(columns, rows, empty="There is no token.")


def _remark(one: Mapping[str, Any]) -> str:
    if one["revoked"]:
        return "revoked"
    return "used here" if one["yours"] else ""


def _answering() -> Server:
    """The server that is meant; where this machine's has moved to another port, the one that runs now."""
    server, places = Server.find(), Places.of()
    try:
        server.check_answers()
    except NoServer:
        moved = here.running_address(places) not in (None, server.address)
        if os.environ.get("SHIPWAY_URL") or not moved or not here.is_local(server.address):
            raise
        return Server.of(places)
    return server


def _connect(server: Server, url: str) -> None:
    """Adds the remote, and tells git where the token for exactly this server is kept (never in the URL)."""
    helper = f"credential.{server.address}.helper"
    here.git("config", "--local", helper, f"store --file={_quoted(Places.of().credentials)}")
    here.git("config", "--local", f"credential.{server.address}.username", credentials.USER)
    if here.remote() is None:
        here.git("remote", "add", here.REMOTE, url)
    else:
        here.git("remote", "set-url", here.REMOTE, url)


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "'\\''") + "'"


VERBS: dict[str, Verb] = {"init": init, "push": push, "token": token, "sessions": sessions, "settings": settings}
