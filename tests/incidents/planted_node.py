"""The shop as people write it for Node, in which bugs are planted and met in one process with the real SDK."""

from __future__ import annotations

from incidents.planted import Bug, Edit

RATES = """\
'use strict';

// What things cost.

const CURRENCY = 'EUR';
const RATES = {
  EUR: { cents: 100 },
  USD: { cents: 92 },
};

const rate = (currency) => RATES[currency].cents;

function shipping(weight) {
  if (weight > 20) {
    return 900;
  }
  return 400;
}

class Discount {
  constructor(customer) {
    const known = customer || {};
    const since = known.since || '2020';
    this.name = known.name;
    this.title = 'for somebody';

    // Nobody is greeted by a number.

    this.year = Number(since.slice(0, 4));
  }

  apply(cents) {
    const least = 1000;
    const weight = 1;
    if (cents < least) {
      return cents;
    }
    return cents - weight * Math.floor(cents / 10);
  }

  greeting() {
    return this.name.trim();
  }
}

module.exports = { CURRENCY, Discount, rate, shipping };
"""
CART = """\
'use strict';

// What somebody wants to buy.

const { CURRENCY, Discount, rate, shipping } = require('./rates');

function lines(cart) {
  return cart.lines.filter((line) => line.count);
}

exports.count = function (cart) {
  return lines(cart).reduce((sum, line) => sum + line.count, 0);
};

exports.first = (cart) => {
  const found = lines(cart);
  if (!found.length) {
    return 'nothing';
  }
  return found[0].name.trim();
};

exports.heaviest = (cart) => {
  const weights = lines(cart).map((line) => line.weight || 0);
  const most = Math.max(...weights);
  return most;
};

function subtotal(cart) {
  return lines(cart).reduce((sum, line) => sum + line.count * line.price.cents, 0);
}

exports.total = function total(cart) {
  // Everything, in cents.
  const weight = lines(cart).reduce((sum, line) => sum + (line.weight || 0), 0);
  const discount = new Discount(cart.customer);
  const cents = discount.apply(subtotal(cart));
  const freight = shipping(weight);
  const currency = cart.currency || CURRENCY;
  const unit = rate(currency);
  return Math.floor(((cents + freight) * 100) / unit);
};
"""
STOCK = """\
'use strict';

// What is left in the store, which answers later.

const PIECES = new Map([['map', { left: 3 }], ['stamp', { left: 9 }]]);

const asked = (name) => new Promise((done) => setImmediate(() => done(PIECES.get(name))));

async function left(name) {
  const found = await asked(name);
  return found.left;
}

async function reserve(names) {
  const reserved = [];
  for (const name of names) {
    reserved.push(await left(name));
  }
  return reserved;
}

module.exports = { left, reserve };
"""
TILL = """\
// How receipts are printed.

export function each(list, print) {
  const printed = [];
  for (const one of list) {
    printed.push(print(one));
  }
  return printed;
}

export class Receipt {
  #lines;

  constructor(lines) {
    this.#lines = lines;
  }

  static of(cart) {
    return new Receipt(cart.lines);
  }

  get width() {
    const wide = this.#lines.map((line) => line.name.length);
    return Math.max(...wide);
  }

  print() {
    return each(this.#lines, (line) => line.name.padEnd(this.width));
  }
}
"""
LOYALTY = """\
/** What faithful customers get. */

interface Card {
  points: number;
  since?: Date;
}

export function points(card: Card, cents: number): number {
  const earned: number = Math.floor(cents / 100);
  return card.points + earned;
}

export const level = (card: Card): string => {
  const names: string[] = ["new", "known", "old"];
  const at: number = Math.min(names.length - 1, Math.floor(card.points / 100));
  return names[at].toUpperCase();
};

export class Club {
  constructor(private readonly cards: Card[]) {}

  greet(index: number): string {
    const card: Card = this.cards[index];
    const name: string = level(card);
    return `A ${name} customer`;
  }
}
"""
COMPILED = """\
"use strict";
/** What faithful customers get. */
Object.defineProperty(exports, "__esModule", { value: true });
exports.Club = exports.level = void 0;
exports.points = points;
function points(card, cents) {
    const earned = Math.floor(cents / 100);
    return card.points + earned;
}
const level = (card) => {
    const names = ["new", "known", "old"];
    const at = Math.min(names.length - 1, Math.floor(card.points / 100));
    return names[at].toUpperCase();
};
exports.level = level;
class Club {
    cards;
    constructor(cards) {
        this.cards = cards;
    }
    greet(index) {
        const card = this.cards[index];
        const name = (0, exports.level)(card);
        return `A ${name} customer`;
    }
}
exports.Club = Club;
"""
"""What TypeScript's compiler (5.9, for ES2022 and CommonJS) makes of it, as everywhere here."""

