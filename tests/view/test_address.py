"""Paths of requests."""

import pytest

from samtrack.view.address import PROJECTION, Asked, read_request


@pytest.mark.parametrize(
    ("target", "asked"),
    [
        ("/", Asked("page")),
        ("/01/facts.json", Asked("facts", "01")),
        ("/01/cells/7.json", Asked("cells", "01", 7)),
        ("/01/frame/7/3.png?labels=0&level=2", Asked("picture", "01", 7, 3, labels=False, level=2)),
        ("/01/frame/7/max.png?level=x", Asked("picture", "01", 7, PROJECTION)),
        ("/01/frame/7/0.png?gain=2.5&v=3", Asked("picture", "01", 7, gain=2.5, is_dated=True)),
        ("/01/frame/7/0.png?gain=nan", Asked("picture", "01", 7)),
        ("/01/frame/7/0.png?gain=0", Asked("picture", "01", 7)),
        ("/01/track/12.json", Asked("track", "01", track=12)),
        (
            "/01/edit/link.json?cells=3-7,4-9&note=a%20b",
            Asked("edit", "01", action="link", cells=((3, 7), (4, 9)), note="a b"),
        ),
        ("/a.b/at/7/0/12/34.json", Asked("at", "a.b", 7, 0, (12, 34))),
        ("/files/01%5freport.html", Asked("file", file="01_report.html")),
        ("/files/../x", Asked("file", file="../x")),
    ],
)
def test_what_is_asked(target, asked):
    assert read_request(target) == asked


@pytest.mark.parametrize(
    "target", ["/x", "/../01/facts.json", "/01/frame/-1/0.png", "/01/frame/0/0.jpg", "/.x/facts.json"]
)
def test_anything_else_is_unknown(target):
    assert read_request(target) is None
