"""Networks whose weights, and batches whose values, come from a formula that the tests compute too
(tests/support/method_support.h), so that golden files stay small."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def hash_values(count, name):
    """Uniform numbers on [-1, 1), exact in float32: see hash_fill."""
    seed = 0
    for letter in name.encode():
        seed = (seed * 31 + letter) & 0xFFFFFFFF
    x = (np.arange(count, dtype=np.uint64) * 2654435761 + seed).astype(np.uint32)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B), (16, 1)):
        x = ((x ^ (x >> np.uint32(shift))).astype(np.uint64) * factor).astype(np.uint32)
    return torch.from_numpy((x >> np.uint32(8)).astype(np.float64) * 2.0**-23 - 1.0)


def set_weights(module):
    with torch.no_grad():
        for name, tensor in module.named_parameters():
            values = hash_values(tensor.numel(), name).reshape(tensor.shape)
            if tensor.dim() == 1:  # norms and biases
                norm = name.endswith("weight")
                tensor.copy_(values * 0.25 + (1.0 if norm else 0.0))
            else:
                tensor.copy_(values * np.sqrt(3.0 / (tensor.numel() / tensor.shape[0])))


class Block(nn.Module):
    def __init__(self, inside, outside, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outside)
        self.conv2 = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outside)
        self.downsample = None
        if stride != 1 or inside != outside:
            self.downsample = nn.Sequential(nn.Conv2d(inside, outside, 1, stride, bias=False),
                                            nn.BatchNorm2d(outside))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet18(nn.Module):
    """CIFAR stem, under torchvision's names. tops: modules on the pooled features, by name, each made from their
    number; forward gives the outputs in that order (of a single top: its output)."""

    def __init__(self, width, tops):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        inside = width
        for layer in range(4):
            outside = width << layer
            setattr(self, f"layer{layer + 1}", nn.Sequential(Block(inside, outside, 2 if layer else 1),
                                                             Block(outside, outside, 1)))
            inside = outside
        for name, make in tops.items():
            setattr(self, name, make(inside))
        self.tops = list(tops)

    def set_norm_momentum(self, steps):
        """Floored to a schedule of so many steps."""
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = max(0.1, min(1.0, 10.0 / steps))

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        for layer in range(4):
            x = getattr(self, f"layer{layer + 1}")(x)
        features = x.mean((2, 3))
        outputs = [getattr(self, name)(features) for name in self.tops]
        return outputs[0] if len(outputs) == 1 else outputs


def mlp(outputs):
    return lambda inside: nn.Sequential(nn.Linear(inside, inside), nn.ReLU(), nn.Linear(inside, outputs))


def linear(outputs):
    return lambda inside: nn.Sequential(nn.Linear(inside, outputs))


def pictures(count, side, name):
    """NHWC on the other side."""
    return (hash_values(count * side * side * 3, name) * 1.5).reshape(count, side, side, 3).permute(0, 3, 1, 2)
