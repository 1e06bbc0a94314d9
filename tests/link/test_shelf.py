"""A shelf holds what fits; what was not used for longest goes first, and is made anew when it is asked for."""

from samtrack.link.shelf import Shelf


def maker(made, name):
    def make():
        made.append(name)
        return name

    return make


def ask(shelf, made, frame, name, size=4):
    return shelf.get((frame, name), maker(made, name), lambda thing: size)


def test_what_fits_is_made_once():
    shelf, made = Shelf(8), []
    for _ in range(3):
        assert [ask(shelf, made, 0, name) for name in "ab"] == ["a", "b"]
    assert made == ["a", "b"]
    assert shelf.n_bytes == 8


def test_what_was_not_used_for_longest_makes_room():
    shelf, made = Shelf(8), []
    for name in "abac":  # c takes the place of b, since a was used again
        ask(shelf, made, 0, name)
    ask(shelf, made, 0, "a")
    assert made == ["a", "b", "c"]
    ask(shelf, made, 0, "b")
    assert made == ["a", "b", "c", "b"]
    assert shelf.n_bytes == 8


def test_what_is_too_large_is_held_alone():
    shelf, made = Shelf(8), []
    ask(shelf, made, 0, "a")
    assert ask(shelf, made, 0, "large", size=100) == "large"
    assert shelf.n_bytes == 100
    ask(shelf, made, 0, "a")
    assert (made, shelf.n_bytes) == (["a", "large", "a"], 4)


def test_earlier_frames_are_forgotten():
    shelf, made = Shelf(100), []
    for frame in (0, 1, 2):
        ask(shelf, made, frame, "a")
    shelf.forget_before(2)
    assert shelf.n_bytes == 4
    ask(shelf, made, 2, "a")
    ask(shelf, made, 1, "a")
    assert len(made) == 4
