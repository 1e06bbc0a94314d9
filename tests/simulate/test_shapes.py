import numpy as np
import pytest
from scipy import ndimage

from samtrack.simulate.shapes import Bodies, Drawn, Grid, LabelCanvas, depth_at, draw_bodies


def bodies(n: int, ndim: int, seed: int = 0, height: float = 0.08, power: float = 2.0) -> Bodies:
    rng = np.random.default_rng(seed)
    semi = np.repeat(rng.uniform(4, 7, (n, 1)), ndim, axis=1)
    semi[:, 0] *= 1.7
    return Bodies(
        centre_um=rng.uniform(10, 30, (n, ndim)),
        axes=np.linalg.qr(rng.standard_normal((n, ndim, ndim)))[0],
        semi_um=semi,
        power=np.full(n, power),
        wave=rng.normal(0, 2, (n, 5, ndim)),
        height=rng.normal(0, height, (n, 5)),
        phase=rng.uniform(0, 6, (n, 5)),
    )


def grid(ndim: int) -> Grid:
    return Grid.around((20, 40, 40)[-ndim:], np.array([2.0, 1.0, 1.0])[-ndim:], (4.0,) * ndim)


@pytest.mark.parametrize("ndim", [2, 3])
def test_a_box_holds_all_of_its_body_and_depths_agree_with_single_points(ndim: int) -> None:
    some, where = bodies(12, ndim), grid(ndim)
    positions = [where.positions_um(i, slice(0, n)) for i, n in enumerate(where.shape)]
    points = np.stack(np.meshgrid(*positions, indexing="ij"), axis=-1).reshape(-1, ndim)
    drawn = list(draw_bodies(some, where))
    assert [d.row for d in drawn] == list(range(12))
    for d in drawn:
        everywhere = depth_at(some, np.full(len(points), d.row), points).reshape(where.shape)
        np.testing.assert_allclose(d.depth, everywhere[d.box], atol=1e-4)
        inside = everywhere[d.box] > 0
        assert inside.sum() == (everywhere > 0).sum() > 20


def test_the_size_of_a_smooth_body_is_that_of_its_ellipse() -> None:
    one = bodies(1, 2, height=0.0)
    where = Grid.around((400, 400), np.array([0.1, 0.1]), (0.0, 0.0))
    (drawn,) = draw_bodies(one, where)
    assert (drawn.depth > 0).sum() * 0.01 == pytest.approx(np.pi * one.semi_um.prod(), rel=0.01)


def test_bodies_out_of_the_grid_are_not_drawn() -> None:
    some = bodies(3, 2)
    far = Bodies(
        some.centre_um + np.array([0, 500]),
        *(getattr(some, n) for n in ("axes", "semi_um", "power", "wave", "height", "phase")),
    )
    assert not list(draw_bodies(far, grid(2)))


def test_a_voxel_belongs_to_the_deepest_body_whatever_the_order() -> None:
    some, where = bodies(6, 2), grid(2)
    pictures = []
    for order in (1, -1):
        canvas = LabelCanvas(where)
        for drawn in list(draw_bodies(some, where))[::order]:
            canvas.add(drawn, drawn.row + 1)
        pictures.append(canvas.finish(np.zeros((0, 2), dtype=np.int64), []))
    assert len(np.unique(pictures[0])) == 7
    np.testing.assert_array_equal(pictures[0], pictures[1])


def test_only_the_piece_around_the_anchor_is_kept() -> None:
    where = Grid.around((5, 9), np.array([1.0, 1.0]), (0.0, 0.0))
    canvas = LabelCanvas(where)
    box = (slice(0, 5), slice(0, 9))
    plank = np.full((5, 9), -1.0, dtype=np.float32)
    plank[2] = 0.5
    canvas.add(Drawn(0, box, plank, ()), 1)
    post = np.full((5, 9), -1.0, dtype=np.float32)
    post[:, 3] = 0.9
    canvas.add(Drawn(1, box, post, ()), 2)
    labels = canvas.finish(np.array([[2, 7], [2, 3]]), [1, 2])
    assert labels[2].tolist() == [0, 0, 0, 2, 1, 1, 1, 1, 1]
    assert ndimage.label(labels == 1)[1] == 1
