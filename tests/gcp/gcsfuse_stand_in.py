"""A stand-in for gcsfuse: a real FUSE file system, empty, that behaves as gcsfuse is told to.

It takes gcsfuse's command line, stays in the foreground, mounts with gcsfuse's own type and
source, answers the kernel, and ends when it is unmounted. What it was called with goes to the file
`$STAND_IN`; `$STAND_IN_MODE` makes it fail as gcsfuse does.
"""

from __future__ import annotations

import ctypes
import json
import os
import struct
import sys
import time

ENODEV, ENOENT, ENOSYS = 19, 2, 38
LOOKUP, FORGET, GETATTR, INIT, OPENDIR, READDIR, RELEASEDIR, INTERRUPT, BATCH_FORGET = (
    1, 2, 3, 26, 27, 28, 29, 36, 42,
)  # fmt: skip
NOSUID_NODEV = 6

ATTRIBUTES = struct.pack("<6Q10I", 1, 0, 0, 0, 0, 0, 0, 0, 0, 0o40755, 2, 0, 0, 0, 4096, 0)
ANSWERS = {
    GETATTR: struct.pack("<QII", 1, 0, 0) + ATTRIBUTES,
    INIT: struct.pack("<4I2H2I2HI", 7, 31, 0, 0, 0, 0, 65536, 1, 0, 0, 0) + b"\0" * 28,
    OPENDIR: struct.pack("<QII", 0, 0, 0),
    READDIR: b"",
    RELEASEDIR: b"",
}


def mount(bucket: str, path: str) -> int:
    """Mount, and give the descriptor that the kernel asks through."""
    libc = ctypes.CDLL(None, use_errno=True)
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}"
    arguments = (bucket.encode(), os.fsencode(path), b"fuse.gcsfuse", NOSUID_NODEV)
    if libc.mount(*arguments, options.encode()):
        sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")
    return device


def serve(device: int) -> None:
    """Answer the kernel until the file system is unmounted."""
    while True:
        try:
            request = os.read(device, 1 << 17)
        except OSError as error:
            sys.exit(0 if error.errno == ENODEV else 1)
        _, kind, number = struct.unpack_from("<IIQ", request)
        if kind in (FORGET, INTERRUPT, BATCH_FORGET):
            continue
        error, data = (0, ANSWERS[kind]) if kind in ANSWERS else (ENOSYS, b"")
        if kind == LOOKUP:
            error = ENOENT
        os.write(device, struct.pack("<IiQ", 16 + len(data), -error, number) + data)


def main() -> None:
    """Do as gcsfuse does."""
    with open(os.environ["STAND_IN"], "a", encoding="utf-8") as file:
        print(json.dumps({"pid": os.getpid(), "arguments": sys.argv[1:]}), file=file)
    mode = os.environ.get("STAND_IN_MODE")
    bucket, path = sys.argv[-2:]
    if mode == "refused":
        print('Error while mounting gcsfuse: 404: "no such bucket"', file=sys.stderr)
        sys.exit(1)
    if mode == "slow":
        time.sleep(600)
    if mode == "silent":
        sys.exit(7)
    serve(mount(bucket, path))


if __name__ == "__main__":
    main()
