"""Equal weights, equal logits: the batched path against the library's own session, which goes object by object."""

from dataclasses import replace

import pytest
import torch

from samtrack.models.sam2.network import Features, Habits, Memory, Sam2Network

CLOSE = 1e-4

CONFIGS = {
    "two tokens per pointer": {},
    "wide, pointers in four tokens": {"width": 256},
    "one mask per prompt": {"multimask_output_in_sam": False},
    "one mask while tracking": {"multimask_output_for_tracking": False},
    "no fallback": {"decoder": {"dynamic_multimask_via_stability": False}, "multimask_output_in_sam": False},
    "always falls back": {
        "decoder": {"dynamic_multimask_stability_thresh": 1.1},
        "multimask_output_in_sam": False,
    },
    "four memories": {"num_maskmem": 4},
    "no word for absence": {"enable_occlusion_spatial_embedding": False},
    "pointers without time": {"enable_temporal_pos_encoding_for_object_pointers": False},
}


@pytest.fixture(params=CONFIGS, ids=lambda name: name.replace(" ", "_"))
def model(request, make_model):
    return make_model(**CONFIGS[request.param])


def seen_by(network, pictures):
    """Each picture's features by itself, as the session encodes them."""
    with torch.inference_mode():
        return [network.encode(picture[None]) for picture in pictures]


def for_cells(features, n):
    return Features(*(m.expand(n, -1, -1, -1) for m in features.maps))


def agrees(ours, theirs):
    """Logits of present cells, and of their being there."""
    torch.testing.assert_close(ours.hardened()[:, None], theirs.pred_masks, atol=CLOSE, rtol=CLOSE)
    torch.testing.assert_close(ours.object_logit[:, None], theirs.object_score_logits, atol=CLOSE, rtol=CLOSE)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["forward", "backward"])
def test_a_given_mask_is_carried_as_by_the_library(model, order, make_film, make_boxes, new_session, library_follows):
    pictures, mask = make_film(2), make_boxes(1)
    theirs = library_follows(model, new_session(model, pictures), mask[0], order)
    network = Sam2Network(model, Habits(best_pointer=True, clip_frames=2))
    seen = seen_by(network, pictures)
    with torch.inference_mode():
        ours = network.carry(seen[order[1]], [(1, network.remember(seen[order[0]], mask))])
    assert theirs[1].pred_masks.std() > 0.1, "an answer too even to compare"
    agrees(ours, theirs[1])


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)], ids=["forward", "backward"])
def test_a_guess_is_remembered_as_by_the_library(model, order, make_film, make_boxes, new_session, library_follows):
    pictures, mask = make_film(3), make_boxes(1)
    theirs = library_follows(model, new_session(model, pictures), mask[0], order)
    network = Sam2Network(model, Habits(best_pointer=True, clip_frames=3))
    seen = [seen_by(network, pictures)[frame] for frame in order]
    with torch.inference_mode():
        given = network.remember(seen[0], mask)
        first = network.carry(seen[1], [(1, given)])
        second = network.carry(seen[2], [(2, given), (1, network.remember_guess(seen[1], first))])
        forgetful = network.carry(seen[2], [(2, given)])
    agrees(first, theirs[1])
    agrees(second, theirs[2])
    assert (second.logits - forgetful.logits).abs().max() > 100 * CLOSE, "the guess must matter"


def test_what_is_remembered_is_what_the_library_stores(model, make_film, make_boxes, new_session, library_follows):
    pictures, mask = make_film(2), make_boxes(1)
    session = new_session(model, pictures)
    library_follows(model, session, mask[0], (0, 1))
    network = Sam2Network(model, Habits(best_pointer=True, clip_frames=2))
    with torch.inference_mode():
        memory = network.remember(seen_by(network, pictures[:1])[0], mask)
    stored = session.output_dict_per_obj[0]["cond_frame_outputs"][0]
    spatial = memory.spatial.flatten(2).permute(2, 0, 1)
    torch.testing.assert_close(spatial.float(), stored["maskmem_features"].float(), atol=CLOSE, rtol=1e-2)
    torch.testing.assert_close(memory.pointer, stored["object_pointer"].reshape(1, -1), atol=CLOSE, rtol=CLOSE)
    torch.testing.assert_close(memory.logits, stored["pred_masks"], atol=CLOSE, rtol=CLOSE)


@pytest.mark.parametrize("n_points", [1, 3])
def test_points_are_answered_as_by_the_library(model, n_points, make_film, new_session):
    pictures = make_film(1)
    points = torch.tensor([[[30.0, 50.0], [90.0, 20.0], [64.0, 64.0]]])[:, :n_points]
    labels = torch.tensor([[1, 0, 1]])[:, :n_points]
    session = new_session(model, pictures)
    index = session.obj_id_to_idx(1)
    session.add_point_inputs(index, 0, {"point_coords": points[:, None], "point_labels": labels[:, None]})
    session.obj_with_new_inputs.append(1)
    theirs = model(session, frame_idx=0)
    network = Sam2Network(model)
    with torch.inference_mode():
        ours = network.from_points(seen_by(network, pictures)[0], points, labels)
        elsewhere = network.from_points(seen_by(network, pictures)[0], points + 30, labels)
    agrees(ours, theirs)
    assert (ours.logits - elsewhere.logits).abs().max() > 100 * CLOSE, "the place of the points must matter"


