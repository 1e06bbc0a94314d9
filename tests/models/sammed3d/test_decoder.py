"""One volume serves many prompts, and a prompt does not know of the others."""

import pytest
import torch

POINTS = torch.tensor([[[8.0, 8, 8], [1, 2, 3]], [[4, 9, 12], [0, 0, 0]], [[2, 2, 2], [14, 3, 9]]])
IS_IN = torch.tensor([[1, 0], [1, -1], [1, 1]])


@pytest.fixture(scope="module")
def features(small):
    with torch.inference_mode():
        return small.see(torch.randn(1, 1, 16, 16, 16, generator=torch.Generator().manual_seed(2)))


@pytest.mark.parametrize("multimask", [False, True])
def test_prompts_together_are_prompts_alone(small, features, multimask):
    with torch.inference_mode():
        logits, iou = small.ask(features, POINTS, IS_IN, multimask=multimask)
        assert logits.shape == (3, 3 if multimask else 1, 16, 16, 16)
        for p in range(3):
            counts = IS_IN[p] >= 0
            alone, iou_alone = small.ask(
                features, POINTS[p : p + 1, counts], IS_IN[p : p + 1, counts], multimask=multimask
            )
            assert torch.allclose(logits[p], alone[0], atol=1e-5)
            assert torch.allclose(iou[p], iou_alone[0], atol=1e-5)


def test_features_of_each_prompt_may_differ(small, features):
    both = torch.cat([features, features.flip(2)])
    with torch.inference_mode():
        logits, _ = small.ask(both, POINTS[:2], IS_IN[:2])
        alone, _ = small.ask(features.flip(2), POINTS[1:2, :1], IS_IN[1:2, :1])
    assert torch.allclose(logits[1], alone[0], atol=1e-5)


def test_an_earlier_mask_is_heard(small, features):
    shown = torch.zeros(3, 1, 16, 16, 16)
    shown[:, :, 4:9, 4:9, 4:9] = 5
    with torch.inference_mode():
        without, _ = small.ask(features, POINTS, IS_IN)
        told, _ = small.ask(features, POINTS, IS_IN, shown)
    assert float((without - told).abs().max()) > 1e-3
