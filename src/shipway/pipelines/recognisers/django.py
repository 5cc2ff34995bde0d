"""Django, by its manage.py."""

from __future__ import annotations

import re

from shipway.pipelines.files import Tree
from shipway.pipelines.sketch import Sketch

_SETTINGS = re.compile(r"DJANGO_SETTINGS_MODULE['\"], ?['\"]([\w.]{1,200})['\"]", re.ASCII)
_WSGI = re.compile(r"^WSGI_APPLICATION = ['\"]([\w.]{1,200})\.(\w{1,99})['\"]", re.ASCII | re.MULTILINE)
_GENERATED_BY = re.compile(r"using Django (\d{1,2}\.\d{1,2}(?:\.\d{1,3})?)", re.ASCII)
_DATABASE = re.compile(r"['\"]NAME['\"]: ?(?:str\()?BASE_DIR ?/ ?['\"]([\w./-]{1,200})['\"]", re.ASCII)
_UPLOADS = re.compile(r"^MEDIA_ROOT = (?:str\()?BASE_DIR ?/ ?['\"]([\w./-]{1,200})['\"]", re.ASCII | re.MULTILINE)


def recognise(tree: Tree) -> Sketch | None:
    manage = tree.text("manage.py")
    if "django.core.management" not in manage:
        return None
    path, settings = _settings(tree, manage)
    return Sketch(
        kind="django",
        certainty=90,
        reasons=(f"Django: manage.py, with its settings in {path}",),
        processes={"web": f"gunicorn --bind 127.0.0.1:$PORT {_wsgi(tree, settings)}"},
        framework=_framework(settings),
        tests=None if tree.matching(r"(?:.*/)?conftest\.py|pytest\.ini") else "python manage.py test",
        release="python manage.py migrate --noinput",
        repeatable=True,
        data=tuple(_data(settings)),
        finish="python manage.py collectstatic --noinput" if "\nSTATIC_ROOT = " in settings else None,
    )


def _settings(tree: Tree, manage: str) -> tuple[str, str]:
    """The path and text of the settings; a package of settings is read as its base and what it adds."""
    named = _SETTINGS.search(manage)
    path = named[1].replace(".", "/") if named else "settings"
    if tree.has(f"{path}.py"):
        base = f"{path.rpartition('/')[0]}/base.py"
        return f"{path}.py", tree.text(base) + tree.text(f"{path}.py")
    return f"{path}/__init__.py", tree.text(f"{path}/base.py") + tree.text(f"{path}/__init__.py")


def _wsgi(tree: Tree, settings: str) -> str:
    if named := _WSGI.search(settings):
        return named[1] if named[2] == "application" else f"{named[1]}:{named[2]}"
    modules = tree.matching(r"[^/]+/wsgi\.py")
    return modules[0].removesuffix(".py").replace("/", ".") if modules else "wsgi"


def _framework(settings: str) -> str:
    version = _GENERATED_BY.search(settings)
    if version is None:
        return "django"
    return f"django~={version[1]}" if version[1].count(".") == 2 else f"django~={version[1]}.0"


def _data(settings: str) -> list[str]:
    found = [match[1] for match in (_DATABASE.search(settings), _UPLOADS.search(settings)) if match]
    return [path if "sqlite" in path else f"{path.rstrip('/')}/" for path in found]
