"""A name that no process could be given is refused at once; what is on record already can be taken away."""

from __future__ import annotations

from pathlib import Path

import pytest

from shipway.config import names
from shipway.config.places import Places
from shipway.config.problems import InvalidConfig
from shipway.environments.configure import InvalidVariable, UnknownVariable, change
from shipway.environments.secrets import Vault
from shipway.hosts.sandbox import UnsafeVariable, check_environment
from shipway.project import Project
from shipway.state import applications, configurations
from support.records import open_record


@pytest.mark.parametrize("name", ["LD_PRELOAD", "LD_LIBRARY_PATH", "GCONV_PATH", "GLIBC_TUNABLES"])
def test_what_the_sandbox_refuses_is_refused_where_it_is_set(name: str) -> None:
    with pytest.raises(UnsafeVariable):
        check_environment({name: "x"})
    with pytest.raises(ValueError, match="would act on the sandbox itself"):
        names.variable(name)


def test_shipway_yml_says_where_it_stands() -> None:
    text = "name: a\nprocesses: {web: x}\nsteps: {t: {run: x, env: {LD_AUDIT: y.so}}}\n"
    with pytest.raises(InvalidConfig, match=r"3:27: steps\.t\.env\.LD_AUDIT would act on the sandbox itself"):
        Project.parse(text)


def test_one_that_was_set_before_it_was_refused_can_be_taken_away(tmp_path: Path) -> None:
    places = Places.of(tmp_path / "data")
    places.create()
    database, vault = open_record(places.database), Vault(places)
    with database.write() as conn:
        applications.create(conn, "shop", "main", "ada")
        told = {
            "secrets": vault.seal("shop", "prod", {}),
            "secret_names": [],
            "who": "ada",
            "what": "set LD_PRELOAD",
        }
        configurations.add(conn, "shop", "prod", values={"LD_PRELOAD": "x"}, **told)
    with pytest.raises(InvalidVariable, match="LD_PRELOAD would act"):
        change(database, vault, "shop", "prod", who="ada", values={"LD_PRELOAD": "y"})
    assert change(database, vault, "shop", "prod", who="ada", values={"LD_PRELOAD": None}).values == {}
    with pytest.raises(UnknownVariable):
        change(database, vault, "shop", "prod", who="ada", values={"LD_PRELOAD": None})
    database.close()
