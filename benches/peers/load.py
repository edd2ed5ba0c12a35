#!/usr/bin/env python3
"""The peers of `chiaro bench load`: reading a gzipped NIfTI volume of int16 with SimpleITK and nibabel.

Every reader runs in a process of its own, turn by turn, so that its peak memory is its own: `peak_mib` resident at most, and how much of
that came with the reading (`added_mib`). nibabel reads twice: the stored int16, and `get_fdata`, which most scripts call and which gives float64.

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install -r benches/peers/requirements.txt
    /tmp/peers/bin/python benches/peers/load.py --json
    /tmp/peers/bin/python benches/peers/load.py --json --chiaro target/release/chiaro    # and ours on the same file
"""
import argparse
import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from timing import percentile, show, times_ms

RUNS_PER_TURN = 3


def made_volume(path):
    """The volume of `chiaro bench load`: 512 x 512 x 193, noise over slopes, as in a CT; 101 MB that pack to about 69 MB."""
    import nibabel
    import numpy as np

    nx, ny, nz = 512, 512, 193
    x, y, z = np.ogrid[:nx, :ny, :nz]
    scattered = (x + nx * (y + ny * z)).astype(np.uint32) * np.uint32(2654435761)
    scattered ^= scattered >> np.uint32(15)
    scattered *= np.uint32(2246822519)
    scattered ^= scattered >> np.uint32(13)
    noise = ((scattered >> np.uint32(25)) + (scattered >> np.uint32(18) & np.uint32(127))).astype(np.int16)
    image = nibabel.Nifti1Image(noise + ((x // 8 + y // 8 + z) * 4 - 1000).astype(np.int16), np.eye(4))
    # The level that Chiaro writes with.
    with gzip.open(path, "wb", compresslevel=6) as file:
        file.write(image.to_bytes())


def simpleitk(path):
    import SimpleITK

    return lambda: SimpleITK.ReadImage(path)


def nibabel_int16(path):
    import nibabel
    import numpy as np

    return lambda: np.asanyarray(nibabel.load(path).dataobj)


def nibabel_get_fdata(path):
    import nibabel

    return lambda: nibabel.load(path).get_fdata()


READERS = {"SimpleITK": simpleitk, "nibabel int16": nibabel_int16, "nibabel get_fdata": nibabel_get_fdata}


def peak_mib(who):
    return resource.getrusage(who).ru_maxrss / 1024


def read_alone(reader, path):
    """In a process that does nothing else."""
    read = READERS[reader](path)
    before = peak_mib(resource.RUSAGE_SELF)
    times = times_ms(RUNS_PER_TURN, read)
    peak = peak_mib(resource.RUSAGE_SELF)
    print(json.dumps({"times_ms": times, "peak_mib": peak, "added_mib": peak - before}))


def turn(reader, path, chiaro):
    """Times and memory of one process."""
    command = [sys.executable, __file__, "--reader", reader, "--file", path]
    if reader == "Chiaro":
        command = [chiaro, "bench", "load", "--json", "--file", path]
    # wait4 gives the peak of this one child.
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    answer = json.loads(child.stdout.read())
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{reader} failed")
    if reader == "Chiaro":
        return {"times_ms": [answer["loaded_ms"]], "peak_mib": usage.ru_maxrss / 1024}
    return answer


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--file", help="a volume of int16 to read instead of the made one")
    parser.add_argument("--chiaro", help="this program takes its turn too")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--reader", choices=READERS, help=argparse.SUPPRESS)
    parser.add_argument("--make", help="only write the volume to this file")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if args.make:
        made_volume(args.make)
        return
    if args.reader:
        read_alone(args.reader, args.file)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = args.file or str(Path(folder) / "volume.nii.gz")
        if not args.file:
            # By another process: a child's peak starts with what its parent holds.
            subprocess.run([sys.executable, __file__, "--make", path], check=True)
        readers = list(READERS) + (["Chiaro"] if args.chiaro else [])
        turns = {reader: [] for reader in readers}
        for _ in range(args.turns):
            for reader in readers:
                turns[reader].append(turn(reader, path, args.chiaro))
    rows = {}
    for reader, of_reader in turns.items():
        times = sorted(ms for one in of_reader for ms in one["times_ms"])
        rows[reader] = {"load_p50_ms": round(percentile(times, 50), 1), "load_p99_ms": round(percentile(times, 99), 1)}
        for key in ("peak_mib", "added_mib"):
            if key in of_reader[0]:
                rows[reader][key] = round(max(one[key] for one in of_reader))
    show(rows, args.json)


if __name__ == "__main__":
    main()
