"""Numbers as people read them."""

import pytest

from samtrack.report.words import THIN, count, counted, duration, escape, facts, score, table


def test_thousands_are_spaced() -> None:
    assert count(1234567) == f"1{THIN}234{THIN}567"
    assert count(12) == "12"


def test_one_and_many() -> None:
    assert counted(1, "track") == "1 track"
    assert counted(0, "track") == "0 tracks"
    assert counted(2, "track takes", "tracks take") == "2 tracks take"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "not defined"),
        (float("nan"), "not defined"),
        (1.0, "1.000"),
        (0.98765, "0.988"),
        (631.5, "631.5"),
        (39, "39"),
    ],
)
def test_scores(value: float | int | None, text: str) -> None:
    assert score(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (99.0, "99.0 s"), (130, "2 min 10 s"), (7200, "2 h 0 min"), (5900, "98 min 20 s")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text.replace(" s", f"{THIN}s").replace(" min", f"{THIN}min").replace(" h", f"{THIN}h")


def test_what_comes_from_outside_is_escaped() -> None:
    assert escape('<a href="x">&\'') == "&lt;a href=&quot;x&quot;&gt;&amp;&#x27;"
    assert facts([("<a>", "<b>")]) == "<dl><div><dt>&lt;a&gt;</dt><dd>&lt;b&gt;</dd></div></dl>"


def test_a_table_has_heads_for_its_columns() -> None:
    text = table("Told", ("a", "b"), [("1", "2"), ("3", "4")], numbers=(1,))
    assert text.count('scope="col"') == 2
    assert text.count("<tr>") == 3
    assert '<td>3</td><td class="number">4</td>' in text
    with pytest.raises(ValueError, match="shorter"):
        table("Told", ("a", "b"), [("1",)])
