#!/usr/bin/env python3
"""The peer of `chiaro bench labels`: SimpleITK's filters on the same label map of 512 x 512 x 200 voxels of 1 mm, the same keys.

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install -r benches/peers/requirements.txt
    /tmp/peers/bin/python benches/peers/label_ops.py --json

Two masks: `organ` is class 8, in the middle of the grid; `all` is every class, with islands and specks in the whole grid. Each row says
how long the operation took and how much it gave (`count`: components, or voxels of the resulting mask), so that results can be compared:

    components       equal by definition (6 neighbours)
    fill_holes       equal by definition (6 neighbours outside the mask)
    median           equal by definition (3 x 3 x 3, edges repeated)
    margin           SimpleITK's ball of radius 3 is a little rounder than "at most 3 mm": its row may hold other voxels
    margin_by_distance  the same margin as the threshold of a distance map: equal by definition
    closing          by SimpleITK's ball, so as `margin`; far from the border the same rule
    signed_distance  inside the mask SimpleITK measures to the mask's own outermost voxels, Chiaro to the nearest voxel outside

The label map is integer arithmetic alone, so that any language makes the same voxels. `hash` is 32-bit with wrapping:

    hash(i):   h = (i + 1) * 2654435761;  h ^= h << 13;  h ^= h >> 17;  h ^= h << 5
    1. A voxel belongs to the last ellipsoid of the list below that holds it: with radii a, b, c and offsets dx, dy, dz from the centre
       (dx b c)^2 + (dy a c)^2 + (dz a b)^2 <= (a b c)^2. Its class is the number of the ellipsoid, from 1; 0 outside all.
    2. Islands: let h = hash(x / 4 + 128 (y / 4 + 128 (z / 3))) with whole-number division. Where the class is 0 and h % 211 = 0, it is
       1 + h / 211 % 4.
    3. Specks: let h = hash(2^26 + x + 512 (y + 512 z)). Where h % 4096 = 0, class 0 becomes 1 + h / 4096 % 4 and any other class 0.
"""
import argparse

import numpy as np
import SimpleITK as sitk

from timing import show, summary, times_ms

SIZE = (512, 512, 200)
# Centre and radii along x, y, z.
ELLIPSOIDS = [
    ((150, 180, 70), (90, 70, 50)),
    ((340, 170, 60), (80, 60, 45)),
    ((250, 330, 120), (120, 90, 60)),
    ((400, 360, 150), (60, 70, 40)),
    ((110, 380, 140), (50, 60, 35)),
    ((256, 120, 160), (70, 40, 30)),
    ((420, 250, 40), (40, 50, 30)),
    ((256, 256, 100), (60, 50, 40)),
]
ORGAN = 8
MARGIN_MM = 3.0


def hashed(i):
    h = (i + np.uint32(1)) * np.uint32(2654435761)
    h ^= h << np.uint32(13)
    h ^= h >> np.uint32(17)
    return h ^ (h << np.uint32(5))


def label_slice(z):
    """Classes of one slice, by y and x."""
    nx, ny, _ = SIZE
    x, y = np.arange(nx, dtype=np.int64), np.arange(ny, dtype=np.int64)[:, None]
    classes = np.zeros((ny, nx), dtype=np.uint8)
    for number, (centre, (a, b, c)) in enumerate(ELLIPSOIDS, 1):
        dx, dy, dz = x - centre[0], y - centre[1], z - centre[2]
        classes[(dx * b * c) ** 2 + (dy * a * c) ** 2 + (dz * a * b) ** 2 <= (a * b * c) ** 2] = number
    h = hashed((x // 4 + 128 * (y // 4 + 128 * (z // 3))).astype(np.uint32))
    classes = np.where((classes == 0) & (h % 211 == 0), 1 + h // 211 % 4, classes)
    h = hashed((2**26 + x + nx * (y + ny * z)).astype(np.uint32))
    return np.where(h % 4096 == 0, np.where(classes == 0, 1 + h // 4096 % 4, 0), classes).astype(np.uint8)


def count(image):
    return int(np.count_nonzero(sitk.GetArrayViewFromImage(image)))


def operations(mask):
    """By name the call that is timed and what tells its result."""
    radius = [round(MARGIN_MM)] * 3
    distance = lambda: sitk.SignedMaurerDistanceMap(mask, squaredDistance=False, useImageSpacing=True)
    inside = lambda image: int(np.count_nonzero(sitk.GetArrayViewFromImage(image) <= 0))
    return {
        "components": (lambda: sitk.ConnectedComponent(mask), lambda i: int(sitk.GetArrayViewFromImage(i).max())),
        "fill_holes": (lambda: sitk.BinaryFillhole(mask), count),
        "median": (lambda: sitk.BinaryMedian(mask, [1, 1, 1]), count),
        "margin": (lambda: sitk.BinaryDilate(mask, radius, sitk.sitkBall), count),
        "margin_by_distance": (lambda: sitk.BinaryThreshold(distance(), -1e9, MARGIN_MM), count),
        "closing": (lambda: sitk.BinaryMorphologicalClosing(mask, radius, sitk.sitkBall), count),
        "signed_distance": (distance, inside),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2, help="times of each operation")
    parser.add_argument("--only", help="one operation by name")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    classes = sitk.GetImageFromArray(np.stack([label_slice(z) for z in range(SIZE[2])]))
    masks = {"organ": classes == ORGAN, "all": classes != 0}
    rows = {}
    for mask_name, mask in masks.items():
        rows[f"{mask_name}: mask"] = {"count": count(mask)}
        for name, (work, tell) in operations(mask).items():
            if args.only in (None, name):
                results = [None]

                def once():
                    results[0] = work()

                rows[f"{mask_name}: {name}"] = summary(times_ms(args.runs, once)) | {"count": tell(results[0])}
    show(rows, args.json)


if __name__ == "__main__":
    main()
