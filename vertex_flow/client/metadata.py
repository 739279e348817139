"""The metadata store of Vertex AI."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from google.cloud import aiplatform_v1

from vertex_flow.calls import if_there
from vertex_flow.client.calling import Caller
from vertex_flow.errors import ApiError


class Metadata(Caller):
    """Reads and makes the contexts by which experiments show their runs."""

    def metadata_context(self, context_id: str) -> aiplatform_v1.Context | None:
        """Read a context of the default metadata store, or give None when it is not there."""
        name = f"{self._metadata_store}/contexts/{context_id}"
        return if_there(lambda: self._call(self._metadata.get_context, name=name))

    def create_metadata_context(
        self, context_id: str, context: aiplatform_v1.Context
    ) -> aiplatform_v1.Context:
        """Create a context in the default metadata store."""
        return self._call(
            self._metadata.create_context,
            parent=self._metadata_store,
            context=context,
            context_id=context_id,
        )

    def add_context_children(self, context: str, children: Sequence[str]) -> None:
        """Put contexts into another one; those that are in it stay so."""
        self._call(
            self._metadata.add_context_children, context=context, child_contexts=list(children)
        )

    def ensure_metadata_store(self, encryption_key: str = "") -> None:
        """Make the default metadata store of the location when it is not there."""
        read, name = self._metadata.get_metadata_store, self._metadata_store
        if if_there(lambda: self._call(read, name=name)) is None:
            store = aiplatform_v1.MetadataStore()
            if encryption_key:
                store.encryption_spec = aiplatform_v1.EncryptionSpec(kms_key_name=encryption_key)
            self._create_metadata_store(store)

    def _create_metadata_store(self, store: aiplatform_v1.MetadataStore) -> None:
        try:
            operation = self._call(
                self._metadata.create_metadata_store,
                parent=self.parent,
                metadata_store=store,
                metadata_store_id="default",
            )
        except ApiError as error:
            if error.code != 409:
                raise
            return  # an answer was lost, or somebody was faster
        self._done(operation)

    @property
    def _metadata_store(self) -> str:
        return f"{self.parent}/metadataStores/default"

    @cached_property
    def _metadata(self) -> Any:
        return self._service(aiplatform_v1.MetadataServiceClient)