def test_points_and_an_earlier_guess_are_answered_as_by_the_image_model(make_model, make_film):
    """``Sam2Model`` for images has no object pointer, else the same parts: the same weights give it the same words."""
    from transformers import Sam2Config, Sam2Model

    video = make_model()
    settings = Sam2Config(
        vision_config=video.config.vision_config.to_dict(),
        prompt_encoder_config=video.config.prompt_encoder_config.to_dict(),
        mask_decoder_config=video.config.mask_decoder_config.to_dict(),
    )
    image_model = Sam2Model(settings).eval()
    wanted = image_model.state_dict()
    image_model.load_state_dict({name: value for name, value in video.state_dict().items() if name in wanted})
    picture, points = make_film(1), torch.tensor([[[30.0, 50.0]]])
    earlier = torch.randn(1, 1, 32, 32, generator=torch.Generator().manual_seed(5))
    with torch.inference_mode():
        theirs = image_model(
            pixel_values=picture,
            input_points=points[:, None],
            input_labels=torch.ones(1, 1, 1, dtype=torch.int64),
            input_masks=earlier,
            multimask_output=True,
        )
        network = Sam2Network(video)
        ours = network.from_points(seen_by(network, picture)[0], points, torch.ones(1, 1, dtype=torch.int64), earlier)
    best = theirs.iou_scores[0, 0].argmax()
    torch.testing.assert_close(ours.logits[0], theirs.pred_masks[0, 0, best], atol=CLOSE, rtol=CLOSE)
    torch.testing.assert_close(ours.iou[0], theirs.iou_scores[0, 0, best], atol=CLOSE, rtol=CLOSE)


@pytest.mark.parametrize("habits", [Habits(), Habits(mask_prompt=True), Habits(pointers=False)])
def test_cells_in_a_batch_are_cells_alone(make_model, make_film, make_boxes, habits):
    model, n = make_model(), 5
    network = Sam2Network(model, replace(habits, clip_frames=3))
    before, between, after = seen_by(network, make_film(3))
    masks = make_boxes(n)
    masks[2] = 0

    def answers(masks):
        some = len(masks)
        given = network.remember(for_cells(before, some), masks)
        guess = network.carry(for_cells(between, some), [(1, given)])
        second = network.remember_guess(for_cells(between, some), guess)
        return network.carry(for_cells(after, some), [(2, given), (1, second)])

    with torch.inference_mode():
        together = answers(masks)
        alone = [answers(mask[None]) for mask in masks]
    for name in ("logits", "object_logit", "iou"):
        single = torch.cat([getattr(answer, name) for answer in alone])
        torch.testing.assert_close(getattr(together, name), single, atol=CLOSE, rtol=CLOSE)
    assert (together.logits[0] - together.logits[1]).abs().max() > 100 * CLOSE


def test_a_cell_without_a_mask_is_remembered_as_absent(make_model, make_film, make_boxes, new_session, library_follows):
    model, pictures, nothing = make_model(), make_film(2), torch.zeros(1, 128, 128)
    session = new_session(model, pictures)
    theirs = library_follows(model, session, nothing[0], (0, 1))
    network = Sam2Network(model)
    before, after = seen_by(network, pictures)
    with torch.inference_mode():
        memory = network.remember(before, nothing)
        seen = network.remember(before, make_boxes(1))
        agrees(network.carry(after, [(1, memory)]), theirs[1])
    torch.testing.assert_close(memory.pointer, model.no_object_pointer)
    assert (memory.spatial - seen.spatial).abs().max() > 0


def test_a_cell_that_is_judged_absent_has_no_mask_and_no_pointer(
    make_model, make_film, make_boxes, new_session, library_follows
):
    model, pictures, mask = make_model(), make_film(3), make_boxes(1)
    with torch.no_grad():
        model.mask_decoder.pred_obj_score_head.proj_out.bias.fill_(-20.0)
    theirs = library_follows(model, new_session(model, pictures), mask[0], (0, 1, 2))
    network = Sam2Network(model, Habits(best_pointer=True, clip_frames=3))
    seen = seen_by(network, pictures)
    with torch.inference_mode():
        given = network.remember(seen[0], mask)
        guess = network.carry(seen[1], [(1, given)])
        again = network.remember_guess(seen[1], guess)
        last = network.carry(seen[2], [(2, given), (1, again)])
    assert guess.object_logit < 0
    assert (guess.hardened() == -1024).all()
    assert guess.logits.std() > 0.1, "what the cell would be is kept beside"
    torch.testing.assert_close(again.pointer, model.no_object_pointer)
    agrees(guess, theirs[1])
    agrees(last, theirs[2])


@pytest.mark.parametrize("part", ["pointers", "mask_prompt"])
def test_habits_change_the_answer(make_model, make_film, make_boxes, part):
    model, mask = make_model(), make_boxes(1)
    before, after = seen_by(Sam2Network(model), make_film(2))
    answers = []
    for on in (True, False):
        network = Sam2Network(model, replace(Habits(), **{part: on}))
        with torch.inference_mode():
            memory = network.remember(before, mask)
            answers.append(network.carry(after, [(1, memory)]).logits)
        assert isinstance(memory, Memory)
        assert (memory.pointer is not None) == network.habits.pointers
    assert (answers[0] - answers[1]).abs().max() > 50 * CLOSE


def test_a_window_larger_than_the_network_is_refused(make_model, make_boxes, make_film):
    network = Sam2Network(make_model())
    large = seen_by(network, make_film(1, side_px=192))[0]
    with pytest.raises(ValueError, match="a window of 12 tokens does not fit a table of 8 x 8"), torch.inference_mode():
        network.remember(large, make_boxes(1, side_px=192))
