"""The shop as it grows: bugs in it that are met by what an application's log tells of them."""

from __future__ import annotations

from incidents.planted import BASE as FIRST
from incidents.planted import QUIET, Bug, Edit

DRAWER = '''\
"""What lies in the drawer of a till."""

COINS = [200, 100, 50]


class Drawer:
    def __init__(self, coins):
        self.coins = coins

    def change(self, cents):
        at = self.coins.index(cents)
        return self.coins[at]

    @property
    def least(self):
        at = len(self.coins) - 1
        return self.coins[at]
'''
EVENING = '''\
"""What is done when the shop is shut."""

import asyncio
import json

from patience import each, retry

from shop import cart as carts
from shop.tills.drawer import COINS, Drawer


class Late(Exception):
    pass


async def counted(drawer):
    await asyncio.sleep(0)
    return drawer.coins[0] // len(drawer.coins)


async def close(request):
    coins = COINS[:2]
    drawer = Drawer(coins)
    found = await asyncio.gather(counted(drawer))
    return {"found": found}


def till(request):
    drawer = Drawer(COINS)
    return {"least": drawer.least}


def odd(request):
    drawer = Drawer([])
    return {"coin": drawer.change(50)}


def change(request):
    drawer = Drawer(COINS)
    return {
        "coin": drawer.change(
            50,
        )
    }


def patient(request):
    tries = 2
    return retry(
        tries,
        lambda: carts.heaviest(request["cart"]),
    )


def names(request):
    cart = request["cart"]
    return each(
        cart["lines"],
        lambda line: line.get("name", "").strip(),
    )


def receipt(request):
    text = json.dumps(request["cart"])
    return json.loads(text)


def ledger(request):
    try:
        return carts.total(request["cart"])
    except LookupError:
        raise Late("the ledger is shut") from None


def spoken(request):
    try:
        return carts.total(request["cart"])
    except LookupError as error:
        late = Late('File "shop/rates.py", line 8, in rate, was read')
        raise late from error


def several(request):
    failed = []
    try:
        carts.total(request["cart"])
    except LookupError as error:
        failed.append(error)
    if failed:
        raise ExceptionGroup("not all of it", failed)
'''
BASE = {
    **FIRST,
    "shop/tills/__init__.py": "",
    "shop/tills/drawer.py": DRAWER,
    "shop/evening.py": EVENING,
}
BESIDE = {
    ".venv/lib/python3/site-packages/patience/__init__.py": """\
def retry(tries, work):
    for left in range(tries, -1, -1):
        try:
            return work()
        except LookupError:
            if not left:
                raise


def each(some, what):
    return [what(one) for one in some]
"""
}
"""What is installed there."""

RUN = """
import asyncio, importlib, inspect, json, logging, os, sys
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor

def meet(directory, module, view, request, told):
    os.environ.update(told)
    logs = LoggerProvider()
    logs.add_log_record_processor(SimpleLogRecordProcessor(OTLPLogExporter()))
    log = logging.Logger("shop")
    log.addHandler(LoggingHandler(logger_provider=logs))
    packages = f"{directory}/.venv/lib/python3/site-packages"
    sys.path[:0] = [directory, packages]
    try:
        answer = getattr(importlib.import_module(module), view)(request)
        if inspect.iscoroutine(answer):
            asyncio.run(answer)
    except Exception:
        log.exception("could not answer")
    else:
        raise SystemExit(f"nothing goes wrong in {directory}")
    for name in [name for name in sys.modules if name.partition(".")[0] in ("shop", "patience")]:
        del sys.modules[name]
    del sys.path[:2]
    logs.shutdown()

for bug in json.loads(os.environ["BUGS"]):
    meet(**bug)
"""


def among(*bug: Edit) -> tuple[tuple[Edit, ...], int]:
    """The commits, with the last of the bug's own as the culprit."""
    return (QUIET[0], *bug, *QUIET[1:], Edit("ben", "shop/evening.py", "tries = 2", "tries = 3")), len(bug)


PLANTED: dict[str, Bug] = {
    "in a package further down": Bug(
        *among(Edit("cho", "shop/tills/drawer.py", "at = len(self.coins) - 1", "at = len(self.coins)")),
        "evening.till",
    ),
    "given to a call of several lines": Bug(
        *among(Edit("cho", "shop/evening.py", "            50,\n", "            5,\n")), "evening.change"
    ),
    "behind what is installed": Bug(
        *among(Edit("cho", "shop/evening.py", 'carts.heaviest(request["cart"])', "carts.heaviest(request)")),
        "evening.patient",
    ),
    "in a callback that is as it was": Bug(
        *among(Edit("cho", "shop/evening.py", '        cart["lines"],\n', '        [*cart["lines"], None],\n')),
        "evening.names",
    ),
    "awaited": Bug(*among(Edit("cho", "shop/evening.py", "COINS[:2]", "COINS[:0]")), "evening.close"),
    "deep in the standard library": Bug(
        *among(Edit("cho", "shop/evening.py", "json.loads(text)", 'json.loads(text + "}")')), "evening.receipt"
    ),
    "the cause of another that speaks of a file": Bug(
        *among(Edit("cho", "shop/cart.py", 'line["cents"] for', 'line["price"] for')), "evening.spoken"
    ),
    "one of several": Bug(
        *among(Edit("cho", "shop/cart.py", 'line["cents"] for', 'line["price"] for')), "evening.several"
    ),
    "while it is imported": Bug(
        *among(Edit("cho", "shop/tills/drawer.py", "COINS = [200, 100, 50]", "COINS = [200, 100, FIFTY]")),
        "evening.change",
    ),
    "beside what reads like a stack of Node": Bug(
        *among(
            Edit(
                "cho",
                "shop/tills/drawer.py",
                "        return self.coins[at]\n\n",
                "        at = self.coins[at] * \\\n            self.coins[cents]\n        return at\n\n",
            )
        ),
        "evening.change",
    ),
}
SILENT: dict[str, Bug] = {
    "what hides its cause": Bug(
        (Edit("cho", "shop/cart.py", 'line["cents"] for', 'line["price"] for'),), None, "evening.ledger"
    ),
    "what is called the same changed": Bug(
        (
            Edit("cho", "shop/evening.py", "    tries = 2\n", "    drawer = None\n    tries = 2\n"),
            Edit(
                "ben",
                "shop/tills/drawer.py",
                "    def least(self):\n",
                "    def least(self):\n        cents = 0\n",
            ),
        ),
        None,
        "evening.odd",
    ),
}
