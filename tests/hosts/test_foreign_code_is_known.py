"""What is foreign to an application is so wherever its calls are read: in what it prints, and in reports."""

from __future__ import annotations

from pathlib import Path

import pytest

from shipway.hosts.excerpt import excerpt
from shipway.hosts.explanation import raised
from shipway.signals.errors import event

OWN = (
    "/srv/shop/app.py",
    "shop/app.py",
    "/srv/library/python3/shop.py",
    "/srv/shop/server.js",
    "/srv/shop/lib/router.js",
    "/srv/shop/internal/till.js",
    "internal/till.py",
    "internal/till/open.go",
    "lib/python3/till.py",
    "/srv/shop/lib/python3-tills/open.py",
    "/srv/shop/sun/moon.py",
)
BUILT_IN = (
    "<frozen importlib._bootstrap>",
    "<frozen runpy>",
    "<string>",
    "<attrs generated init shop.Cart>",
    "/usr/lib/python3.11/json/decoder.py",
    "/root/.pyenv/versions/3.11.7/lib/python3.11/runpy.py",
    "/usr/lib/python311.zip/runpy.py",
    "/usr/lib/python3.13t/runpy.py",
    "node:internal/modules/cjs/loader",
    "node:events",
    "internal/modules/cjs/loader.js",
    "<anonymous>",
)
PACKAGES = (
    "/srv/shop/.venv/lib/python3.13/site-packages/flask/cli.py",
    "/usr/lib/python3/dist-packages/gunicorn/util.py",
    "C:/shop/Lib/site-packages/flask/cli.py",
    "site-packages/flask/cli.py",
    "/srv/shop/.venv/bin/flask",
    "/srv/shop/node_modules/express/lib/router.js",
    "node_modules/express/lib/router.js",
)
OWN_CLASSES = ("shop.Basket.total", "javafx2.Shop.open", "shop.java.Till.open", "shop.Cart$$anonfun$total$1.apply")
FOREIGN_CLASSES = (
    "java.util.ArrayList.get",
    "java.base/java.lang.Thread.run",
    "java.base@21.0.2/java.lang.Thread.run",
    "javax.servlet.http.HttpServlet.service",
    "jdk.internal.reflect.GeneratedMethodAccessor1.invoke",
    "sun.reflect.NativeMethodAccessorImpl.invoke0",
    "com.sun.proxy.$Proxy12.total",
    "shop.Basket$$Lambda$14/0x0000000800c8.apply",
    "shop.Basket$$EnhancerBySpringCGLIB$$1f.total",
)
FOREIGN = (*BUILT_IN, *PACKAGES)


def reported(**call: object) -> event.Frame:
    return event.read({"exception": [{"type": "KeyError", "stacktrace": {"frames": [call]}}]}).raised[0].frames[0]


def of_class(name: str, **said: object) -> event.Frame:
    module, _, function = name.rpartition(".")
    return reported(filename="Any.java", module=module, function=function, **said)


def innermost(file: str) -> str:
    """The call that is told of a traceback of two, of which `file` has the inner one."""
    calls = [f'  File "{each}", line 9, in total' for each in ("/srv/shop/first.py", file)]
    lines = ["Traceback (most recent call last):", *calls, "KeyError: 'cents'"]
    return lines[raised(lines)[0]].split('"')[1]


def died_in(directory: Path, file: str) -> str:
    """What is shown of a program that Node ended while it was there."""
    calls = ["    at total (/srv/shop/first.js:2:9)", f"    at open ({file}:4:1)"]
    lines = ["/srv/shop/first.js:2", "TypeError: no", *calls, f"    at async {file}:7:1 {{", "", "Node.js v20.1.0"]
    (directory / "log").write_text("\n".join(lines))
    return excerpt(directory)


@pytest.mark.parametrize("file", OWN)
def test_the_applications_own_is_its_own_everywhere(tmp_path: Path, file: str) -> None:
    assert innermost(file) == file
    assert file in died_in(tmp_path, file)
    assert reported(filename=file, in_app=True).own
    assert reported(filename=file).own
    assert reported(filename=Path(file).name, abs_path=file, module="sun.moon").own


@pytest.mark.parametrize("file", FOREIGN)
def test_what_is_foreign_is_foreign_everywhere(tmp_path: Path, file: str) -> None:
    assert innermost(file) == "/srv/shop/first.py"
    shown = died_in(tmp_path, file)
    assert file not in shown
    assert "/srv/shop/first.js:2:9" in shown
    assert not reported(filename=file).own
    assert not reported(filename=Path(file).name, abs_path=file).own


@pytest.mark.parametrize("name", [*OWN_CLASSES, *FOREIGN_CLASSES])
def test_classes_of_the_jdk_are_foreign_everywhere(tmp_path: Path, name: str) -> None:
    case = "[ERROR] shop.BasketTest.total  Time elapsed: 0.01 s  <<< ERROR!"
    lines = [case, "java.lang.IllegalStateException: shut", f"\tat {name}(Any.java:9)", "[INFO] done"]
    (tmp_path / "log").write_text("\n".join(lines))
    own = name in OWN_CLASSES
    assert (name in excerpt(tmp_path)) == of_class(name).own == of_class(name, in_app=True).own == own


@pytest.mark.parametrize("file", FOREIGN)
def test_an_sdk_may_say_which_package_is_the_applications_own(file: str) -> None:
    """Not that a part of the language is: some take it for that."""
    assert reported(filename=file, in_app=True).own == (file in PACKAGES)
    assert not reported(filename=file, in_app=False).own
