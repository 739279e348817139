"""Commands that findings and errors give to be pasted: what several say is written once."""

from __future__ import annotations

from vertex_flow.place import Place


def create_bucket(bucket: str, project: str, location: str) -> str:
    """Word the command that makes a bucket as `setup` makes it.

    Args:
        bucket: Name of the bucket.
        project: Project id.
        location: Region.
    """
    return (
        f"gcloud storage buckets create gs://{bucket} --project={project} --location={location} "
        "--uniform-bucket-level-access --public-access-prevention"
    )


def create_repository(place: Place) -> str:
    """Word the command that makes the repository of a place.

    Args:
        place: Which repository, project and location.
    """
    return (
        f"gcloud artifacts repositories create {place.repository} --repository-format=docker "
        f"--location={place.location} --project={place.project}"
    )
