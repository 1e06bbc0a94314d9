"""Whether named tensors are those of a network, and what to say if not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from torch import Tensor, nn

from samtrack.errors import WeightsError

SHOWN = 4
"""Names listed in an error; the rest are counted."""


def require_fit(model: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Raise unless the tensors have exactly the keys and shapes of the network."""
    own = model.state_dict()
    problems = []
    if missing := sorted(own.keys() - state.keys()):
        problems.append(f"{len(missing)} of {len(own)} keys missing ({some(missing)})")
    if unexpected := sorted(state.keys() - own.keys()):
        problems.append(f"{len(unexpected)} unexpected keys ({some(unexpected)})")
    differing = [
        f"{key} {list(state[key].shape)}, expected {list(value.shape)}"
        for key, value in own.items()
        if key in state and state[key].shape != value.shape
    ]
    if differing:
        problems.append(f"{len(differing)} wrong shapes ({some(differing, '; ')})")
    if problems:
        raise WeightsError(
            f"the weights do not fit {type(model).__name__} of this configuration: {', and '.join(problems)}. Take "
            "configuration and weights from one source; fine-tuned adapters need to be merged first."
        )


def some(names: Iterable[str], separator: str = ", ") -> str:
    """The first few of many names."""
    listed = list(names)
    return separator.join(listed[:SHOWN]) + (" …" if len(listed) > SHOWN else "")
