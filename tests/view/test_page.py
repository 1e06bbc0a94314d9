"""The page holds what it needs, and nothing from elsewhere."""

import json
import re

from samtrack.view.colours import N_COLOURS
from samtrack.view.edits import ACTIONS
from samtrack.view.page import draw_viewer


def test_the_page_stands_for_itself():
    page = draw_viewer("a<b", ["01", "</script>"], ["01_report.html"], ["action", "frame"])
    assert "{{" not in page
    assert not re.search(r"https?://|src=\"(?!data)", page)
    assert "<title>a&lt;b</title>" in page
    assert '<a href="/files/01_report.html">' in page
    known = json.loads(re.search(r'id="data">(.*?)</script>', page)[1])
    assert known["sequences"] == ["01", "</script>"]
    assert page.count("</script>") == 2, "a name cannot end the script"
    assert len(known["colours"]) == N_COLOURS
    assert set(known["actions"]) == set(ACTIONS)
    assert known["columns"] == ["action", "frame"]
    keys = re.search(r"const KEYS = \{(.*?)\}", page)[1]
    assert set(re.findall(r"(\w+):", keys)) == set(ACTIONS), "each action has a key"
