#!/usr/bin/env python3
"""The peer of `chiaro bench paint`: napari's `Labels.paint` on 512^3 voxels of uint8, undo history included, nothing redrawn.

Each row is one brush (diameter in voxels) stamped at 200 points 6 voxels apart on a circle in the middle slice, as a quick hand
moves between two pictures; the label changes on the way, so that a path crossing itself still has something to write. Times are
milliseconds per stamp; Chiaro stamps the same brushes at the same points and gives microseconds.

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install -r benches/peers/requirements.txt
    /tmp/peers/bin/python benches/peers/paint_napari.py --json
"""
import argparse
import math
import time

import numpy as np
from napari.layers import Labels

from timing import percentile, show

POINTS = 200
STEP_VOXELS = 6.0
# napari's brushes are an odd number of voxels wide.
BRUSHES = [("ball", 41), ("disc", 81), ("ball", 31), ("disc", 31)]


def path(edge, step):
    """A circle in the middle slice, walked at constant speed; (z, y, x)."""
    radius = 0.3 * edge
    angle = step * STEP_VOXELS / radius
    return (edge // 2, edge / 2 + radius * math.sin(angle), edge / 2 + radius * math.cos(angle))


def measure(edge, shape, diameter):
    layer = Labels(np.zeros((edge,) * 3, dtype=np.uint8))
    layer.n_edit_dimensions = 3 if shape == "ball" else 2
    layer.brush_size = diameter
    times = []
    for step in range(POINTS):
        at, label = path(edge, step), 1 if step % 50 < 25 else 2
        begin = time.perf_counter()
        layer.paint(at, label, refresh=False)
        times.append((time.perf_counter() - begin) * 1e3)
    times.sort()
    painted = int(np.count_nonzero(layer.data))
    return {"p50_ms": round(percentile(times, 50), 4), "p99_ms": round(percentile(times, 99), 4), "painted_voxels": painted}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edge", type=int, default=512, help="voxels along each axis")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    show({f"{shape} {diameter}": measure(args.edge, shape, diameter) for shape, diameter in BRUSHES}, args.json)


if __name__ == "__main__":
    main()
