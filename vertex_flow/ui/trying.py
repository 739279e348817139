"""How an endpoint is tried: what its instances look like, and what its predictions say."""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from vertex_flow.runs.files import local_path

if TYPE_CHECKING:
    from vertex_flow.report.facts import RunFacts
    from vertex_flow.report.snapshot import Artifact

_SIDES = range(4, 129)  # of an image that can be drawn
_MOST_BYTES = 50_000_000
_MOST_NUMBERS = 100
_NUMBERS = (int, float)


@attrs.frozen(kw_only=True)
class ImageInput:
    """An input that takes images of one channel, with values from 0 to 1.

    Attributes:
        height: Rows of pixels.
        width: Pixels of a row.
    """

    height: int
    width: int

    def instances(self, pixels: Sequence[Any]) -> Iterator[Any]:
        """Give the forms in which a model may take an image, the likely ones first.

        Args:
            pixels: Grey values from 0 to 255, row by row.

        Raises:
            ValueError: These are not the pixels of such an image.
        """
        count = self.height * self.width
        numbers = all(isinstance(one, _NUMBERS) and 0 <= one <= 255 for one in pixels)
        if len(pixels) != count or not numbers:
            raise ValueError(f"An image here is {count} numbers from 0 to 255.")
        flat = [round(one / 255, 4) for one in pixels]
        rows = [flat[at : at + self.width] for at in range(0, count, self.width)]
        yield rows
        yield flat
        yield [[[one] for one in row] for row in rows]


@attrs.frozen
class Example:
    """An instance to begin with.

    Attributes:
        text: It, in a list, as JSON.
        why: Why it is no row of the data, where these are damaged; or the empty text.
    """

    text: str
    why: str = ""


def image_input(facts: RunFacts | None) -> ImageInput | None:
    """Tell from the run that has made a model whether it takes images that can be drawn.

    Args:
        facts: The run; None where it is not known.
    """
    for artifact in _data(facts):
        shape = artifact.metadata.get("shape")
        if not isinstance(shape, Sequence) or len(shape) not in (2, 3):
            continue
        sides = [int(one) for one in shape if isinstance(one, _NUMBERS) and math.isfinite(one)]
        if sides[2:] in ([], [1]) and len(sides) == len(shape):
            height, width = sides[:2]
            if height in _SIDES and width in _SIDES:
                return ImageInput(height=height, width=width)
    return None


def example(facts: RunFacts | None, home: Path | None) -> Example:
    """Give an instance to begin with: a row of the test data where that can be read.

    Args:
        facts: The run that has made the model; None where it is not known.
        home: The engine's folder; None for a project in the cloud.
    """
    why = ""
    for artifact in _data(facts) if home else ():
        try:
            row = _first_row(local_path(artifact.uri, home))
        except Exception as error:  # a file may call itself an archive, and hold anything
            said = f"{type(error).__name__}: {error}".rstrip(": ")
            why = why or f"{artifact.uri} cannot be read, so this is no row of it: {said}"
        else:
            if row is not None:
                return Example(json.dumps([row]))
    return Example("[[0.0, 0.0]]", why)


def shares(prediction: Any) -> tuple[list[tuple[str, float]], bool] | None:
    """Read a prediction as shares of classes, the first class first.

    Args:
        prediction: What the model server answered for one instance.

    Returns:
        The classes with their shares from 0 to 1, and whether the model has given scores and no
        class alone; None where it is neither.
    """
    if isinstance(prediction, Mapping):
        scores = [one for one in prediction.values() if _is_row(one)]
        return shares(scores[0]) if len(scores) == 1 else None
    if _is_row(prediction):
        return [(str(at), one) for at, one in enumerate(_normal(prediction))], True
    if isinstance(prediction, _NUMBERS) and not isinstance(prediction, bool):
        whole = math.isfinite(prediction) and float(prediction).is_integer()
        return ([(str(int(prediction)), 1.0)], False) if whole else None
    return None


def _data(facts: RunFacts | None) -> Iterator[Artifact]:
    """The data sets of a run, the test data first."""
    stages = facts.stages if facts else ()
    found = [
        (not name.startswith("test"), artifact)
        for stage in stages
        for name, artifact in stage.artifacts.items()
        if artifact.schema_title == "system.Dataset"
    ]
    yield from (artifact for _, artifact in sorted(found, key=lambda one: one[0]))


def _first_row(path: Path | None) -> Any:
    """Give the first row of an archive of arrays; None where there is none that is short."""
    import numpy as np

    if path is None or not path.is_file() or path.stat().st_size > _MOST_BYTES:
        return None
    if not zipfile.is_zipfile(path):
        return None
    with zipfile.ZipFile(path) as archive:
        sizes = {one.filename: one.file_size for one in archive.infolist()}
    if sizes.get("x.npy", _MOST_BYTES) >= _MOST_BYTES:  # as a compressed array says of itself
        return None
    with np.load(path, allow_pickle=False) as arrays:
        rows = arrays["x"]
    first = rows[0] if rows.ndim and len(rows) else rows
    fits = rows.size and first.size <= _MOST_NUMBERS and first.dtype.kind in "uif"
    return first.tolist() if fits else None


def _is_row(value: Any) -> bool:
    return (
        isinstance(value, Sequence)
        and len(value) > 1
        and not isinstance(value, str)
        and all(isinstance(one, _NUMBERS) and math.isfinite(one) for one in value)
    )


def _normal(scores: Sequence[float]) -> list[float]:
    """Give scores as shares: as they are where they are that, else by softmax."""
    if all(0 <= one <= 1 for one in scores) and abs(sum(scores) - 1) < 0.02:
        return [float(one) for one in scores]
    highest = max(scores)
    raised = [math.exp(one - highest) for one in scores]
    return [one / sum(raised) for one in raised]
