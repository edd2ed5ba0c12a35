#!/usr/bin/env python3
"""Makes tests/expectations/label_operations.json: what scipy, scikit-image and SimpleITK answer for small masks.

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install -r benches/peers/requirements.txt
    /tmp/peers/bin/python benches/peers/expectations.py    # writes the file anew; the seeds are fixed

`tests/peer_expectations.rs` compares Chiaro's functions with the file. Masks are the hexadecimal digits of one bit per voxel, x fastest,
lowest bit of a byte first. Where peers leave a choice, the file holds this one (`conventions.py` counts what their defaults change):

    components, small    6 neighbours; sizes in the order of the components' first voxels (scikit-image, equal to scipy and SimpleITK)
    holes                voxels outside the mask that no path of 6 neighbours joins to the border (scipy); an axis of a single voxel is
                         left out first, as scipy takes all of a single slice for the border
    holes_in_slices      the same in every slice across x, y and z by itself
    distance             between voxel centres in mm (scipy): outside the mask to the nearest mask voxel, inside it minus that to the nearest
                         voxel outside; what lies beyond the border counts as neither; null is infinite
    dilated, eroded,     by a ball in mm: "at most the radius" from the mask is in the dilated one, "at most the radius" from outside is
    opened               not in the eroded one (scikit-image's isotropic_*); beyond the border nothing is outside
    closed               the same with empty room around the mask, which is cut off again: without it, what is near the border would
                         stay filled; no room along an axis of a single voxel
    median               majority of 3 x 3 x 3, beyond the border the outermost voxels go on (SimpleITK, equal to scipy)
    gaussian             the mask blurred at least one half, cut off after ceil(3 sigma / spacing) voxels, beyond the border the outermost
                         voxels go on (scipy); `undecided` are the voxels within 0.001 of one half
    smooth_jointly       of a map of classes 0 to 3 the one with the largest blurred share; `undecided` where two are within 0.001
"""
import argparse
import json
import math
from importlib.metadata import version
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from scipy import ndimage
from skimage import measure, morphology

FILE = Path(__file__).resolve().parents[2] / "tests" / "expectations" / "label_operations.json"
PEERS = ("scipy", "scikit-image", "SimpleITK")
NEAR_HALF = 1e-3
# Distances this close (as a share) to a radius are equal to it but for rounding.
TIE = 1e-9
# Nearer than this but no tie would make a case that the precision of the program under test decides.
TOO_CLOSE = 1e-5

# Extent (x, y, z), spacing in mm, kind of mask, radius and sigma in mm. Rows of more than 64 voxels cross a machine word, a ball of 20
# voxels is large enough for Chiaro to take distances instead.
CASES = [
    ((9, 8, 7), (1.0, 1.0, 1.0), "noise 0.5", 1.0, 0.8),
    ((9, 8, 7), (1.0, 1.0, 1.0), "noise 0.1", 2.0, 0.6),
    ((9, 8, 7), (0.7, 0.8, 2.5), "noise 0.7", 1.5, 1.0),
    ((9, 8, 7), (0.7, 0.8, 2.5), "blobs 0.5", 1.2, 0.9),
    ((12, 11, 9), (1.0, 1.0, 1.0), "blobs 0.4", 2.0, 1.0),
    ((12, 11, 9), (1.0, 1.0, 3.0), "blobs 0.5", 3.0, 2.0),
    ((12, 11, 9), (0.9, 0.9, 0.9), "blobs 0.6", 1.8, 0.7),
    ((11, 12, 8), (2.0, 0.5, 1.0), "blobs 0.5", 2.0, 1.5),
    ((14, 9, 8), (0.8, 0.8, 0.8), "shell", 2.4, 1.2),
    ((14, 9, 8), (1.2, 1.0, 2.0), "shell", 2.0, 1.0),
    ((13, 10, 9), (1.0, 1.5, 2.5), "speckled ball", 2.6, 1.3),
    ((13, 10, 9), (0.6, 0.6, 0.6), "speckled ball", 1.0, 0.5),
    ((70, 5, 4), (1.0, 1.0, 1.0), "blobs 0.5", 2.0, 1.1),
    ((131, 3, 3), (0.5, 1.0, 1.0), "noise 0.6", 1.5, 0.7),
    ((16, 14, 1), (0.9, 0.9, 3.0), "blobs 0.5", 2.0, 1.2),
    ((16, 14, 1), (1.0, 1.0, 1.0), "noise 0.6", 1.0, 0.9),
    ((1, 13, 11), (1.0, 0.8, 1.6), "blobs 0.5", 1.7, 1.0),
    ((12, 1, 10), (1.0, 1.0, 2.0), "noise 0.7", 2.0, 0.9),
    ((21, 1, 1), (1.0, 1.0, 1.0), "noise 0.6", 1.0, 0.8),
    ((5, 4, 40), (1.0, 1.0, 0.7), "blobs 0.5", 1.5, 1.0),
    ((3, 23, 22), (1.0, 1.0, 1.0), "corner", 20.0, 1.0),
    ((6, 5, 4), (1.0, 2.0, 3.0), "single voxel", 3.0, 1.0),
    ((6, 5, 4), (1.0, 2.0, 3.0), "all but one voxel", 3.0, 1.0),
    ((6, 5, 4), (1.0, 1.0, 1.0), "empty", 1.0, 1.0),
    ((6, 5, 4), (1.0, 1.0, 1.0), "full", 1.0, 1.0),
]


