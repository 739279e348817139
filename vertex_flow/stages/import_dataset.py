"""Bring a data set into the pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from kfp import dsl
from kfp.dsl import Dataset

from vertex_flow.contract import Inputs, Outputs, Stage, stage
from vertex_flow.errors import SettingError
from vertex_flow.ports import Out, Value


def _check_uri(_: Any, __: Any, uri: Any) -> None:
    if isinstance(uri, str) and not uri.strip():
        raise SettingError(
            "ImportDataset(uri=''): give a gs:// URI, or the absolute path of a local file."
        )


@stage
class ImportDataset(Stage):
    """Bring a data set that is already stored somewhere into the pipeline, without a copy.

    Attributes:
        uri: A `gs://` URI; for runs on this machine also the absolute path of a file or folder.
        metadata: Facts to keep with the data set in the lineage.
        dataset: The data set.

    Example:
        ```python
        ImportDataset("gs://acme-ml/mnist.npz")
        ```
    """

    uri: Value[str] = attrs.field(kw_only=False, validator=_check_uri)
    metadata: Mapping[str, str | int | float] = attrs.field(factory=dict)
    dataset = Out(Dataset)

    def emit(self, io: Inputs) -> Outputs:
        """Import the artifact."""
        importer = dsl.importer(
            artifact_uri=io.uri,
            artifact_class=Dataset,
            reimport=not self.cache,
            metadata=dict(self.metadata),
        )
        return {"dataset": importer.output}
