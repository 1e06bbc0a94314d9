"""Worker processes: every example of a source once, sources in the order of their use, any number of workers alike."""

from itertools import islice

import pytest

from samtrack.train.workers import MIXED, address, mixed_stream, sources_from

PER_SOURCE = 8


def numbered(source):
    return [source * 100 + j for j in range(PER_SOURCE)]


def test_every_example_of_a_source_comes_once():
    places = [address(i, PER_SOURCE) for i in range(4 * MIXED * PER_SOURCE)]
    assert len(set(places)) == len(places)
    whole = {source for source, _ in places if MIXED <= source < 3 * MIXED}
    assert all(sum(source == s for s, _ in places) == PER_SOURCE for source in whole)


def test_sources_are_asked_for_in_the_order_of_their_use():
    start, n = 37, 300
    used = list(dict.fromkeys(address(i, PER_SOURCE)[0] for i in range(start, start + n)))
    assert list(islice(sources_from(start, PER_SOURCE), len(used))) == used


@pytest.mark.parametrize("start", [0, 13])
def test_the_stream_is_what_the_addresses_say(start):
    stream = mixed_stream(numbered, PER_SOURCE, workers=0, start=start)
    expected = [source * 100 + j for source, j in (address(i, PER_SOURCE) for i in range(start, start + 50))]
    assert list(islice(stream, 50)) == expected
