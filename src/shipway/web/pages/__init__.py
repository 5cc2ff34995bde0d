"""What people look at: one module and one template for each page, drawn anew whenever a fact is recorded."""

from __future__ import annotations

from shipway.web.pages import (
    commit,
    environment,
    environment_acts,
    error,
    error_list,
    home,
    installation,
    log,
    message_list,
    patterns,
    reference,
    release,
    run,
    run_list,
    search,
    session,
    settings,
    static,
    tokens,
)

ROUTES = (
    *static.ROUTES,
    *session.ROUTES,
    *home.ROUTES,
    *commit.ROUTES,
    *search.ROUTES,
    *run_list.ROUTES,
    *run.ROUTES,
    *environment.ROUTES,
    *environment_acts.ROUTES,
    *release.ROUTES,
    *log.ROUTES,
    *error_list.ROUTES,
    *error.ROUTES,
    *message_list.ROUTES,
    *settings.ROUTES,
    *installation.ROUTES,
    *tokens.ROUTES,
    *reference.ROUTES,
    *patterns.ROUTES,
)