# --- Masks; arrays are indexed [z, y, x] -----------------------------------------------------------------------------


def make_mask(kind, extent, random):
    shape = extent[::-1]
    name, _, share = kind.rpartition(" ")
    if name == "noise":
        return random.random(shape) < float(share)
    if name == "blobs":
        # A little noise on smooth shapes: islands, holes and ragged edges.
        smooth = ndimage.gaussian_filter(random.random(shape), 1.3, mode="reflect")
        mask = smooth > np.quantile(smooth, 1 - float(share))
        return mask ^ (random.random(shape) < 0.04)
    if kind in ("shell", "speckled ball"):
        z, y, x = np.indices(shape)
        radii = [n / 2 - 0.7 for n in shape]
        away = sum(((c - (n - 1) / 2) / r) ** 2 for c, n, r in zip((z, y, x), shape, radii))
        if kind == "shell":
            return (away <= 1) & (away > 0.25)
        return (away <= 1) ^ (random.random(shape) < 0.07)
    if kind == "corner":
        return np.add.reduce(np.indices(shape)) < 3
    mask = np.zeros(shape, dtype=bool)
    mask[tuple(n // 2 for n in shape)] = True
    return {"single voxel": mask, "all but one voxel": ~mask, "empty": mask & ~mask, "full": mask | ~mask}[kind]


def make_classes(extent, random):
    """Patches of the classes 0 to 3 with some noise."""
    shape = extent[::-1]
    smooth = [ndimage.gaussian_filter(random.random(shape), 1.3, mode="reflect") for _ in range(4)]
    noise = random.integers(0, 4, shape)
    return np.where(random.random(shape) < 0.1, noise, np.argmax(smooth, axis=0)).astype(np.uint8)


def to_hex(mask):
    return np.packbits(mask.ravel(), bitorder="little").tobytes().hex()


# --- What the peers answer -------------------------------------------------------------------------------------------


def sitk_image(mask, spacing):
    image = sitk.GetImageFromArray(mask.astype(np.uint8))
    image.SetSpacing(spacing)
    return image


def from_sitk(image):
    return sitk.GetArrayFromImage(image)


def components(mask):
    """Number of every voxel's component and the sizes of all, in the order of their first voxels."""
    numbers, found = measure.label(mask, connectivity=1, return_num=True)
    first = [np.flatnonzero(numbers.ravel() == n)[0] for n in range(1, found + 1)]
    order = np.argsort(first)
    sizes = [int(np.count_nonzero(numbers == n + 1)) for n in order]
    of_scipy = np.bincount(ndimage.label(mask)[0].ravel())[1:]
    of_sitk = np.bincount(from_sitk(sitk.ConnectedComponent(sitk_image(mask, (1.0,) * 3))).ravel())[1:]
    assert sorted(sizes) == sorted(of_scipy) == sorted(of_sitk), "peers disagree about components"
    return sizes


def without_small(mask, smallest):
    return morphology.remove_small_objects(mask, max_size=smallest - 1, connectivity=1)


def holes_filled(mask):
    """Axes of a single voxel have no border."""
    if not any(n > 1 for n in mask.shape):
        return mask
    filled = ndimage.binary_fill_holes(np.squeeze(mask)).reshape(mask.shape)
    if min(mask.shape) > 1:
        of_sitk = from_sitk(sitk.BinaryFillhole(sitk_image(mask, (1.0,) * 3))).astype(bool)
        assert (filled == of_sitk).all(), "peers disagree about holes"
    return filled


def holes_filled_in_slices(mask, axis):
    return np.stack([holes_filled(slice_[None])[0] for slice_ in np.moveaxis(mask, axis, 0)]).transpose(
        np.argsort([axis] + [a for a in range(3) if a != axis])
    )


def distance_to(mask, spacing):
    """scipy's answer to an empty mask means nothing."""
    return ndimage.distance_transform_edt(~mask, sampling=spacing[::-1]) if mask.any() else np.full(mask.shape, np.inf)


def signed_distance(mask, spacing):
    return np.where(mask, -distance_to(~mask, spacing), distance_to(mask, spacing))


def no_close_calls(mask, radius, spacing):
    """Every distance is the radius but for rounding, or clearly not."""
    for to in (mask, ~mask):
        off = np.abs(distance_to(to, spacing) / radius - 1)
        assert ((off < TIE) | (off > TOO_CLOSE)).all(), "choose another radius"


def ball(operation, mask, radius, spacing):
    """A spacing of 0.8 and a radius of 2.4 are three voxels, which rounding must not hide."""
    if not mask.any() or mask.all():
        # Without the other side there are no distances; scikit-image then answers from scipy's meaningless ones.
        return mask
    return operation(mask, radius * (1 + TIE), spacing=spacing[::-1])


def closed(mask, radius, spacing):
    room = [0 if n == 1 else math.ceil(radius / s) + 1 for n, s in zip(mask.shape, spacing[::-1])]
    wide = np.pad(mask, [(r, r) for r in room])
    grown = ball(morphology.isotropic_dilation, wide, radius, spacing)
    shrunk = ball(morphology.isotropic_erosion, grown, radius, spacing)
    return shrunk[tuple(slice(r, n - r) for r, n in zip(room, shrunk.shape))]


def majority(mask, spacing):
    of_sitk = from_sitk(sitk.BinaryMedian(sitk_image(mask, spacing), [1, 1, 1])).astype(bool)
    assert (of_sitk == ndimage.median_filter(mask.astype(np.uint8), size=3, mode="nearest")).all(), "peers disagree about medians"
    return of_sitk


def blurred(mask, sigma, spacing):
    sigmas = [sigma / s for s in spacing[::-1]]
    radius = [math.ceil(3 * s) for s in sigmas]
    return ndimage.gaussian_filter(mask.astype(np.float64), sigmas, mode="nearest", radius=radius)


def joint(classes, sigma, spacing):
    shares = np.stack([blurred(classes == c, sigma, spacing) for c in range(4)])
    lower, upper = np.sort(shares, axis=0)[-2:]
    return np.argmax(shares, axis=0), upper - lower < NEAR_HALF


def expectation(number, extent, spacing, kind, radius, sigma):
    random = np.random.default_rng(1000 + number)
    mask = make_mask(kind, extent, random)
    classes = make_classes(extent, random)
    no_close_calls(mask, radius, spacing)
    sizes = components(mask)
    smallest = sorted(sizes)[len(sizes) // 2] + 1 if sizes else 2
    share = blurred(mask, sigma, spacing)
    smooth, undecided = joint(classes, sigma, spacing)
    distances = np.round(signed_distance(mask, spacing), 5).ravel().tolist()
    opened = ball(morphology.isotropic_erosion, mask, radius, spacing)
    opened = ball(morphology.isotropic_dilation, opened, radius, spacing)
    return {
        "name": f"{number}: {kind}, {extent[0]}x{extent[1]}x{extent[2]} voxels",
        "extent": extent,
        "spacing_mm": spacing,
        "mask": to_hex(mask),
        "component_sizes": sizes,
        "smallest_voxels": smallest,
        "without_small": to_hex(without_small(mask, smallest)),
        "holes": to_hex(holes_filled(mask)),
        "holes_in_slices": [to_hex(holes_filled_in_slices(mask, axis)) for axis in (2, 1, 0)],
        "distance_mm": [None if math.isinf(d) else d for d in distances],
        "radius_mm": radius,
        "dilated": to_hex(ball(morphology.isotropic_dilation, mask, radius, spacing)),
        "eroded": to_hex(ball(morphology.isotropic_erosion, mask, radius, spacing)),
        "opened": to_hex(opened),
        "closed": to_hex(closed(mask, radius, spacing)),
        "median": to_hex(majority(mask, spacing)),
        "sigma_mm": sigma,
        "gaussian": {"mask": to_hex(share >= 0.5), "undecided": to_hex(np.abs(share - 0.5) < NEAR_HALF)},
        "classes": "".join(map(str, classes.ravel())),
        "smooth_jointly": {"classes": "".join(map(str, smooth.ravel())), "undecided": to_hex(undecided)},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=FILE)
    args = parser.parse_args()
    cases = [json.dumps(expectation(number, *case)) for number, case in enumerate(CASES)]
    made_by = json.dumps({peer: version(peer) for peer in PEERS})
    args.out.write_text('{"made_by": ' + made_by + ', "cases": [\n' + ",\n".join(cases) + "\n]}\n")


if __name__ == "__main__":
    main()
