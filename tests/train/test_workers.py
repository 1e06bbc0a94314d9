"""Worker processes: every example of a source once, sources in the order of their use, any number of workers alike."""

from itertools import islice

import pytest

from samtrack.train.workers import MIXED, address, ahead, mixed, mixed_stream, seconds_before, sources_from

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


def endless(start):
    return (i for i in range(start, 10**6))


def test_mixed_streams_go_on_where_they_were():
    whole = list(islice(mixed(endless(0), (-i for i in endless(0)), 0.3, 5), 60))
    n = seconds_before(25, 0.3, 5)
    later = mixed(endless(25 - n), (-i for i in endless(n)), 0.3, 5, start=25)
    assert list(islice(later, 35)) == whole[25:]
    assert 5 < sum(v < 0 for v in whole) < 30


def test_what_is_made_ahead_is_the_same_and_errors_come_through():
    stream = ahead(endless(3), 2)
    assert list(islice(stream, 5)) == [3, 4, 5, 6, 7]
    stream.close()

    def broken():
        yield 1
        raise ValueError("torn")

    stream = ahead(broken())
    assert next(stream) == 1
    with pytest.raises(ValueError, match="torn"):
        next(stream)
