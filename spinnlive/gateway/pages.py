"""Files over HTTP from the server's own port: a page that follows the live run over WebSocket.

All files are read when the server starts, so what can be asked for is known and no request touches
the disk.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from spinnlive.errors import UsageError

MONITOR = "spinnlive.gateway.page"
"""The package with the page of `spinnlive monitor`."""

MAX_PAGES_BYTES = 32 << 20
"""Most that the files of a page may come to (bytes)."""

HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: blob:; "
        "style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""What goes with every answer: nothing from elsewhere, nobody's frame, no guessing."""


@dataclass(frozen=True, slots=True)
class Page:
    """A file: its bytes and their type."""

    content: bytes
    kind: str


def read_pages(folder: str | Path | None) -> Mapping[str, Page]:
    """Read every file of a folder, given by its path or as a package such as ``"my.package"``.

    The keys are paths as HTTP has them, ``/`` for ``index.html``. Raises `UsageError` when there is
    no such folder, no ``index.html`` in it, or too much.
    """
    if folder is None:
        return {}
    root: Traversable = Path(folder) if isinstance(folder, Path) else _package(folder)
    if not root.is_dir():
        raise UsageError(f"pages: {folder} is no folder")
    pages: dict[str, Page] = {}
    total = 0
    for path, file in _walk(root, ""):
        content = file.read_bytes()
        total += len(content)
        if total > MAX_PAGES_BYTES:
            raise UsageError(f"pages: {folder} has more than {MAX_PAGES_BYTES} bytes")
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        pages[path] = Page(content, kind + "; charset=utf-8" if kind.startswith("text/") else kind)
    if "/index.html" not in pages:
        raise UsageError(f"pages: {folder} has no index.html")
    pages["/"] = pages["/index.html"]
    return pages


def find_page(pages: Mapping[str, Page], target: str) -> Page | None:
    """Give the file that an HTTP request target names, if there is one."""
    try:
        return pages.get(unquote(urlsplit(target).path))
    except ValueError:
        return None


def _package(name: str) -> Traversable:
    try:
        return files(name)
    except (ImportError, TypeError, ValueError):
        raise UsageError(f"pages: there is no package {name!r}") from None


def _walk(folder: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    for each in folder.iterdir():
        name = f"{path}/{each.name}"
        if each.name.startswith((".", "__")) or name.endswith((".py", ".pyc")):
            continue
        if each.is_dir():
            yield from _walk(each, name)
        else:
            yield name, each
