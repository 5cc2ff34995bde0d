"""Which calls of a stack are foreign to an application: nobody who has to mend it looks there.

Not for telling errors apart: code that is taken for foreign from now on must not make known errors new ones.
"""

from __future__ import annotations

import re

_MADE = re.compile(
    r"^(?:<|node:|internal/.*\.js$)"  # the last of a Node up to 14: others have folders of that name too
    r"|(?:^|/)lib/python3\.?\d+t?(?:\.zip)?/(?!(?:site|dist)-packages/)"
)
_PACKAGES = re.compile(r"(?:^|/)(?:site-packages|dist-packages|node_modules|\.venv)/")
_JAVA = re.compile(
    r"(?:.*/)?(?:javax?|jdk|sun|com\.sun)\."
    r"|.*(?:\$Proxy\d|\$\$(?:Lambda|EnhancerBy|FastClassBy|SpringCGLIB))"
)


def is_built_in(file: str) -> bool:
    """Whether it is a language's own, or made while the program runs: `file` is no file that anybody wrote for
    the application, whatever else is said of it.
    """
    return _MADE.search(file) is not None


def is_foreign(file: str) -> bool:
    """Whether a language or a package has it, as far as the name of its file tells."""
    return is_built_in(file) or _PACKAGES.search(file) is not None


def is_javas(name: str) -> bool:
    """Whether a class or a call of the JVM is the JDK's own, or made while the program runs."""
    return _JAVA.match(name) is not None
