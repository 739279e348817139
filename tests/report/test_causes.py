"""Likely causes of failures; the messages are Vertex AI's own, or those of the programs in it."""

from __future__ import annotations

import pytest

from tests.report.test_tracebacks import PLAIN
from vertex_flow.report.causes import LATER_ROWS, ROWS, Diagnosis, diagnose

QUOTAS = "https://console.cloud.google.com/iam-admin/quotas?project=acme"
QUOTA_FIX = (
    f"see and raise it at {QUOTAS}, wait for other jobs to end, or ask for fewer or other "
    "machines or another location."
)
IMAGE_FIX = (
    "GcpContext(project='acme').build_image(trainer) builds and pushes it; or name one that is "
    "there: Trainer(..., image=...), GcpContext(training_image=...)."
)
MEMORY = Diagnosis(
    "memory",
    "the machine's memory is full, and the process was killed.",
    "a machine with more memory, Trainer(machine_type='n1-highmem-8'), or less at a time: "
    "smaller batches, data read in pieces.",
)
IMAGE = "us-central1-docker.pkg.dev/acme/vertex-flow/trainer:latest"
ROBOT = "vertex-flow@acme.iam.gserviceaccount.com"
AGENT = "service-52@gcp-sa-aiplatform-cc.iam.gserviceaccount.com"
ARGUMENTS_FIX = (
    "declare them in its parser, or leave them out of args: Trainer(args=...), Train(args=...); "
    "tuned parameters and data sets are arguments too."
)
GRANT = 'gcloud projects add-iam-policy-binding acme --member="{}" --role={} --condition=None'


def image(uri: str) -> Diagnosis:
    return Diagnosis("image", f"the image {uri} is not in its registry.", IMAGE_FIX)


