"""What people do to an environment at its page: each form is checked, done, and leads to what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.responses import RedirectResponse, Response

from shipway.environments.configure import InvalidVariable
from shipway.errors import UserError
from shipway.releases import reason
from shipway.releases.freeze import InvalidFreeze
from shipway.rollbacks import decide as decisions
from shipway.state.runs import Run
from shipway.web import lookups, trials
from shipway.web.call import Call
from shipway.web.pages import environment, release
from shipway.web.pages.environment import BASE, Refused
from shipway.web.routes import declare
from shipway.web.site import Site


def roll_back(site: Site, call: Call) -> Response:
    """Back to the release that is named, or forward; with a reason where one is given."""
    application, where = _place(call)
    form = call.form()
    with site.database.read() as conn:
        lookups.application(conn, application)
        to = lookups.exact_release(conn, application, where, form.get("to", ""))
    if (asked := _reason_again(site, call, f"r{to.number}")) is not None:
        return asked
    return _run(site.story.roll_back(application, where, to.number, call.who, why=form.get("why", "")))


def decide(site: Site, call: Call) -> Response:
    """Gives all requests to one of two that share them, though the data allows no way back."""
    application, where = _place(call)
    form = call.form()
    to, past, why = (form.get(name, "") for name in ("to", "past", "why"))
    with site.database.read() as conn:
        lookups.application(conn, application)
        chosen = lookups.release(conn, application, where, to).number
        beyond = lookups.release(conn, application, where, past).number if past else None

    def act() -> Response:
        said = decisions.reason(why)
        return _run(site.story.roll_back(application, where, chosen, call.who, why=said, past=beyond))

    about = Refused(f"decide {to}", "why", given={"why": why})
    return _or_ask_again(site, call, act, about, decisions.InvalidDecision)


def take_back(site: Site, call: Call) -> Response:
    """Gives the share of a release on trial back; one whose trial is over is left as it is."""
    application, where = _place(call)
    with site.database.read() as conn:
        lookups.application(conn, application)
        trial = trials.read(conn, lookups.release(conn, application, where, call.place("release")))
    if (asked := _reason_again(site, call)) is not None:
        return asked
    if trial.fate == "on trial" or trial.asking:
        site.story.roll_back(application, where, None, call.who, why=call.form().get("why", ""))
    return RedirectResponse(call.request.url.path.removesuffix("/back"), 303)


def deploy(site: Site, call: Call) -> Response:
    """Takes a commit here that is green, such as the one that serves in the environment before."""
    return _run(site.story.deploy(*_place(call), call.form().get("commit", ""), call.who))


def freeze(site: Site, call: Call) -> Response:
    why, until = call.form().get("why", ""), call.form().get("until", "")

    def act() -> Response:
        site.story.freeze(*_place(call), why, until, call.who)
        return _back(call, "/freeze")

    about = Refused("freeze", "until" if reason.fits(why) else "why", given={"why": why, "until": until})
    return _or_ask_again(site, call, act, about, InvalidFreeze)


def thaw(site: Site, call: Call) -> Response:
    site.story.thaw(*_place(call), call.who)
    return _back(call, "/thaw")


def configure(site: Site, call: Call) -> Response:
    """Sets one value or secret, or takes it away; what serves is deployed again with it."""
    form = call.form()
    name, secret = form.get("name", "").strip(), "secret" in form
    value = None if form.get("act") == "unset" else form.get("value", "").replace("\r\n", "\n")
    changes: Mapping[str, str | None] = {name: value}

    def act() -> Response:
        values, secrets = ({}, changes) if secret else (changes, {})
        done = site.story.configure(*_place(call), call.who, values=values, secrets=secrets)
        return _back(call, "/configuration") if done.run is None else _run(done.run)

    given = {"name": name} if secret else {"name": name, "value": value or ""}  # a secret goes back to nobody
    return _or_ask_again(site, call, act, Refused(form.get("form", ""), given=given), InvalidVariable)


def _or_ask_again(
    site: Site, call: Call, act: Callable[[], Response], about: Refused, refusal: type[UserError]
) -> Response:
    """What the act leads to, or the page with its form open, what was written in it, and what is wrong with it."""
    try:
        return act()
    except refusal as error:
        return _again(environment.drawn(site, call, about.because(error)), error)


def _reason_again(site: Site, call: Call, to: str = "") -> Response | None:
    """The page that a way back was taken at, with its form open, where its reason is none; `to` is the release of
    the page, if it is not the environment's. A form without a name is no page's.
    """
    form = call.form()
    why, name = form.get("why", ""), form.get("form", "")
    try:
        decisions.will(why, None)
    except decisions.InvalidDecision as error:
        about = Refused(name, "why", given={"why": why}).because(error)
        if not name:
            raise
        if name == release.FORM:
            return _again(release.drawn(site, call, to, about), error)
        return _again(environment.drawn(site, call, about), error)
    return None


def _again(reply: Response, error: UserError) -> Response:
    reply.status_code = error.status
    return reply


def _place(call: Call) -> tuple[str, str]:
    return call.place("application"), call.place("environment")


def _back(call: Call, act: str) -> Response:
    return RedirectResponse(call.request.url.path.removesuffix(act), 303)


def _run(run: Run) -> Response:
    return RedirectResponse(f"/runs/{run.application}:{run.number}", 303)


ROUTES = (
    declare("POST", f"{BASE}/rollback", roll_back, who="user"),
    declare("POST", f"{BASE}/decide", decide, who="user"),
    declare("POST", f"{BASE}/releases/{{release}}/back", take_back, who="user"),
    declare("POST", f"{BASE}/deploy", deploy, who="user"),
    declare("POST", f"{BASE}/freeze", freeze, who="user"),
    declare("POST", f"{BASE}/thaw", thaw, who="user"),
    declare("POST", f"{BASE}/configuration", configure, who="user"),
)
