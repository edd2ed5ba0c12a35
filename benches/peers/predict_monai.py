#!/usr/bin/env python3
"""The peer of `chiaro bench predict`: MONAI's `sliding_window_inference` with the same network, windows and weights."""
import argparse
import json
import statistics

import torch
from monai.inferers import sliding_window_inference

from vnet_torch import VNet, timed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=int, default=8)
    parser.add_argument("--levels", type=int, default=4)
    parser.add_argument("--patch", type=int, nargs=3, default=[40, 32, 32], metavar=("X", "Y", "Z"))
    parser.add_argument("--volume", type=int, nargs=3, default=[64, 64, 64], metavar=("X", "Y", "Z"))
    parser.add_argument("--classes", type=int, default=3)
    parser.add_argument("--windows", type=int, default=2, help="windows per network pass")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    device = torch.device(args.device)
    torch.manual_seed(1)
    # Two networks, as everywhere in Chiaro; their softmax is averaged.
    networks = [VNet(args.classes, args.base, args.levels).to(device).eval() for _ in range(2)]
    image = torch.randn(1, 1, *reversed(args.volume), device=device)

    def mean_probability(x):
        return sum(net(x).softmax(1) for net in networks) / 2

    @torch.no_grad()
    def predict():
        window = tuple(reversed(args.patch))
        p = sliding_window_inference(image, window, args.windows, mean_probability, overlap=0.5, mode="gaussian")
        return p.argmax(1).to(torch.uint8).cpu()

    predict()
    ms = statistics.median(timed(device, args.runs, predict))
    voxels = args.volume[0] * args.volume[1] * args.volume[2]
    print(json.dumps({"peer": "MONAI sliding_window_inference", "predict_case_p50_ms": ms, "ms_per_megavoxel": ms / voxels * 1e6}))


if __name__ == "__main__":
    main()