CASES = [
    (
        "The following quota metrics exceed quota limits: "
        "aiplatform.googleapis.com/custom_model_training_nvidia_t4_gpus",
        Diagnosis(
            "quota",
            "the quota aiplatform.googleapis.com/custom_model_training_nvidia_t4_gpus of project "
            "acme in us-central1 is used up.",
            QUOTA_FIX,
        ),
    ),
    (
        "com.google.cloud.ai.platform.common.errors.AiPlatformException: code=RESOURCE_EXHAUSTED, "
        "message=The following quota metrics exceed quota limits: "
        "aiplatform.googleapis.com/custom_model_training_cpus, cause=null",
        Diagnosis(
            "quota",
            "the quota aiplatform.googleapis.com/custom_model_training_cpus of project acme in "
            "us-central1 is used up.",
            QUOTA_FIX,
        ),
    ),
    (
        "The following quotas are exceeded: CustomModelServingCPUsPerProjectPerRegion",
        Diagnosis(
            "quota",
            "the quota CustomModelServingCPUsPerProjectPerRegion of project acme in us-central1 "
            "is used up.",
            QUOTA_FIX,
        ),
    ),
    (
        "Resources are insufficient in region: us-east1. Try a different region or use a "
        "different accelerator.",
        Diagnosis(
            "capacity",
            "Google Cloud has no such machines to give in us-east1 now; it is not the quota.",
            "another location, another machine or accelerator type, a later try, or "
            "Trainer(strategy='FLEX_START'), which waits for machines.",
        ),
    ),
    (
        f"400 You do not have permission to act as service_account: {ROBOT}. (or it may not exist)",
        Diagnosis(
            "act-as",
            f"the caller may not act as the service account {ROBOT}, or it does not exist.",
            f"gcloud iam service-accounts add-iam-policy-binding {ROBOT} --project=acme "
            '--member="user:$(gcloud config get account)" --role=roles/iam.serviceAccountUser',
        ),
    ),
    (
        f"Service account {ROBOT} does not exist.",
        Diagnosis(
            "service-account",
            f"the service account {ROBOT} does not exist, or is disabled.",
            "GcpContext(project='acme').setup() makes one; or name another: "
            "flow.run(context, service_account=...).",
        ),
    ),
    (
        f"Vertex AI Service Agent {AGENT} does not have permission to access Artifact Registry "
        "repository projects/acme/locations/us-east1/repositories/vertex-flow.",
        Diagnosis(
            "image-access",
            "Vertex AI may not read the image repository vertex-flow in us-east1, or it does not "
            "exist.",
            "gcloud artifacts repositories add-iam-policy-binding vertex-flow --location=us-east1 "
            f'--project=acme --member="serviceAccount:{AGENT}" '
            "--role=roles/artifactregistry.reader",
        ),
    ),
    (f"Image '{IMAGE}' not found.", image(IMAGE)),
    (f"The image {IMAGE} does not exist", image(IMAGE)),
    (f'Failed to pull image "{IMAGE}": rpc error: code = NotFound desc = failed', image(IMAGE)),
    (f'Back-off pulling image "{IMAGE}"', image(IMAGE)),
    (f"manifest for {IMAGE} not found: manifest unknown", image(IMAGE)),
    (
        "Container is waiting: ImagePullBackOff",
        Diagnosis("image", "the image is not in its registry.", IMAGE_FIX),
    ),
    (
        "Vertex AI API has not been used in project 123 before or it is disabled. Enable it by "
        "visiting https://console.developers.google.com/apis/api/aiplatform.googleapis.com/",
        Diagnosis(
            "api",
            "the API aiplatform.googleapis.com is not enabled in project acme.",
            "gcloud services enable aiplatform.googleapis.com --project=acme",
        ),
    ),
    (
        f"google.api_core.exceptions.Forbidden: 403 GET https://x: {ROBOT} does not have "
        "storage.objects.get access to the Google Cloud Storage object.",
        Diagnosis(
            "permission",
            f"{ROBOT} lacks the permission storage.objects.get.",
            GRANT.format(f"serviceAccount:{ROBOT}", "roles/storage.objectViewer"),
        ),
    ),
    (
        "ann@acme.org does not have storage.buckets.get access to the bucket.",
        Diagnosis(
            "permission",
            "ann@acme.org lacks the permission storage.buckets.get.",
            GRANT.format("user:ann@acme.org", "roles/storage.admin"),
        ),
    ),
    (
        "Permission 'aiplatform.models.upload' denied on resource '//aiplatform.googleapis.com/x'",
        Diagnosis(
            "permission",
            "the identity of the run lacks the permission aiplatform.models.upload.",
            GRANT.format("user:$(gcloud config get account)", "roles/aiplatform.user"),
        ),
    ),
    (
        "Permission 'bigquery.jobs.create' denied",
        Diagnosis(
            "permission",
            "the identity of the run lacks the permission bigquery.jobs.create.",
            "ask an owner of project acme for bigquery.jobs.create.",
        ),
    ),
    (
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",
        Diagnosis(
            "accelerator-memory",
            "the memory of the accelerator is full.",
            "smaller batches, mixed precision, or an accelerator with more memory.",
        ),
    ),
    ("Replicas low on memory: workerpool0. Specify a machine with larger memory", MEMORY),
    ("The replica workerpool0-0 ran out of memory and exited with a non-zero status of 9", MEMORY),
    ("The replica workerpool0-0 exited with a non-zero status of 137.", MEMORY),
    ("exited with a non-zero status of 9(SIGKILL). The system may have run out of memory.", MEMORY),
    ("Last state: Terminated, Reason: OOMKilled", MEMORY),
    ("MemoryError", MEMORY),
    (
        "OSError: [Errno 28] No space left on device: '/tmp/x'",
        Diagnosis(
            "disk",
            "the disk is full.",
            "a larger disk, Trainer(boot_disk_size_gb=200), or write less to it.",
        ),
    ),
    (
        "RuntimeError: The NVIDIA driver on your system is too old (found version 11040).",
        Diagnosis(
            "accelerator-driver",
            "the CUDA version of the image does not go with the driver or the accelerator.",
            "an image whose framework is built for an older CUDA, or another accelerator_type.",
        ),
    ),
    (
        "usage: task.py [-h]\ntask.py: error: unrecognized arguments: --epocs=5",
        Diagnosis(
            "argument",
            "the training code does not know the arguments --epocs=5.",
            ARGUMENTS_FIX,
        ),
    ),
    (
        "task.py: error: argument --epochs: invalid int value: 'many'",
        Diagnosis(
            "argument",
            "the training code refused its arguments: argument --epochs: invalid int value: "
            "'many'.",
            "give what it expects: Trainer(args=...), Train(args=...).",
        ),
    ),
    (
        "ModuleNotFoundError: No module named 'pandas'",
        Diagnosis(
            "module",
            "the module pandas is not where the code runs.",
            "install its package in the training image, and for a component name it in "
            "packages_to_install; a module of your own belongs into the trainer's package.",
        ),
    ),
    (
        "404 GET https://storage.googleapis.com/storage/v1/b/x: The specified bucket does not "
        "exist.",
        Diagnosis(
            "bucket",
            "the bucket does not exist.",
            "GcpContext(project='acme').setup() makes the context's own; or name one that is "
            "there: GcpContext(bucket=...).",
        ),
    ),
    (
        "google.api_core.exceptions.NotFound: 404 No such object: acme-ml/mnist.npz",
        Diagnosis(
            "object",
            "there is nothing at acme-ml/mnist.npz.",
            "upload it, GcpContext(project='acme').upload(path, uri), or correct the URI.",
        ),
    ),
    (
        "FileNotFoundError: [Errno 2] No such file or directory: '/gcs/acme-ml/mnist.npz'",
        Diagnosis(
            "object",
            "there is nothing at /gcs/acme-ml/mnist.npz.",
            "upload it, GcpContext(project='acme').upload(path, uri), or correct the URI.",
        ),
    ),
    (
        'INVALID_ARGUMENT: Machine type "a2-highgpu-1g" is not supported.',
        Diagnosis(
            "machine",
            "there are no machines of type a2-highgpu-1g in us-central1, or not with that "
            "accelerator.",
            "another machine_type or accelerator_type, or another location.",
        ),
    ),
    (
        PLAIN,
        Diagnosis(
            "exception",
            "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0), raised at "
            "/app/trainer/task.py:12 in main.",
            "mend the code; it can be tried on this machine first: flow.run(GcpContext.local()).",
        ),
    ),
    (
        "The worker was preempted.",
        Diagnosis(
            "preempted",
            "a SPOT machine was taken away, more often than the job was restarted.",
            "save checkpoints to AIP_CHECKPOINT_DIR and go on from them, or use "
            "Trainer(strategy='STANDARD').",
        ),
    ),
    (
        "The job was ended: it ran longer than its timeout of 60 s.",
        Diagnosis(
            "timeout",
            "it did not end in the time that it was given.",
            "more time, Train(timeout='86400s'), a faster machine, or less to do.",
        ),
    ),
    (
        "Internal error occurred for the current attempt",
        Diagnosis(
            "internal",
            "an error inside Google Cloud; the run itself is most likely right.",
            "run it again: what has succeeded is reused. If it comes back, use another location.",
        ),
    ),
    (
        "The replica workerpool0-0 exited with a non-zero status of 127.",
        Diagnosis(
            "exit",
            "the command is not in the image.",
            "install it, or correct the command.",
        ),
    ),
    (
        "The replica workerpool0-0 exited with a non-zero status of 2.",
        Diagnosis(
            "exit",
            "the command refused its arguments.",
            "see its usage at the end of the log.",
        ),
    ),
    (
        "The replica workerpool0-0 exited with a non-zero status of 7. Termination reason: Error.",
        Diagnosis("exit", "the process ended with exit code 7.", "the end of its log says why."),
    ),
]


