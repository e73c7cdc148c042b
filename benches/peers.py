#!/usr/bin/env python3
"""Frames a second of a public reader on the files that the bench of the readers writes, for the same run.

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install csiread
    MILLPOND_PEERS=/tmp/peers/bin/python cargo bench -p millpond-benches --bench datasets

Files are named KIND.N.EXT: which reader to use, and the number of frames in it. The best of several readings counts; a
reader that finds another number of frames is reported as failed. csiread (MIT) is what is installed most easily; it
reads no FeitCSI, and of the others what is called below. Version 1.4.1 crashes on captures that hold packets which are
no CSI, as those of the bench do; that is reported as failed.
"""

import contextlib
import io
import os
import subprocess
import sys
import time


def readers():
    import csiread

    return {
        "intel": lambda f: csiread.Intel(f, nrxnum=3, ntxnum=2, pl_size=0, if_report=False),
        "atheros": lambda f: csiread.Atheros(f, nrxnum=3, ntxnum=2, tones=56, pl_size=0, if_report=False),
        "nexmon": lambda f: csiread.Nexmon(f, chip="43455c0", bw=80, if_report=False),
        "nexmonfloat": lambda f: csiread.Nexmon(f, chip="4366c0", bw=80, if_report=False),
        "esp32": lambda f: csiread.ESP32(f, if_report=False),
    }


def main(files):
    if len(files) > 1:
        # Each on its own: a reader that crashes on its file must not take the others along.
        for path in files:
            code = subprocess.call([sys.executable, os.path.abspath(__file__), path])
            if code != 0:
                print(f"peer csiread {os.path.basename(path).split('.')[0]}: failed: ended with {code}", flush=True)
        return 0
    try:
        known = readers()
    except ImportError:
        print("peers: csiread is not installed here, so no public reader is measured", file=sys.stderr)
        return 0
    for path in files:
        kind, frames = os.path.basename(path).split(".")[:2]
        if kind not in known:
            continue
        best, found = float("inf"), None
        try:
            until = time.perf_counter() + 1.5
            while time.perf_counter() < until:
                with contextlib.redirect_stdout(io.StringIO()):
                    data = known[kind](path)
                    start = time.perf_counter()
                    data.read()
                    best = min(best, time.perf_counter() - start)
                    found = getattr(data, "csi").shape[0]
        except Exception as e:  # another program's errors are what is reported here
            print(f"peer csiread {kind}: failed: {e!r}")
            continue
        if found != int(frames):
            print(f"peer csiread {kind}: failed: {found} of {frames} frames")
        else:
            rate = found / best
            print(f"peer csiread {kind}: {rate / 1e3:.0f} k frames/s, {rate * os.path.getsize(path) / found / 1e6:.0f} MB/s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
