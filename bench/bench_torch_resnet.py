#!/usr/bin/python3
"""ResNet-18 in PyTorch and in spica, alternating in one run, so that a machine shared with others is fair to both.

    bench_torch_resnet.py NET_SPEED [--width 64] [--batch 128] [--side 32] [--channels 3] [--stem cifar|small]
                          [--threads 2] [--rounds 5]

NET_SPEED is the program built from bench/net_speed.c. train: forward with batch statistics, backward and an
SGD-momentum update with Linear(D,128) on top; infer: forward with running statistics under inference_mode. PyTorch is
measured in both memory formats and counted with the faster one. Prints seconds and the ratio: of medians and minima of
wall time, and of processor time, which on a busy machine is the steadier measure when OMP_WAIT_POLICY=passive.
"""
import argparse
import statistics
import subprocess
import time

import torch
from torchvision.models.resnet import BasicBlock, ResNet


def make_model(width, channels, stem):
    model = ResNet(BasicBlock, [2, 2, 2, 2])
    model.inplanes = width
    model.conv1 = torch.nn.Conv2d(channels, width, 3, 2 if stem == "small" else 1, 1, bias=False)
    model.bn1 = torch.nn.BatchNorm2d(width)
    model.maxpool = torch.nn.Identity()
    for i in range(4):
        layer = model._make_layer(BasicBlock, width << i, 2, stride=1 if i == 0 else 2)
        setattr(model, f"layer{i + 1}", layer)
    model.fc = torch.nn.Linear(width * 8, 128)
    return model


class Torch:
    def __init__(self, options, memory_format):
        self.model = make_model(options.width, options.channels, options.stem).to(memory_format=memory_format)
        self.input = torch.randn(options.batch, options.channels, options.side, options.side)
        self.input = self.input.to(memory_format=memory_format)
        self.gradient = torch.randn(options.batch, 128) * 1e-3
        self.optimiser = torch.optim.SGD(self.model.parameters(), 1e-4, momentum=0.9, weight_decay=1e-4)

    def train(self):
        self.model.train()
        self.optimiser.zero_grad(set_to_none=True)
        self.model(self.input).backward(self.gradient)
        self.optimiser.step()

    def infer(self):
        self.model.eval()
        with torch.inference_mode():
            self.model(self.input)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("net_speed")
    for name, value in (("width", 64), ("batch", 128), ("side", 32), ("channels", 3), ("threads", 2), ("rounds", 5)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--stem", default="cifar")
    parser.add_argument("--what", default="train,infer")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    words = [options.width, options.batch, options.side, options.channels, options.stem, options.threads,
             options.steps]
    ours = subprocess.Popen([options.net_speed, *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            text=True)
    peers = {"plain": Torch(options, torch.contiguous_format), "channels_last": Torch(options, torch.channels_last)}

    def run_ours(what):
        ours.stdin.write(what + "\n")
        ours.stdin.flush()
        return [float(word) for word in ours.stdout.readline().split()]

    def run_peer(peer, what):
        start, processor = time.perf_counter(), time.process_time()
        for _ in range(options.steps):
            getattr(peer, what)()
        now = time.perf_counter(), time.process_time()
        return [(now[0] - start) / options.steps, (now[1] - processor) / options.steps]

    for what in options.what.split(","):
        times = {name: [] for name in ("spica", *peers)}
        for round_ in range(options.rounds + 1):
            for name in times:
                seconds = run_ours(what) if name == "spica" else run_peer(peers[name], what)
                if round_ > 0:
                    times[name].append(seconds)
        for kind, place, reduce in (("median wall", 0, statistics.median), ("min wall", 0, min),
                                    ("median processor", 1, statistics.median), ("min processor", 1, min)):
            values = {name: reduce([pair[place] for pair in t]) for name, t in times.items()}
            best = min(values[name] for name in peers)
            text = ", ".join(f"{name} {value * 1e3:.2f} ms" for name, value in values.items())
            print(f"{what} w{options.width} {options.side}x{options.side} b{options.batch} t{options.threads} {kind}: "
                  f"{text}; ratio {best / values['spica']:.3f}", flush=True)
    ours.stdin.close()
    ours.wait()


if __name__ == "__main__":
    main()
