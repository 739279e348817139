"""Commands that findings and errors give to be pasted: what several say is written once."""

from __future__ import annotations

import shlex

CALLER = "user:$(gcloud config get account)"
"""Whoever pastes a command, as an IAM policy names them; it goes into double quotes."""


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


def create_repository(repository: str, project: str, location: str) -> str:
    """Word the command that makes a repository for images.

    Args:
        repository: Name of the repository.
        project: Project id.
        location: Region.
    """
    return (
        f"gcloud artifacts repositories create {repository} --repository-format=docker "
        f"--location={location} --project={project}"
    )


def enable(project: str, *services: str) -> str:
    """Word the command that enables APIs in a project.

    Args:
        project: Project id.
        services: Names of the APIs, for example `aiplatform.googleapis.com`.
    """
    return f"gcloud services enable {shlex.join(services)} --project={project}"


def grant(project: str, role: str, member: str = CALLER) -> str:
    """Word the command that gives a role in a project.

    Args:
        project: Project id.
        role: For example `roles/aiplatform.user`.
        member: Who gets it, for example `serviceAccount:NAME@PROJECT.iam.gserviceaccount.com`;
            by default whoever pastes the command.
    """
    return (
        f'gcloud projects add-iam-policy-binding {project} --member="{member}" --role={role} '
        "--condition=None"
    )


def let_act_as(account: str, project: str, member: str = CALLER) -> str:
    """Word the command that lets someone run things as a service account.

    Args:
        account: E-mail address of the service account.
        project: Id of the account's project.
        member: Who may; by default whoever pastes the command.
    """
    return (
        f"gcloud iam service-accounts add-iam-policy-binding {account} --project={project} "
        f'--member="{member}" --role=roles/iam.serviceAccountUser'
    )