@pytest.mark.parametrize(("text", "diagnosis"), CASES)
def test_causes(text: str, diagnosis: Diagnosis) -> None:
    assert diagnose(text, project="acme", location="us-central1") == diagnosis


def test_every_row_has_a_case() -> None:
    found = {
        next(index for index, row in enumerate((*ROWS, *LATER_ROWS)) if row.pattern.search(text))
        for text, kind in KINDS
        if kind not in ("exit", "exception")
    }
    assert found == set(range(len((*ROWS, *LATER_ROWS))))


@pytest.mark.parametrize("text", ["", "all is well", "epoch 3: loss 0.5", "{project} {0}"])
def test_no_cause_is_made_up(text: str) -> None:
    assert diagnose(text, project="acme", location="us-central1") is None


def test_an_exception_goes_before_words_of_healthy_programs() -> None:
    text = f"preemption is handled\n{PLAIN}"
    found = diagnose(text, project="acme", location="us-central1")
    assert found is not None
    assert found.kind == "exception"


def test_what_a_program_says_is_no_markup() -> None:
    text = "error: unrecognized arguments: --a={project} \x1b[31m"
    found = diagnose(text, project="acme", location="us-central1")
    assert found is not None
    assert found.cause == "the training code does not know the arguments --a={project} \\x1b[31m."


def test_a_hostile_log_is_read_quickly() -> None:
    text = "SERVICE_DISABLED " * 3_000 + "\n" + "image a/" * 10_000 + "not found " * 3_000
    diagnose(text, project="acme", location="us-central1")


