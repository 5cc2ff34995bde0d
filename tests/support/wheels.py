"""Wheels made by hand, so that builds can be tried without any registry."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping

ENTRY_POINTS = "[console_scripts]\n{name} = {name}:main\n"


def wheel(name: str, files: Mapping[str, str], version: str = "1.0") -> bytes:
    """A pure wheel with these files and a console script that calls `<name>:main`."""
    about = f"{name}-{version}.dist-info"
    content = {
        **files,
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/entry_points.txt": ENTRY_POINTS.format(name=name),
    }
    record = "".join(f"{path},{_hash(text)},{len(text.encode())}\n" for path, text in content.items())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for path, text in content.items():
            file.writestr(path, text)
        file.writestr(f"{about}/RECORD", f"{record}{about}/RECORD,,\n")
    return packed.getvalue()


def _hash(text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
    return f"sha256={digest}"
