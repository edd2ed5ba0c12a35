#!/usr/bin/env python3
"""How far the peers' own defaults are from tests/expectations/label_operations.json, in voxels over all its masks.

    /tmp/peers/bin/python benches/peers/conventions.py
"""
import argparse
import math

import numpy as np
import SimpleITK as sitk
from scipy import ndimage
from skimage import morphology

from expectations import CASES, TIE, ball, blurred, closed, components, from_sitk, holes_filled, make_mask, signed_distance, sitk_image


def defaults(mask, radius, sigma, spacing):
    """What the peers answer when called as most people do: name, answer, and the answer that the file holds."""
    image = sitk_image(mask, spacing)
    voxels = [max(round(radius / s), 0) for s in spacing]
    as_mask = lambda i: from_sitk(i).astype(bool)
    maurer = from_sitk(sitk.SignedMaurerDistanceMap(image, squaredDistance=False, useImageSpacing=True))
    distance = signed_distance(mask, spacing)
    dilated = ball(morphology.isotropic_dilation, mask, radius, spacing)
    eroded = ball(morphology.isotropic_erosion, mask, radius, spacing)
    closing = closed(mask, radius, spacing)
    sigmas = [sigma / s for s in spacing[::-1]]
    blur = ndimage.gaussian_filter(mask.astype(float), sigmas)
    itk_blur = from_sitk(sitk.DiscreteGaussian(sitk_image(mask * 100, spacing), sigma**2)) / 100
    ours_blur = blurred(mask, sigma, spacing) >= 0.5
    numbers_26 = ndimage.label(mask, np.ones((3, 3, 3)))[1]
    return [
        ("dilation, SimpleITK BinaryDilate, sitkBall", as_mask(sitk.BinaryDilate(image, voxels, sitk.sitkBall)), dilated),
        ("erosion, SimpleITK BinaryErode, sitkBall", as_mask(sitk.BinaryErode(image, voxels, sitk.sitkBall)), eroded),
        ("erosion, scipy binary_erosion, spheres, border_value=0", scipy_erosion(mask, radius, spacing), eroded),
        ("closing, SimpleITK, sitkBall, safe border", as_mask(sitk.BinaryMorphologicalClosing(image, voxels, sitk.sitkBall)), closing),
        ("closing, scikit-image isotropic_closing", morphology.isotropic_closing(mask, radius, spacing=spacing[::-1]), closing),
        ("holes, scipy binary_fill_holes", ndimage.binary_fill_holes(mask), holes_filled(mask)),
        ("holes, SimpleITK BinaryFillhole", as_mask(sitk.BinaryFillhole(image)), holes_filled(mask)),
        ("signed distance > 0, SimpleITK Maurer", maurer > 0, distance > 0),
        ("signed distance to 1e-4, SimpleITK Maurer, outside", ~mask & (np.abs(maurer - distance) > 1e-4), mask & ~mask),
        ("signed distance to 1e-4, SimpleITK Maurer, inside", mask & (np.abs(maurer - distance) > 1e-4), mask & ~mask),
        ("gaussian, scipy, 4 sigma, reflect", blur >= 0.5, ours_blur),
        ("gaussian, SimpleITK DiscreteGaussian", itk_blur >= 0.5, ours_blur),
        ("components, 26 neighbours (count)", np.array([numbers_26]), np.array([len(components(mask))])),
    ]


def scipy_erosion(mask, radius, spacing):
    reach = [math.floor(radius / s) for s in spacing[::-1]]
    grid = np.ogrid[tuple(slice(-r, r + 1) for r in reach)]
    sphere = sum((g * s) ** 2 for g, s in zip(grid, spacing[::-1])) <= (radius * (1 + TIE)) ** 2
    return ndimage.binary_erosion(mask, sphere)


def main():
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    totals = {}
    for number, (extent, spacing, kind, radius, sigma) in enumerate(CASES):
        mask = make_mask(kind, extent, np.random.default_rng(1000 + number))
        if mask.all() or not mask.any():
            continue
        for name, answer, ours in defaults(mask, radius, sigma, spacing):
            differing, cases, voxels = totals.get(name, (0, 0, 0))
            different = int(np.count_nonzero(answer != ours))
            totals[name] = (differing + different, cases + (different > 0), voxels + mask.size)
    print(f"{'a peer as most people call it':<56} differing voxels, cases")
    for name, (differing, cases, voxels) in totals.items():
        print(f"{name:<56} {differing} of {voxels}, {cases}")


if __name__ == "__main__":
    main()
