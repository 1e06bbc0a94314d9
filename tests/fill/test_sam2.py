"""Missing masks are drawn as the network sees them: at the right place, from both sides, never over another cell."""

import numpy as np
import pytest

from samtrack.config.fill import Sam2FillSettings, ShapeFillSettings
from samtrack.fill import fill_gaps
from samtrack.fill.sam2 import Sam2Drawer
from samtrack.fill.trust import LEAST_SHARE, MOST_SHARE, shape_share
from samtrack.types import ArrayFrames, Merges, Origin, Scale, Span

SHAPE = (64, 64)
SQUARE = Scale((1.0, 1.0))
NONE = Merges.none()
ALONE = Sam2FillSettings(shape_weight=0.0)


def movie_of(make, seen, truth, grey=lambda track, frame: track, scale=SQUARE):
    """Labels of what was seen, with detections and tracks, and images in which each true cell has a grey value.

    Grey values go to 10, of which a patch in the corner makes sure that every frame is scaled alike.
    """
    labels, detections, tracks = make.movie(seen, scale)
    images = []
    for t, named in enumerate(truth):
        image = np.zeros(labels.shape, np.float32)
        for track, mask in named.items():
            image[mask] = grey(track, t)
        image[..., -(labels.shape[-2] // 16) :, -(labels.shape[-1] // 16) :] = 10.0
        images.append(image)
    return labels, detections, tracks, ArrayFrames(images, scale)


def filled(parts, engine, settings=ALONE, core=None, cell_px=(10.0, 10.0)):
    labels, detections, tracks, images = parts
    drawer = Sam2Drawer(lambda: engine, images, settings, cell_px)
    span = core or Span(0, labels.n_frames)
    return fill_gaps(labels, detections, tracks, NONE, span, settings, drawer), drawer


def by_shape(parts):
    labels, detections, tracks, _ = parts
    return fill_gaps(labels, detections, tracks, NONE, Span(0, labels.n_frames), ShapeFillSettings())


def unseen(truth, *missing):
    return [{k: m for k, m in named.items() if (k, t) not in missing} for t, named in enumerate(truth)]


def turning(make):
    """A cell that is long along y, then along x, then along y again."""
    return [{1: make.ball(SHAPE, (30, 30), radius)} for radius in ((8, 5), (5, 8), (8, 5))]


def test_what_the_image_shows_is_drawn_where_the_shape_would_be_wrong(make, sharp_engine):
    truth = turning(make)
    parts = movie_of(make, unseen(truth, (1, 1)), truth)
    (patch,), drawer = filled(parts, sharp_engine())
    assert np.array_equal(make.whole(patch, SHAPE), truth[1][1])
    assert (patch.frame, patch.track, patch.origin, patch.score) == (1, 1, Origin.FILLED, 1.0)
    assert (drawer.n_drawn, drawer.n_by_shape) == (1, 0)
    (guess,) = by_shape(parts)
    assert make.overlap(make.whole(guess, SHAPE), truth[1][1]) < 0.8


@pytest.mark.parametrize("zoom", [2.0, 3.1, 6.0])
def test_at_any_scale_the_mask_lies_in_place(make, sharp_engine, zoom):
    truth = [{1: make.ball(SHAPE, (20 + 4 * t, 24 + 3 * t), (8, 5) if t != 1 else (5, 8))} for t in range(3)]
    parts = movie_of(make, unseen(truth, (1, 1)), truth)
    (patch,), drawer = filled(parts, sharp_engine(cell_px=10 * zoom))
    found = np.argwhere(make.whole(patch, SHAPE))
    assert drawer.n_by_shape == 0
    assert np.abs(found.mean(axis=0) - (24, 27)).max() <= 0.5  # this engine takes the nearest voxel
    assert make.overlap(make.whole(patch, SHAPE), truth[1][1]) > 0.8


def test_with_a_share_for_the_shape_the_mask_lies_between(make, sharp_engine):
    truth = turning(make)
    parts = movie_of(make, unseen(truth, (1, 1)), truth)
    (guess,) = by_shape(parts)
    (half,), _ = filled(parts, sharp_engine(), Sam2FillSettings(shape_weight=0.5))
    assert np.array_equal(make.whole(half, SHAPE), truth[1][1]), "this network is surer than any shape"
    (nearly,), _ = filled(parts, sharp_engine(), Sam2FillSettings(shape_weight=0.97))
    between = make.whole(nearly, SHAPE)
    assert make.overlap(between, truth[1][1]) < 1
    assert make.overlap(between, make.whole(guess, SHAPE)) > make.overlap(truth[1][1], make.whole(guess, SHAPE))


def drifting(make, seen_again):
    """A cell that leaps through a gap, its grey as before or, beyond the gap, one that the network takes for another's."""
    truth = [{1: make.ball(SHAPE, (30, 16 + 6 * t), (8, 5) if t != 1 else (5, 8))} for t in range(3)]
    beyond = 1 if seen_again else 5
    parts = movie_of(make, unseen(truth, (1, 1)), truth, grey=lambda track, frame: beyond if frame == 2 else 1)
    return parts, truth


def test_where_the_other_side_is_found_the_network_counts_more_than_the_shape(make, sharp_engine, monkeypatch):
    shares = []
    for seen_again in (True, False):
        parts, truth = drifting(make, seen_again)
        labels, detections, tracks, images = parts
        drawer = Sam2Drawer(sharp_engine, images, Sam2FillSettings(), (10.0, 10.0))
        found = []  # what the carries add up to
        monkeypatch.setattr(Sam2Drawer, "_judged", lambda _, draft, total, into=found: into.append((draft, total)))
        fill_gaps(labels, detections, tracks, NONE, Span(0, 3), drawer.settings, drawer)
        ((draft, total),) = found
        shares.append(shape_share(total.crossing, draft.around))
        assert total.crossing.either >= 2 * np.count_nonzero(truth[0][1]), "both ways"
    assert shares[0] < LEAST_SHARE + 0.05
    assert shares[1] > MOST_SHARE - 0.1


def two_candidates(make, gap):
    """A cell that is grey 1 before the gap and grey 2 after it; both greys are side by side in the gap."""
    left, right = make.ball(SHAPE, (30, 27), 5), make.ball(SHAPE, (30, 33), 5)
    truth = [{1: left}] + [{1: left & ~right, 2: right & ~left}] * gap + [{2: right}]
    seen = [{1: left}] + [{}] * gap + [{1: right}]
    labels, detections, tracks, images = movie_of(make, [seen[0], seen[-1]], [truth[0], truth[-1]])
    frames = [labels.read(0)] + [np.zeros(SHAPE, np.uint16)] * gap + [labels.read(1)]
    detections = type(detections)(
        **{
            name: np.where(detections.frame == 0, 0, gap + 1) if name == "frame" else getattr(detections, name)
            for name in detections.__slots__
        }
    )
    tracks = type(tracks)(tracks.track_of, [1], [0], [gap + 1], [0])
    images = movie_of(make, [{1: left}], truth)[3]
    return (ArrayFrames(frames, SQUARE), detections, tracks, images), truth[1]


def test_the_nearer_side_counts_more(make, sharp_engine):
    parts, inside = two_candidates(make, 3)
    first, _, last = filled(parts, sharp_engine())[0]
    assert np.array_equal(make.whole(first, SHAPE), inside[1])
    assert np.array_equal(make.whole(last, SHAPE), inside[2])


@pytest.mark.parametrize(("absent", "stays"), [(0.1, 2), (0.2, 1)])
def test_a_side_that_sees_no_cell_counts_little(make, sharp_engine, absent, stays):
    parts, inside = two_candidates(make, 1)
    engine = sharp_engine()
    engine.absent = (absent,)
    (patch,), _ = filled(parts, engine)
    assert np.array_equal(make.whole(patch, SHAPE), inside[stays])


def trouble(make, sharp_engine, case):
    """A still cell and an engine that is no help."""
    truth = [{1: make.ball(SHAPE, (30, 30), 5)} for _ in range(3)]
    engine, settings = sharp_engine(), ALONE
    if case == "absent":
        engine.absent = (0.1,)
    elif case == "unsure":
        engine.iou, settings = 0.4, Sam2FillSettings(shape_weight=0.0, min_iou=0.5)
    elif case == "gone":
        truth[1] = {}
    elif case == "tiny":
        truth[1] = {1: make.ball(SHAPE, (30, 30), 3)}
    elif case == "huge":
        truth[1] = {1: make.ball(SHAPE, (30, 30), 8)}
    elif case == "far":
        truth[1] = {1: make.ball(SHAPE, (36, 30), 5)}
    return movie_of(make, unseen([{1: make.ball(SHAPE, (30, 30), 5)}] * 3, (1, 1)), truth), engine, settings


@pytest.mark.parametrize("case", ["absent", "unsure", "gone", "tiny", "huge", "far"])
def test_where_the_network_is_no_help_the_shape_is_drawn(make, sharp_engine, case):
    parts, engine, settings = trouble(make, sharp_engine, case)
    (patch,), drawer = filled(parts, engine, settings)
    (guess,) = by_shape(parts)
    assert (drawer.n_drawn, drawer.n_by_shape) == (1, 1)
    assert np.array_equal(make.whole(patch, SHAPE), make.whole(guess, SHAPE))


def test_of_several_pieces_the_nearest_is_the_cell(make, sharp_engine):
    truth = turning(make)
    crumb = np.zeros(SHAPE, bool)
    crumb[41:44, 30:34] = True
    image = [named | {2: crumb} for named in truth]
    parts = movie_of(make, unseen(truth, (1, 1)), image, grey=lambda track, frame: 1)
    (patch,), _ = filled(parts, sharp_engine())
    assert np.array_equal(make.whole(patch, SHAPE), truth[1][1])


def test_masks_that_are_there_are_never_painted_over(make, sharp_engine):
    truth = turning(make)
    seen = unseen(truth, (1, 1))
    seen[1][2] = make.ball(SHAPE, (30, 36), 4)
    parts = movie_of(make, seen, truth)
    (patch,), _ = filled(parts, sharp_engine())
    assert np.array_equal(make.whole(patch, SHAPE), truth[1][1] & ~seen[1][2])
    assert patch.score == pytest.approx((truth[1][1] & ~seen[1][2]).sum() / truth[1][1].sum())
    assert drawn_too_small(make, sharp_engine) == []


def drawn_too_small(make, sharp_engine):
    truth = turning(make)
    seen = unseen(truth, (1, 1))
    seen[1][2] = make.ball(SHAPE, (30, 32), 9)
    return filled(movie_of(make, seen, truth), sharp_engine())[0]


def test_of_two_missing_cells_the_surer_one_gets_a_voxel(make, sharp_engine):
    """Both cells are of one grey, so both want all of it; track 2 was seen one frame ago, track 1 two frames ago."""
    near, far = make.ball(SHAPE, (30, 36), 5), make.ball(SHAPE, (30, 30), 5) & ~make.ball(SHAPE, (30, 36), 5)
    truth = [{1: far, 2: near}] * 5
    parts = movie_of(make, unseen(truth, (1, 1), (1, 2), (1, 3), (2, 2)), truth, grey=lambda track, frame: 1)
    patches = [p for p in filled(parts, sharp_engine())[0] if p.frame == 2]
    assert [p.track for p in patches] == [2]
    assert np.array_equal(make.whole(patches[0], SHAPE), near | far)


def lonely(make):
    """One gap in a frame of 600 x 600 voxels."""
    shape = (600, 600)
    truth = [{1: make.ball(shape, (310 + 4 * t, 203), (8, 5) if t != 1 else (5, 8))} for t in range(3)]
    return movie_of(make, unseen(truth, (1, 1)), truth), truth[1][1]


def test_a_large_frame_with_one_gap_is_not_encoded_whole(make, sharp_engine):
    parts, truth = lonely(make)
    engine = sharp_engine()
    (patch,), _ = filled(parts, engine)
    assert engine.looked == [(128, 128)] * 3
    assert np.array_equal(make.whole(patch, (600, 600)), truth)


def test_a_frame_with_many_gaps_is_encoded_whole_and_once(make, sharp_engine):
    shape = (200, 200)
    places = [(y, x) for y in range(15, 190, 25) for x in range(15, 180, 25)]
    truth = [{k: make.ball(shape, p, 5) for k, p in enumerate(places, start=1)} for _ in range(3)]
    parts = movie_of(make, unseen(truth, *((k, 1) for k in range(1, 1 + len(places)))), truth, lambda k, t: 1 + k / 9)
    engine = sharp_engine()
    patches, _ = filled(parts, engine)
    assert engine.looked == [shape] * 3
    assert all(np.array_equal(make.whole(p, shape), truth[1][p.track]) for p in patches)
    assert len(patches) == len(places)


def crowd(make):
    """Five cells that drift for ten frames, seen three times out of five."""
    rng = np.random.default_rng(4)
    paths = []
    for start in ((12, 12), (16, 26), (30, 16), (38, 38), (42, 24)):
        steps = np.cumsum(rng.normal(0, 1.0, (10, 2)), axis=0)
        paths.append([tuple(np.clip(np.array(start) + s, 6, 52)) for s in steps])
    truth = [{k: make.ball(SHAPE, p[t], 5) for k, p in enumerate(paths, start=1)} for t in range(10)]
    missing = {(k, t) for k in range(1, 6) for t in range(1, 9) if rng.random() < 0.4}
    return movie_of(make, unseen(truth, *missing), truth)


def same(a, b):
    return [(p.frame, p.track, p.box, p.score) for p in a] == [(p.frame, p.track, p.box, p.score) for p in b] and all(
        p.mask.tobytes() == q.mask.tobytes() and p.depth.tobytes() == q.depth.tobytes()
        for p, q in zip(a, b, strict=True)
    )


@pytest.mark.parametrize("length", [1, 3])
def test_blocks_change_nothing(make, sharp_engine, length):
    parts = crowd(make)
    settings = Sam2FillSettings()
    whole, drawer = filled(parts, sharp_engine(), settings)
    assert drawer.n_drawn > 10
    cut = []
    for start in range(0, 10, length):
        cut += filled(parts, sharp_engine(), settings, Span(start, min(start + length, 10)))[0]
    assert same(whole, cut)


def test_blocks_change_nothing_with_a_network(make, random_engine):
    parts, settings = crowd(make), Sam2FillSettings(min_iou=0.0)
    whole, drawer = filled(parts, random_engine(), settings)
    assert drawer.n_by_shape < drawer.n_drawn
    cut = [p for t in range(10) for p in filled(parts, random_engine(), settings, Span(t, t + 1))[0]]
    assert same(whole, cut)


def test_memory_changes_nothing_but_rounding(make, random_engine):
    parts, settings = crowd(make), Sam2FillSettings(min_iou=0.0, shape_weight=0.9)
    whole, many = filled(parts, random_engine(), settings)
    cut, few = filled(parts, random_engine(memory_gb=1e-6), settings)
    assert many.n_by_shape == few.n_by_shape < many.n_drawn
    assert [(p.frame, p.track) for p in whole] == [(p.frame, p.track) for p in cut]
    assert all(p.box == q.box and np.abs(p.depth - q.depth).max() < 1e-3 for p, q in zip(whole, cut, strict=True))


def test_no_engine_is_opened_where_nothing_is_missing(make):
    truth = turning(make)
    labels, detections, tracks, images = movie_of(make, truth, truth)

    def refuse():
        raise AssertionError("the engine was opened")

    drawer = Sam2Drawer(refuse, images, ALONE, (10.0, 10.0))
    assert fill_gaps(labels, detections, tracks, NONE, Span(0, 3), ALONE, drawer) == []


def test_in_3d_every_slice_is_drawn(make, sharp_engine):
    scale, shape = Scale((2.0, 1.0, 1.0)), (14, 48, 48)
    radius = [np.array([9.0, 8, 5]), np.array([9.0, 5, 8]), np.array([9.0, 8, 5])]
    truth = [{1: make.ball(shape, (12.0 + 2 * t, 22, 20 + t), radius[t], scale)} for t in range(3)]
    parts = movie_of(make, unseen(truth, (1, 1)), truth, scale=scale)
    (patch,), drawer = filled(parts, sharp_engine())
    assert drawer.n_by_shape == 0
    found = make.whole(patch, shape)
    assert make.overlap(found, truth[1][1]) > 0.9
    (guess,) = by_shape(parts)
    assert make.overlap(make.whole(guess, shape), truth[1][1]) < 0.8
