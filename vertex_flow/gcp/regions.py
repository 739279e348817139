"""Whether Vertex AI is where the place says."""

from __future__ import annotations

from collections.abc import Sequence

from vertex_flow.errors import nearest
from vertex_flow.gcp.requirement import Finding, Requirement
from vertex_flow.gcp.site import VERTEX_AI, Site


class Location(Requirement):
    """A location that Vertex AI offers to the project."""

    services = (VERTEX_AI,)

    def names(self, site: Site) -> tuple[str, ...]:
        """Names of the findings."""
        return ("location",)

    def look(self, site: Site) -> Sequence[Finding]:
        """Ask Vertex AI for its locations."""
        here = site.place.location
        offered = site.apis.vertex.locations()
        if here in offered:
            return [Finding("location", "ok", here)]
        detail = f"Vertex AI does not offer {here} to the project.{nearest(here, offered)}"
        fix = (
            "choose another one: GcpContext(location=...); see https://cloud.google.com/"
            "vertex-ai/docs/general/locations"
        )
        return [Finding("location", "wrong", detail, fix)]
