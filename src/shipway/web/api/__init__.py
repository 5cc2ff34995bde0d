"""Everything the pages show and do, as JSON under `/api/v1`."""

from __future__ import annotations

from shipway.web.api import (
    applications,
    channels,
    commits,
    configuration,
    data,
    differences,
    environments,
    errors,
    facts,
    instance_logs,
    messages,
    openapi,
    overview,
    probes,
    runs,
    search,
    signals,
    step_logs,
    tokens,
    verdicts,
)

ROUTES = (
    *applications.ROUTES,
    *overview.ROUTES,
    *search.ROUTES,
    *runs.ROUTES,
    *step_logs.ROUTES,
    *commits.ROUTES,
    *environments.ROUTES,
    *verdicts.ROUTES,
    *probes.ROUTES,
    *errors.ROUTES,
    *configuration.ROUTES,
    *differences.ROUTES,
    *data.ROUTES,
    *instance_logs.ROUTES,
    *channels.ROUTES,
    *messages.ROUTES,
    *tokens.ROUTES,
    *signals.ROUTES,
    *facts.ROUTES,
    *openapi.ROUTES,
)