OF_SERVER = Diagnosis(
    "server",
    "the model's server did not start, or did not answer its health checks.",
    "see its log for why; the model's files and the serving image must go together, and the "
    "server must listen at AIP_HTTP_PORT. On this machine: flow.run(GcpContext.local()).",
)


@pytest.mark.parametrize(
    "text",
    [
        "Model server exited unexpectedly. Model server logs can be found at https://x",
        "Model server never became ready. Please validate that your model file is valid",
        "Model server terminated: model server container terminated: exit_code: 1",
    ],
)
def test_servers_that_do_not_start(text: str) -> None:
    assert diagnose(text, project="acme", location="us-central1") == OF_SERVER


TOLD = [
    (
        "Service account `1-compute@developer.gserviceaccount.com` does not have "
        "`[storage.objects.get, storage.objects.create]` IAM permission(s) to the bucket",
        "permission",
        "1-compute@developer.gserviceaccount.com lacks the permission storage.objects.get.",
    ),
    (
        "403 Access Denied: User does not have bigquery.jobs.create permission in project x",
        "permission",
        "the identity of the run lacks the permission bigquery.jobs.create.",
    ),
    (
        'denied: Permission "artifactregistry.repositories.downloadArtifacts" denied on x',
        "permission",
        "the identity of the run lacks the permission "
        "artifactregistry.repositories.downloadArtifacts.",
    ),
    (
        'Accelerator "NVIDIA_TESLA_K80" is not supported for machine type "n1-standard-4"',
        "machine",
        "there are no machines of type n1-standard-4 in us-central1, or not with that accelerator.",
    ),
    (
        "Machine type temporarily unavailable, please deploy with a different machine type",
        "capacity",
        "Google Cloud has no such machines to give in us-central1 now; it is not the quota.",
    ),
    (
        "Quota 'N2_CPUS' exceeded.  Limit: 8.0 in region us-central1.",
        "quota",
        "the quota N2_CPUS of project acme in us-central1 is used up.",
    ),
    (
        "429 Quota exceeded for aiplatform.googleapis.com/online_prediction_requests",
        "quota",
        "the quota aiplatform.googleapis.com/online_prediction_requests of project acme in "
        "us-central1 is used up.",
    ),
    (
        "exited with a non-zero status of 128. Termination reason: StartError. unable to "
        'start container process: exec: "trainer.task": executable file not found in $PATH',
        "command",
        "the command trainer.task is not in the image.",
    ),
    (
        "exec /usr/bin/python: exec format error",
        "platform",
        "the image is built for another processor than the machine has.",
    ),
    (
        "ERROR: No matching distribution found for tensorflow==2.99",
        "package",
        "pip finds no package tensorflow==2.99 for the Python version of the image.",
    ),
    (
        "Constraint constraints/gcp.resourceLocations violated for projects/1",
        "policy",
        "the organization's policy constraints/gcp.resourceLocations forbids it.",
    ),
    (
        "Request is prohibited by organization's policy.",
        "policy",
        "the organization's policy forbids it.",
    ),
    (
        "Model server terminated: model server container out of memory.",
        "server-memory",
        "the memory of the machine that serves is full.",
    ),
    (
        "numpy.core._exceptions._ArrayMemoryError: Unable to allocate 7.45 GiB",
        "memory",
        "the machine's memory is full, and the process was killed.",
    ),
    (
        "RuntimeError: CUDA error: out of memory",
        "accelerator-memory",
        "the memory of the accelerator is full.",
    ),
    (
        "Specified Execution `etag`: `1651666519110` does not match server `etag`: `16516`",
        "internal",
        "an error inside Google Cloud; the run itself is most likely right.",
    ),
    (
        "The replica workerpool0-0 exited with a non-zero status of 139(SIGSEGV).",
        "exit",
        "the process crashed: a segmentation fault in compiled code.",
    ),
]


KINDS = [
    ("Model server exited unexpectedly", "server"),
    *((text, kind) for text, kind, _ in TOLD),
    *((text, diagnosis.kind) for text, diagnosis in CASES),
]


@pytest.mark.parametrize(("text", "kind", "cause"), TOLD)
def test_what_others_were_told(text: str, kind: str, cause: str) -> None:
    diagnosis = diagnose(text, project="acme", location="us-central1")
    assert diagnosis is not None
    assert (diagnosis.kind, diagnosis.cause) == (kind, cause)
