"""The manual as a static site: it builds without a warning, and every link, anchor, picture and command in it is real."""

from __future__ import annotations

import posixpath
import re
import subprocess
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from tests.docs.pages import ROOT

DOCS = ROOT / "docs"


@dataclass
class Page(HTMLParser):
    """What a page of the site refers to, and what can be referred to in it."""

    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value for name, value in attrs if value}
        if "id" in values:
            self.anchors.add(values["id"])
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        elif tag in ("link", "script", "img", "source", "iframe"):
            self.fetched += [values[name] for name in ("href", "src") if name in values]


def built(config: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """A strict build; every warning of the builder is an error."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", str(config)]
    return subprocess.run(
        [*command, "--site-dir", str(site)], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Page]:
    """Every page of the site by its path, and None in place of a page for other files."""
    folder = tmp_path_factory.mktemp("site") / "site"
    done = built(ROOT / "mkdocs.yml", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stderr, done.stderr
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            page = Page()
            if path.suffix == ".html":
                page.feed(path.read_text(encoding="utf-8"))
            found[path.relative_to(folder).as_posix()] = page
    return found


def target(page: str, link: str) -> tuple[str, str]:
    """The file of the site and the anchor in it that a link of a page points to."""
    parts = urlsplit(link)
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(parts.path))) if parts.path else page
    return path, unquote(parts.fragment)


def own_links(page: Page) -> list[str]:
    """Links to other pages of the site."""
    return [link for link in page.links if not urlsplit(link).scheme and not link.startswith("//")]


def test_links_and_anchors_of_the_site_exist(site: dict[str, Page]) -> None:
    broken = []
    for name, page in site.items():
        for link in own_links(page):
            path, anchor = target(name, link)
            if path == ".":
                path = "index.html"
            if name != "404.html" and (path not in site or (anchor and anchor not in site[path].anchors)):
                broken.append(f"{name}: {link}")
    assert not broken, "\n".join(["", *broken])


def test_the_site_fetches_nothing(site: dict[str, Page]) -> None:
    fetched = {f"{name}: {one}" for name, page in site.items() for one in page.fetched if re.match(r"(\w+:)?//", one)}
    assert not fetched, fetched


def test_every_page_is_reached_from_the_front_page(site: dict[str, Page]) -> None:
    reached, waiting = {"index.html"}, ["index.html"]
    while waiting:
        name = waiting.pop()
        for path in {target(name, link)[0] for link in own_links(site[name])} - reached:
            if path.endswith(".html") and path in site:
                reached.add(path)
                waiting.append(path)
    pages = {name for name in site if name.endswith(".html")} - {"404.html", "search.html"}
    assert len(pages) > 20
    assert pages == reached & pages, f"no link leads to {sorted(pages - reached)}"


def test_every_page_is_in_the_navigation(site: dict[str, Page]) -> None:
    """A link in the text is not enough: the builder warns, and a guide that nobody named is listed all the same."""
    menu = {target("index.html", link)[0] for link in own_links(site["index.html"])}
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.glob("*.md")}
    assert pages, "no pages"
    assert {page.replace(".md", ".html") for page in pages} <= menu | {"index.html"}


def test_links_work_in_a_checkout(site: dict[str, Page]) -> None:
    """The same links, seen as forges see them: relative to the file, to a file that is there."""
    broken = []
    for path in [*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]:
        for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
            parts = urlsplit(link)
            if parts.scheme:
                continue
            there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not there.exists():
                broken.append(f"{path.relative_to(ROOT)}: {link}")
            elif parts.fragment and there.suffix == ".md" and DOCS in there.parents:
                page = there.relative_to(DOCS).with_suffix(".html").as_posix()
                page = re.sub(r"README\.html$", "index.html", page)
                if parts.fragment not in site[page].anchors:
                    broken.append(f"{path.relative_to(ROOT)}: {link}: no such heading")
    assert not broken, "\n".join(["", *broken])


@pytest.mark.parametrize(
    ("text", "told"),
    [("[x](absent.md)", "absent.md"), ("[x](index.md#absent)", "absent"), ("![x](absent.png)", "absent.png")],
)
def test_a_broken_link_stops_the_build(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(f"# Page\n\n{text}\n")
    (tmp_path / "mkdocs.yml").write_text(
        "site_name: x\ntheme: {name: readthedocs, highlightjs: false}\n"
        "validation: {links: {not_found: warn, anchors: warn}}\n"
    )
    done = built(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert done.returncode != 0
    assert told in done.stdout + done.stderr
