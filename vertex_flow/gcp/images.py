"""Training images: built where they are missing, found by what they are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from vertex_flow.apis import Apis
from vertex_flow.place import Place

if TYPE_CHECKING:
    from vertex_flow.training import Trainer

Builder = Literal["cloud", "docker"]


def build_image(
    place: Place, apis: Apis, trainer: Trainer, *, builder: Builder, say: Callable[[str], None]
) -> str:
    """Build and push the image of a trainer unless it is there; give its URI with digest."""
    raise NotImplementedError
