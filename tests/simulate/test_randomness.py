from samtrack.simulate.randomness import Stream, generator


def test_each_seed_stream_and_key_has_numbers_of_its_own() -> None:
    keys = [
        (0, Stream.CAMERA, 0),
        (0, Stream.CAMERA, 1),
        (0, Stream.MASKS, 0),
        (1, Stream.CAMERA, 0),
        (0, Stream.CAMERA),
    ]
    first = [generator(*key).random() for key in keys]
    assert len(set(first)) == len(keys)
    assert first == [generator(*key).random() for key in keys]


def test_streams_have_numbers_that_never_change() -> None:
    """A new stream gets a new number; changing one would change every movie of a seed."""
    assert [(s.name, int(s)) for s in Stream] == [
        ("LINEAGE", 0),
        ("STAGE", 1),
        ("FLOW", 2),
        ("TEXTURE", 3),
        ("FIELD", 4),
        ("CAMERA", 5),
        ("MASKS", 6),
        ("DEBRIS", 7),
    ]
