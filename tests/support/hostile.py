"""What somebody may write into a log, a branch, a test's name, an error: nothing of it may ever become markup or
script (BARS S13). Data, for every page that shows what people and programs write.
"""

from __future__ import annotations

PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    '"><script>alert(1)</script>',
    "' onmouseover='alert(1)",
    '" autofocus onfocus="alert(1)',
    "`onmouseover=alert(1)//",
    "</pre></code></li><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<!--<img src='--><img src=x onerror=alert(1)>",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'>",
    "<iframe src='data:text/html,<script>alert(1)</script>'>",
    "<object data='javascript:alert(1)'></object>",
    "<embed src='data:image/svg+xml,<svg onload=alert(1)>'>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "javascript:alert(1)//http://example.org/",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<input onfocus=alert(1) autofocus>",
    "<marquee onstart=alert(1)>",
    "<style>@import 'javascript:alert(1)';</style>",
    "<link rel=stylesheet href='javascript:alert(1)'>",
    "{{constructor.constructor('alert(1)')()}}",
    "{% raw %}{{ 7*7 }}",
    "${alert(1)}",
    "{x.__class__} %s %(x)s #{7*7} <%= 7*7 %>",
    "<div hx-get='/' hx-on::load='alert(1)' hx-trigger=load>",
    "\x1b]8;;javascript:alert(1)\x07link\x1b]8;;\x07",
    "\x1b]8;;javascript:alert(1)\x1b\\link\x1b]8;;\x1b\\",
    "\x1b[31m<img src=x onerror=alert(1)>\x1b[0m",
    "<\x1b[31mscript\x1b[0m>alert(1)</\x1b[31mscript\x1b[0m>",
    '\x1b[31;"onmouseover=alert(1)m',
    "<scr\x00ipt>alert(1)</scr\x00ipt>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
    "<math><mtext><style><img src=x onerror=alert(1)>",
    "<math><mi xlink:href='javascript:alert(1)'>x</mi></math>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><script>alert&lpar;1&rpar;</script></svg>",
    "<template><script>alert(1)</script></template>",
    "<base href='https://evil.example/'>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<form action='https://evil.example'><button>press</button></form>",
    "<form action='javascript:alert(1)'><input type=submit autofocus></form>",
    "\u202e<script>alert(1)</script>\u202c",
    "\x1b[1;31;41mbold\x1b[0m\x1b[2J\x1b[H",
    "\u202eexe.evil",
)

TEMPLATES = tuple(payload for payload in PAYLOADS if any(mark in payload for mark in ("{{", "${", "%s")))
"""Those of them that another system would take for a template (BARS S25)."""

LINES = (
    '{"msg": "x", "ratio": NaN}',
    '{"msg": "x", "ratio": 1e999}',
    '{"msg": "x", "ratio": [-Infinity, -1e999]}',
    '{"msg": NaN, "level": Infinity, "time": 1e999}',
    '{"msg": "x", "level": "%s"}' % ("9" * 400),
    '{"msg": "x", "level": %s}' % ("9" * 400),
    '{"msg": "x", "ratio": %s}' % ("9" * 5000),
    '{"msg": "x", "in": ' + '{"in":' * 600 + "1" + "}" * 600 + "}",
    '{"msg": "x", "in": ' + "[" * 600 + "]" * 600 + "}",
    '{"msg": ' + "[" * 20_000 + "]" * 20_000 + "}",
    '{"msg": "x", "\\ud800": "\\udfff"}',
    '{"msg": {"level": null}, "err": {"stack": [null, {}]}, "log": {"level": []}}',
)
"""What an application may print so that whoever reads it as JSON, or sends it on as such, fails."""

FOREIGN = ", ".join(
    [
        ":is(main, dialog) :is(img, iframe, script, style, link, base, meta, math, object, embed, video, marquee)",
        ":is(main, dialog) template",
        "form[action^='http' i], form[action^='javascript' i], a[href^='javascript' i], a[href^='data' i]",
        ":is([onerror], [onload], [onfocus], [onmouseover], [ontoggle], [onstart], [onbegin], [srcdoc], [hx-get])",
    ]
)
"""A selector of what no page of ours has in it, whatever it shows."""