WEB = """\
'use strict';

// What the shop answers.

const patience = require('patience');
const carts = require('./lib/cart');
const stock = require('./lib/store/stock');
const { Club } = require('./dist/loyalty');

exports.checkout = (request) => {
  const cart = request.cart;
  try {
    return { total: carts.total(cart) };
  } catch (error) {
    throw new Error('no checkout', { cause: error });
  }
};

exports.total = (request) => carts.total(request.cart);

exports.overview = (request) => {
  const cart = request.cart;
  return { first: carts.first(cart), heaviest: carts.heaviest(cart).toFixed(1) };
};

exports.reserved = async (request) => {
  const names = request.cart.lines.map((line) => line.name);
  const found = await stock.reserve(names);
  return { found };
};

exports.patient = (request) => {
  const tries = 2;
  const work = () => carts.first(request.cart);
  return patience.retry(
    tries,
    work,
  );
};

exports.receipt = async (request) => {
  const { Receipt } = await import('./lib/till.mjs');
  return { lines: Receipt.of(request.cart).print() };
};

exports.labels = async (request) => {
  const { each } = await import('./lib/till.mjs');
  const cart = request.cart;
  return each(
    cart.lines,
    (line) => line.name.trim(),
  );
};

exports.greeted = (request) => {
  const club = new Club([{ points: 120 }]);
  return club.greet(request.cart.member || 0);
};

exports.later = (request) => {
  setTimeout(() => {
    const cart = request.cart;

    // Whoever waits is told,
    // but not before
    // that is known.

    const name = cart.customer.name;
    exports.told = name.trim();
  }, 1);
  return {};
};
"""
BASE = {
    "web.js": WEB,
    "lib/cart.js": CART,
    "lib/rates.js": RATES,
    "lib/store/stock.js": STOCK,
    "lib/till.mjs": TILL,
    "src/loyalty.ts": LOYALTY,
}
BESIDE = {
    "dist/loyalty.js": COMPILED,
    "node_modules/patience/package.json": '{"name": "patience", "version": "1.0.0", "main": "lib/cart.js"}\n',
    "node_modules/patience/lib/cart.js": """\
exports.retry = function retry(tries, work) {
  for (let left = tries; ; left--) {
    try {
      return work();
    } catch (error) {
      if (left === 0) throw error;
    }
  }
};
""",
}
"""What a release has that is in no repository: what was installed, with a file of a name that the shop has too,
and what a compiler made.
"""

CARTS = {
    "full": {
        "lines": [{"name": "map", "count": 2, "price": {"cents": 700}, "weight": 3}],
        "customer": {"name": "Ada", "since": "2021-04-01"},
    },
    "empty": {"lines": []},
    "unpriced": {"lines": [{"name": "map", "count": 1}]},
    "dollars": {"lines": [{"name": "map", "count": 1, "price": {"cents": 100}}], "currency": "USD"},
    "unknown": {"lines": [{"name": "eraser", "count": 1}]},
    "visitor": {"lines": [], "member": 7},
}
RUN = """
const Sentry = require('@sentry/node');
const { join } = require('node:path');

let tell;
const beforeSend = ({ sdkProcessingMetadata, ...event }) => { tell(event); return null; };
Sentry.init({ dsn: 'http://key@127.0.0.1:1/1', beforeSend });
process.on('uncaughtException', () => {});  // with it an application goes on

const met = ({ directory, view, cart }) => new Promise((done) => {
  tell = done;
  const work = async () => {
    try {
      await require(join(directory, 'web.js'))[view]({ cart });
    } catch (error) {
      Sentry.captureException(error);
    }
    setTimeout(done, 5000, null).unref();
  };
  work();
});
const every = async () => {
  for (const bug of JSON.parse(process.env.BUGS)) {
    process.stdout.write(`${JSON.stringify(await met(bug))}\\n`);  // the console is reported too
  }
};
every().then(() => process.exit(0));
"""

