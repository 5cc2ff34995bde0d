"""Flask, by an application object or a factory of one."""

from __future__ import annotations

import re

from shipway.pipelines.files import Tree
from shipway.pipelines.modules import Module, beside, entrances
from shipway.pipelines.sketch import Sketch

_IMPORT = re.compile(r"^[ \t]{0,40}(?:from|import) flask\b", re.ASCII | re.MULTILINE)
_OBJECT = re.compile(r"^(\w{1,99}) ?= ?(?:(?:flask\.)?Flask|create_app|make_app)\(", re.ASCII | re.MULTILINE)
_FACTORY = re.compile(
    r"^def (create_app|make_app)\([ \n]{0,20}(?:\)|\*|\w{1,99}[^,)=]{0,99}=)", re.ASCII | re.MULTILINE
)
_INIT = re.compile(r"command\([ \n]{0,20}(?:name ?= ?)?['\"](init-?db|init_db|create-?db|db-init)['\"]", re.ASCII)
_KEEPS = re.compile(r"instance_path|instance_relative_config ?= ?True|sqlite:///(?!/)", re.ASCII)
_ONCE = 'test -e "$DATA_DIR/.initialised" || (flask --app {app} {command} && touch "$DATA_DIR/.initialised")'


def recognise(tree: Tree) -> Sketch | None:
    for module in entrances(tree):
        application = _application(module)
        if application is not None and any(_IMPORT.search(text) for text in beside(tree, module)):
            return _sketch(tree, module, application)
    return None


def _sketch(tree: Tree, module: Module, application: str) -> Sketch:
    texts = list(beside(tree, module))
    release, why = _release(tree, module, application, texts)
    keeps = any(_KEEPS.search(text) for text in texts)
    target = f"'{module.name}:{application}'" if "(" in application else f"{module.name}:{application}"
    return Sketch(
        kind="flask",
        certainty=80,
        reasons=(f"Flask: {module.path} makes `{application}`", *why),
        processes={"web": f"gunicorn --bind 127.0.0.1:$PORT {target}"},
        framework="flask",
        release=release,
        repeatable=release is not None,
        data=("instance",) if keeps else (),
    )


def _application(module: Module) -> str | None:
    if found := _OBJECT.search(module.text):
        return found[1]
    if found := _FACTORY.search(module.text):
        return f"{found[1]}()"
    return None


def _release(tree: Tree, module: Module, application: str, texts: list[str]) -> tuple[str | None, tuple[str, ...]]:
    plain = application.removesuffix("()") in ("app", "application", "create_app", "make_app")
    app = module.name if plain else f"{module.name}:{application}"
    if tree.has("migrations/alembic.ini") and tree.has("migrations/env.py"):
        return f"flask --app {app} db upgrade", ("its database is moved on by Flask-Migrate (migrations/)",)
    for text in texts:
        if found := _INIT.search(text):
            command = _ONCE.format(app=app, command=found[1])
            return command, (f"its command `{found[1]}` makes the database: run once per environment",)
    return None, ()
