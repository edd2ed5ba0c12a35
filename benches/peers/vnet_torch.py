#!/usr/bin/env python3
"""The peer of `chiaro bench train` and `chiaro bench conv` in PyTorch: the same V-Net, batch and optimiser, the same keys.

One step is forward, Dice loss, backward and Adam on one InstanceNorm V-Net (UA-MT / MC-Net form, additive skips).
`--conv` times the single 3x3x3 convolutions instead.
"""
import argparse
import json
import resource
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F

CONVS_PER_LEVEL = [1, 2, 3, 3, 3]


def normed(conv, channels):
    return nn.Sequential(conv, nn.InstanceNorm3d(channels, affine=True), nn.ReLU(inplace=True))


def stage(channels_in, channels, count):
    convs = [normed(nn.Conv3d(channels_in if i == 0 else channels, channels, 3, padding=1), channels) for i in range(count)]
    return nn.Sequential(*convs)


class VNet(nn.Module):
    def __init__(self, classes, base, levels):
        super().__init__()
        width = [base << level for level in range(levels)]
        self.encoder = nn.ModuleList(
            stage(1 if l == 0 else width[l], width[l], CONVS_PER_LEVEL[l]) for l in range(levels)
        )
        self.downs = nn.ModuleList(
            normed(nn.Conv3d(width[l], width[l + 1], 2, stride=2), width[l + 1]) for l in range(levels - 1)
        )
        self.ups = nn.ModuleList(
            normed(nn.ConvTranspose3d(width[l + 1], width[l], 2, stride=2), width[l]) for l in range(levels - 1)
        )
        self.decoder = nn.ModuleList(stage(width[l], width[l], CONVS_PER_LEVEL[l]) for l in range(levels - 1))
        self.head = nn.Conv3d(base, classes, 1)

    def forward(self, x):
        skips = []
        for level, block in enumerate(self.encoder):
            x = block(x)
            if level < len(self.downs):
                skips.append(x)
                x = self.downs[level](x)
        for level in reversed(range(len(self.ups))):
            x = self.ups[level](x) + skips.pop()
            x = self.decoder[level](x)
        return self.head(x)


def dice_loss(logits, target):
    p = logits.softmax(1)
    axes = (0, 2, 3, 4)
    intersection = (p * target).sum(axes)
    size = (p * p).sum(axes) + target.sum(axes)
    return 1 - ((2 * intersection + 1e-5) / (size + 1e-5)).mean()


def synchronise(device):
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def timed(device, runs, step):
    times = []
    for _ in range(runs):
        synchronise(device)
        begin = time.perf_counter()
        step()
        synchronise(device)
        times.append((time.perf_counter() - begin) * 1e3)
    return times


def bench_step(args, device):
    torch.manual_seed(1)
    net = VNet(args.classes, args.base, args.levels).to(device)
    image = torch.randn(args.batch, 1, *[args.patch] * 3, device=device)
    target = F.one_hot(torch.randint(args.classes, (args.batch, *[args.patch] * 3), device=device), args.classes)
    target = target.permute(0, 4, 1, 2, 3).float().contiguous()
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)

    def step():
        optimiser.zero_grad(set_to_none=True)
        dice_loss(net(image), target).backward()
        optimiser.step()

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(2):
        step()
    times = timed(device, args.steps, step)
    if device.type == "cuda":
        peak = torch.cuda.max_memory_allocated(device) / 2**20
    else:
        peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return {
        "peer": f"PyTorch {torch.__version__}",
        "ms_per_step": {"median": statistics.median(times), "min": min(times), "max": max(times)},
        "peak_mib": peak,
        "loader_wait_share": 0.0,
    }


def bench_conv(args, device):
    rows = {}
    for patch, base, levels in [((80, 112, 112), 16, 5), ((96, 96, 96), 16, 5), ((48, 48, 48), 16, 4), ((32, 32, 32), 8, 4)]:
        for level in range(levels):
            channels, size = base << level, [edge >> level for edge in patch]
            x = torch.randn(1, channels, *size, device=device, requires_grad=True)
            weight = torch.randn(channels, channels, 3, 3, 3, device=device, requires_grad=True)
            gradient = torch.randn(1, channels, *size, device=device)
            flop = 2.0 * 27 * channels * channels * size[0] * size[1] * size[2]

            def forward():
                with torch.no_grad():
                    F.conv3d(x, weight, padding=1)

            def backward(mask):
                torch.ops.aten.convolution_backward(
                    gradient, x.detach(), weight.detach(), None, [1] * 3, [1] * 3, [1] * 3, False, [0] * 3, 1, mask
                )

            kinds = {
                "forward": forward,
                "data_gradient": lambda: backward([True, False, False]),
                "weight_gradient": lambda: backward([False, True, False]),
            }
            row = {}
            for kind, run in kinds.items():
                run()
                ms = statistics.median(timed(device, args.steps, run))
                row[kind] = {"ms": ms, "gflops": flop / ms / 1e6}
            rows["{}->{} {}x{}x{}".format(channels, channels, *size)] = row
    return {"peer": f"PyTorch {torch.__version__}", "layers": rows}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=int, default=16)
    parser.add_argument("--levels", type=int, default=4)
    parser.add_argument("--patch", type=int, default=48)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--classes", type=int, default=2)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--conv", action="store_true")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    # Full float32 on a GPU too: no TF32.
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    device = torch.device(args.device)
    print(json.dumps(bench_conv(args, device) if args.conv else bench_step(args, device), indent=2))


if __name__ == "__main__":
    main()