QUIET = (
    Edit("ben", "web.js", "const tries = 2;", "const tries = 3;"),
    Edit("cho", "lib/cart.js", "  const most = Math", "  // the weight of one piece\n  const most = Math"),
    Edit("ben", "lib/rates.js", "    return 900;\n", "    return 950;\n"),
    Edit("ada", "lib/rates.js", "    const weight = 1;\n", "    const weight = 2;\n"),
)
"""Changes by others that have nothing to do with it, in the same files."""


def among(*bug: Edit) -> tuple[tuple[Edit, ...], int]:
    """The commits, with the last of the bug's own as the culprit."""
    return (QUIET[0], *bug, *QUIET[1:]), len(bug)


PLANTED: dict[str, Bug] = {
    "the very line": Bug(*among(Edit("cho", "lib/cart.js", "line.price.cents", "line.cost.cents")), "total"),
    "in a module further down": Bug(
        *among(Edit("cho", "lib/store/stock.js", "PIECES.get(name)", "PIECES.get(`${name}s`)")), "reserved"
    ),
    "a guard taken away": Bug(
        *among(Edit("cho", "lib/cart.js", "  if (!found.length) {\n    return 'nothing';\n  }\n", "")),
        "overview",
        "empty",
    ),
    "far above in the function": Bug(
        *among(
            Edit("ben", "lib/cart.js", "  const freight", "\n\n\n\n  const freight"),
            Edit(
                "cho", "lib/cart.js", "  // Everything, in cents.\n", "  cart = { ...cart, currency: 'EURO' };\n"
            ),
        ),
        "total",
    ),
    "what a caller passes": Bug(
        *among(Edit("cho", "web.js", "carts.heaviest(cart)", "carts.heaviest(cart.heavy)")), "overview"
    ),
    "an import taken away": Bug(
        *among(Edit("cho", "lib/cart.js", "{ CURRENCY, Discount, rate", "{ Discount, rate")), "total"
    ),
    "a constant": Bug(
        *among(Edit("cho", "lib/rates.js", "  USD: { cents: 92 }", "  CHF: { cents: 94 }")), "total", "dollars"
    ),
    "behind what is installed": Bug(*among(Edit("cho", "web.js", "    work,\n", "    work(),\n")), "patient"),
    "awaited": Bug(
        *among(Edit("cho", "web.js", "map((line) => line.name);", "map((line) => line.names);")), "reserved"
    ),
    "in a callback that is as it was": Bug(
        *among(Edit("cho", "web.js", "    cart.lines,\n", "    [...cart.lines, cart.gift],\n")), "labels"
    ),
    "in a file that got another name": Bug(
        (
            QUIET[0],
            Edit("ben", "lib/rates.js", "", "", rename="lib/prices.js"),
            Edit("ada", "lib/cart.js", "require('./rates')", "require('./prices')"),
            Edit("cho", "lib/prices.js", "RATES[currency].cents", "RATES[currency.toLowerCase()].cents"),
            Edit("ben", "lib/prices.js", "    return 900;\n", "    return 950;\n"),
        ),
        3,
        "total",
    ),
    "compiled from TypeScript": Bug(
        *among(Edit("cho", "src/loyalty.ts", "return names[at].", "return names[at + 3].")),
        "greeted",
        built={"dist/loyalty.js": COMPILED.replace("return names[at].", "return names[at + 3].")},
    ),
    "compiled from TypeScript with types": Bug(
        (
            Edit(
                "cho",
                "src/loyalty.ts",
                "const card: Card = this.cards[index]",
                "const card: Card = this.cards[-1]",
            ),
            Edit("ben", "src/loyalty.ts", "  return card.points + earned;", "  return earned + card.points;"),
        ),
        0,
        "greeted",
        built={
            "dist/loyalty.js": COMPILED.replace("this.cards[index]", "this.cards[-1]").replace(
                "card.points + earned", "earned + card.points"
            )
        },
    ),
    "in a constructor": Bug(
        *among(Edit("cho", "lib/rates.js", "    const since = known.since || '2020';", "    const since = 2020;")),
        "total",
    ),
    "in what an ES module gets": Bug(
        *among(Edit("cho", "lib/till.mjs", "(line) => line.name.length", "(line) => line.title.length")), "receipt"
    ),
    "the cause of another error": Bug(
        *among(Edit("cho", "lib/rates.js", "RATES[currency].cents", "RATES[currency].cent.toFixed()"))
    ),
    "uncaught, from a timer": Bug(
        *among(Edit("cho", "web.js", "const cart = request.cart;\n\n", "const cart = request;\n\n")), "later"
    ),
    "on a branch that was merged": Bug(
        (
            QUIET[0],
            Edit("ben", "lib/cart.js", "    return 'nothing';", "    return found[0].name;", "lighter"),
            Edit("cho", "lib/rates.js", "  return 400;\n", "  return 450;\n", "lighter"),
            Edit("ada", "lib/cart.js", "// Everything, in cents.", "// All of it, in cents."),
        ),
        1,
        "overview",
        "empty",
    ),
}
SILENT: dict[str, Bug] = {
    "other files changed": Bug(
        (
            Edit("ben", "README.md", "", "# A shop\n"),
            Edit("cho", "lib/store/stock.js", "{ left: 3 }", "{ left: 4 }"),
        ),
        None,
        "total",
        "unpriced",
    ),
    "other functions changed": Bug((*QUIET,), None, "total", "unpriced"),
    "what others call the same changed": Bug(
        (
            Edit(
                "cho",
                "lib/cart.js",
                "  const found = lines(cart);\n",
                "  const discount = lines(cart);\n  const found = discount;\n",
            ),
            Edit("ben", "web.js", "  const club = new Club(", "  const carts = [];\n  const club = new Club("),
        ),
        None,
        "total",
        "unpriced",
    ),
    "only words about it changed": Bug(
        (
            Edit(
                "cho",
                "lib/cart.js",
                "function subtotal(cart) {\n",
                "function subtotal(cart) {\n  // pieces by cents\n",
            ),
            Edit("ben", "lib/cart.js", "// What somebody wants to buy.", "/* A cart. */"),
        ),
        None,
        "total",
        "unpriced",
    ),
    "only its indentation changed": Bug(
        (
            Edit(
                "cho",
                "lib/cart.js",
                "  return lines(cart).reduce((sum, line) => sum + line.count * line.price.cents, 0);",
                "    return lines(cart).reduce( (sum, line) => sum + line.count * line.price.cents, 0 );",
            ),
        ),
        None,
        "total",
        "unpriced",
    ),
    "another function of what is compiled changed": Bug(
        (Edit("cho", "src/loyalty.ts", "  return card.points + earned;", "  return earned + card.points;"),),
        None,
        "greeted",
        "visitor",
        built={"dist/loyalty.js": COMPILED.replace("card.points + earned", "earned + card.points")},
    ),
    "two are as likely": Bug(
        (
            Edit(
                "ben", "lib/cart.js", "  const cents = discount", "  discount.year += 1;\n  const cents = discount"
            ),
            Edit("cho", "lib/cart.js", "  const freight = ", "  discount.year -= 1;\n  const freight = "),
        ),
        None,
        "total",
        "unpriced",
    ),
    "the way it was waited for did not change": Bug(
        (Edit("cho", "web.js", "  const tries = 2;", "  const tries = 4;"), QUIET[1]), None, "reserved", "unknown"
    ),
}
"""What changed while an error came that has nothing to do with it: a customer asks for what was never there."""
UNSEEN: set[str] = set()
"""What leads to nobody although the stack crosses the change."""
