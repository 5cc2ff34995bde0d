"""Another application of Node: bugs in it were planted after the code that finds them was written."""

from __future__ import annotations

from incidents.planted import Bug, Edit

WEB = """\
'use strict';
const { EventEmitter } = require('node:events');
const { readFile } = require('node:fs/promises');
const orders = require('./services/orders');
const { Basket } = require('./models/basket');
const config = require('./config');

class Handler {
  constructor(request) {
    this.request = request;
    this.basket = new Basket(request.cart.items);
  }

  async handle() {
    const { items } = this.request.cart;
    const priced = await Promise.all(items.map(async (item) => orders.price(item)));
    return priced.reduce((a, b) => a + b, 0);
  }

  emitted() {
    const bus = new EventEmitter();
    bus.on('order', ({ order }) => {
      const size = order.items.length;
      this.size = size;
    });
    bus.emit('order', { order: this.request.cart });
  }

  static *pages(list, size) {
    for (let at = 0; at < list.length; at += size) {
      yield list.slice(at, at + size).map((each) => each.id.toString());
    }
  }
}

module.exports = {
  async handle(request) {
    return new Handler(request).handle();
  },
  emitted(request) {
    return new Handler(request).emitted();
  },
  pages(request) {
    const size = config.page.size;
    return [...Handler.pages(request.cart.items, size)];
  },
  weigh: (request) => new Handler(request).basket.weigh(),
  async settings(request) {
    const text = await readFile(__filename, 'utf8');
    const first = text.split('\\n')[0];
    return JSON.parse(`{"first": ${JSON.stringify(first)}}`);
  },
  parse({ cart: { items = [] } }) {
    const [head, ...rest] = items;
    return rest.length ? head.tags.join() : head.tags[0].toUpperCase();
  },
};
"""
ORDERS = """\
'use strict';
const config = require('../config');

const discounts = {
  none: (cents) => cents,
  half: (cents) => {
    const share = 2;
    return cents / share;
  },
};

function lookup(id) {
  return config.prices[id];
}

async function price(item) {
  const found = lookup(item.id);
  const cents = found.cents;
  const kind = item.discount ?? 'none';
  return discounts[kind](cents) * item.pieces;
}

module.exports = { price, lookup };
"""
BASKET = """\
'use strict';

class Basket {
  static limit = 20;
  total = 0;

  constructor(items) {
    this.items = items;
  }

  get heavy() {
    return this.items.filter((item) => item.weight.grams > Basket.limit);
  }

  add(item) {
    const items = [...this.items, item];
    this.items = items;
    return this;
  }

  weigh() {
    let sum = 0;
    for (const item of this.heavy) {
      sum += item.weight.grams;
    }
    return sum.toFixed(2);
  }
}

exports.Basket = Basket;
"""
CONFIG = """\
module.exports = {
  page: { size: 2 },
  prices: {
    a: { cents: 100 },
    b: { cents: 250 },
  },
};
"""
BASE = {"web.js": WEB, "services/orders.js": ORDERS, "models/basket.js": BASKET, "config.js": CONFIG}
BESIDE: dict[str, str] = {}
CARTS = {
    "ok": {
        "items": [
            {
                "id": "a",
                "pieces": 1,
                "weight": {"grams": 30},
                "tags": ["x"],
            },
            {
                "id": "b",
                "pieces": 2,
                "discount": "half",
                "weight": {"grams": 30},
                "tags": ["y"],
            },
        ]
    },
    "odd": {"items": [{"id": "zz", "pieces": 1}]},
}
QUIET = (
    Edit("ben", "web.js", "    this.size = size;", "    this.size = size + 1;"),
    Edit("ada", "services/orders.js", "    const share = 2;", "    const share = 3;"),
    Edit(
        "ben",
        "models/basket.js",
        "    const items = [...this.items, item];",
        "    const items = [item, ...this.items];",
    ),
)


def among(view: str, edit: Edit) -> Bug:
    """The commits of a bug that this one brings."""
    return Bug((QUIET[0], edit, *QUIET[1:]), 1, view, "ok")


PLANTED: dict[str, Bug] = {
    "a row of a table of functions": among(
        "handle", Edit("cho", "services/orders.js", "  half: (cents) => {", "  halves: (cents) => {")
    ),
    "what a function returns": among(
        "handle",
        Edit("cho", "services/orders.js", "  return config.prices[id];", "  return config.prices[id.length];"),
    ),
    "what is taken apart": among(
        "handle", Edit("cho", "web.js", "const { items } = this.request.cart;", "const { items } = this.request;")
    ),
    "given in a callback": among(
        "handle",
        Edit("cho", "web.js", "async (item) => orders.price(item)", "async (item) => orders.price(item.item)"),
    ),
    "given to who listens": among(
        "emitted",
        Edit(
            "cho",
            "web.js",
            "bus.emit('order', { order: this.request.cart })",
            "bus.emit('order', { orders: this.request.cart })",
        ),
    ),
    "in a generator": among("pages", Edit("cho", "web.js", "each.id.toString()", "each.ids.toString()")),
    "in a getter": among(
        "weigh",
        Edit("cho", "models/basket.js", "item.weight.grams > Basket.limit", "item.weights.grams > Basket.limit"),
    ),
    "what a sum begins with": among(
        "weigh", Edit("cho", "models/basket.js", "    let sum = 0;", "    let sum = '0';")
    ),
    "deep in the engine": among(
        "settings", Edit("cho", "web.js", '`{"first": ${JSON.stringify(first)}}`', '`{"first": ${first}}`')
    ),
    "what is taken apart first": among(
        "parse",
        Edit("cho", "web.js", "const [head, ...rest] = items;", "const [, head, ...rest] = items.slice(1);"),
    ),
    "given to a constructor": among(
        "weigh", Edit("cho", "web.js", "new Basket(request.cart.items)", "new Basket(request.cart)")
    ),
    "while it is loaded": among(
        "weigh", Edit("cho", "models/basket.js", "  static limit = 20;", "  static limit = config.limit;")
    ),
    "what a constructor keeps": among(
        "weigh",
        Edit(
            "cho",
            "models/basket.js",
            "    this.items = items;\n  }\n\n  get",
            "    this.item = items;\n  }\n\n  get",
        ),
    ),
}
SILENT: dict[str, Bug] = {
    "a file that the stack does not go through changed": Bug(
        (
            Edit(
                "cho", "services/orders.js", "module.exports = { price, lookup };", "module.exports = { lookup };"
            ),
        ),
        None,
        "handle",
        "ok",
    ),
    "other functions changed": Bug(QUIET, None, "handle", "odd"),
    "other methods changed": Bug(QUIET, None, "weigh", "odd"),
    "what another function calls the same changed": Bug(
        (
            Edit(
                "cho",
                "web.js",
                "      const size = order.items.length;\n",
                "      const head = order.items[0];\n      const size = order.items.length;\n",
            ),
            *QUIET,
        ),
        None,
        "parse",
        "odd",
    ),
    "a function of the same table changed": Bug(
        (
            Edit(
                "cho",
                "services/orders.js",
                "    return cents / share;",
                "    const found = cents / share;\n    return found;",
            ),
        ),
        None,
        "handle",
        "odd",
    ),
    "a size of something else changed": Bug(
        (
            Edit("cho", "web.js", "    const size = config.page.size;", "    const size = config.page.size * 2;"),
            Edit("ada", "config.js", "cents: 100", "cents: 110"),
        ),
        None,
        "handle",
        "odd",
    ),
}
UNSEEN = {"given to who listens"}
"""Another commit changed what stands right behind what went wrong, and is about as likely."""
