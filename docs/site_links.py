"""What the builder of the site does besides turning pages into HTML.

Pages are written so that their links work in a checkout and in forges. Files of the project outside of ``docs`` that
a page links, such as a recipe in ``config/train``, are copied into the site under ``project/``, and links are bent to
them. Anchors are made of headings as forges do, so one link works in both.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

OUTSIDE = "project"
"""Folder of the site that holds files from outside of ``docs``."""

PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")
"""Pages from outside of ``docs``."""

GUIDES = "Guides"
"""Part of the navigation that every page directly in ``docs`` belongs to, unless it is named elsewhere."""

LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#|/)([^)#\s]+)")
"""The target of a relative link in Markdown, without its anchor."""


def slug(heading: str, separator: str) -> str:
    """The anchor of a heading, as forges make it."""
    plain = re.sub(r"[^\w\s-]", "", heading.strip().lower())
    return re.sub(r"\s", separator, plain)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Let headings have the anchors of forges, and list guides that the navigation does not name."""
    config.mdx_configs.setdefault("toc", {})["slugify"] = slug
    named = set(_named(config.nav))
    guides = next(item[GUIDES] for item in config.nav or [] if isinstance(item, dict) and GUIDES in item)
    guides += [path.name for path in sorted(Path(config.docs_dir).glob("*.md")) if path.name not in named]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files from outside of ``docs`` that pages are made of or link to."""
    root = Path(config.docs_dir).parent
    for name in PAGES:
        files.append(File.generated(config, f"{OUTSIDE}/{name}", abs_src_path=str(root / name)))
    for page in list(files.documentation_pages()):
        for target in LINK.findall(page.content_string):
            path = _path_of(page.src_uri, target)
            uri = _uri_of(path)
            if uri.startswith(OUTSIDE) and (root / path).is_file() and files.get_file_from_path(uri) is None:
                files.append(File.generated(config, uri, abs_src_path=str(root / path)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Bend the links of a page from where files lie in the project to where they lie in the site."""
    here = page.file.src_uri

    def bent(match: re.Match[str]) -> str:
        return posixpath.relpath(_uri_of(_path_of(here, match[1])), posixpath.dirname(here) or os.curdir)

    return LINK.sub(bent, markdown)


def _named(nav: Any) -> Iterator[str]:
    """Paths in the navigation, however deep."""
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, dict | list):
        for item in nav.values() if isinstance(nav, dict) else nav:
            yield from _named(item)


def _path_of(uri: str, target: str) -> str:
    """Where a link of a page points to, from the project's root."""
    home = uri.removeprefix(f"{OUTSIDE}/") if uri.startswith(f"{OUTSIDE}/") else f"docs/{uri}"
    return posixpath.normpath(posixpath.join(posixpath.dirname(home), target))


def _uri_of(path: str) -> str:
    """Where a file of the project lies in the site."""
    return path.removeprefix("docs/") if path.startswith("docs/") else f"{OUTSIDE}/{path}"
