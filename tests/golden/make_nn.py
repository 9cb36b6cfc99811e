"""Golden values for tests/nn, from PyTorch in float64.

    /usr/bin/python3 make_nn.py              writes tests/golden/nn/
    /usr/bin/python3 make_nn.py read FILE    lists a .safetensors file, by a reader that shares no code with ours

Weights and inputs come from a formula (`noise` here, tests/nn/formula.h there), so that the files hold results only.
"""
import json
import math
import os
import struct
import sys

import numpy as np
import torch
import torch.nn.functional as F
import torchvision

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "nn")


def noise(name, count):
    """count numbers on [-1, 1), multiples of 2^-23, by hashing the name (FNV-1a) and the index (murmur3's finaliser)."""
    seed = 2166136261
    for byte in name.encode():
        seed = (seed ^ byte) * 16777619 % 2**32
    h = (np.arange(count, dtype=np.uint64) * 2654435761 + seed) % 2**32
    h = ((h ^ (h >> 16)) * 0x85EBCA6B) % 2**32
    h = ((h ^ (h >> 13)) * 0xC2B2AE35) % 2**32
    h = h ^ (h >> 16)
    return (h >> 8).astype(np.float64) / 2**23 - 1.0


def tensor(name, *shape):
    return torch.from_numpy(noise(name, math.prod(shape)).reshape(shape))


def save(name, array):
    np.save(f"{FOLDER}/{name}.npy", array)


# ---- losses: gradient, then the loss as the last element ----

def save_loss(name, loss, wanted):
    (gradient,) = torch.autograd.grad(loss, wanted)
    save(name, np.append(gradient.numpy().ravel(), loss.item()))


def make_losses():
    rows, columns = 12, 7
    logits = (6 * tensor("losses.logits", rows, columns)).requires_grad_()
    labels = torch.arange(rows) * 5 % columns
    save_loss("loss_plain", F.cross_entropy(logits, labels), logits)
    save_loss("loss_temperature", F.cross_entropy(logits / 0.2, labels), logits)
    save_loss("loss_double", F.cross_entropy(torch.softmax(logits, 1), labels), logits)
    weights = tensor("losses.weights", rows).abs()
    kept = (torch.arange(rows) % 4 != 1).double()
    each = F.cross_entropy(torch.softmax(logits, 1), labels, reduction="none")
    save_loss("loss_weighted", (each * weights * kept).sum() / 9, logits)
    mean = torch.softmax(logits, 1).mean(0)
    save_loss("loss_entropy", (mean * mean.log()).sum(), logits)

    rows, negatives, dim = 9, 700, 20
    raw = tensor("nce.query", rows, dim).requires_grad_()
    query = F.normalize(raw)
    key = F.normalize(tensor("nce.query", rows, dim) + tensor("nce.key", rows, dim))
    queue = F.normalize(tensor("nce.queue", negatives, dim))
    logits = torch.cat([(query * key).sum(1, keepdim=True), query @ queue.t()], 1) / 0.2
    loss = F.cross_entropy(logits, torch.zeros(rows, dtype=torch.long))
    (at_query,) = torch.autograd.grad(loss, query, retain_graph=True)
    save("nce_query", np.append(at_query.numpy().ravel(), loss.item()))
    save_loss("nce_raw", loss, raw)
    save("nce_correct", np.float64((logits.argmax(1) == 0).double().mean()))


# ---- optimisers: a convolution, its norm, a linear layer; 6 steps ----

def make_optimisers():
    names = {"conv1.weight": (6, 3, 3, 3), "bn1.weight": (6,), "bn1.bias": (6,), "fc.weight": (4, 6), "fc.bias": (4,)}
    cases = {
        "sgd": lambda groups: torch.optim.SGD(groups, lr=0.1, momentum=0.9),
        "nesterov": lambda groups: torch.optim.SGD(groups, lr=0.1, momentum=0.9, nesterov=True),
        "plain": lambda groups: torch.optim.SGD(groups, lr=0.1),
        "adam": lambda groups: torch.optim.Adam(groups, lr=0.005),
    }
    for case, open_optimiser in cases.items():
        for rule in ("all", "but_norms"):
            params = {n: torch.nn.Parameter(tensor("optimiser." + n, *s)) for n, s in names.items()}
            decayed = [p for n, p in params.items() if rule == "all" or "bn" not in n]
            spared = [p for n, p in params.items() if not (rule == "all" or "bn" not in n)]
            groups = [{"params": decayed, "weight_decay": 0.02}]
            if spared:
                groups.append({"params": spared, "weight_decay": 0.0})
            optimiser = open_optimiser(groups)
            for step in range(6):
                for group in optimiser.param_groups:
                    group["lr"] *= 0.9
                for n, p in params.items():
                    p.grad = tensor(f"gradient.{step}." + n, *p.shape)
                optimiser.step()
            save(f"optimiser_{case}_{rule}", np.concatenate([p.detach().numpy().ravel() for p in params.values()]))


# ---- networks ----

class WideBlock(torch.nn.Module):
    def __init__(self, inputs, outputs, stride, first):
        super().__init__()
        self.bn1 = torch.nn.BatchNorm2d(inputs, momentum=0.001)
        self.conv1 = torch.nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn2 = torch.nn.BatchNorm2d(outputs, momentum=0.001)
        self.conv2 = torch.nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.first = first
        if inputs != outputs or stride != 1:
            self.convShortcut = torch.nn.Conv2d(inputs, outputs, 1, stride, bias=False)

    def forward(self, x):
        active = F.leaky_relu(self.bn1(x), 0.1)
        out = self.conv2(F.leaky_relu(self.bn2(self.conv1(active)), 0.1))
        if hasattr(self, "convShortcut"):
            x = self.convShortcut(active if self.first else x)
        return x + out


class WideGroup(torch.nn.Module):
    def __init__(self, blocks):
        super().__init__()
        self.layer = torch.nn.Sequential(*blocks)


class WideResNet(torch.nn.Module):
    def __init__(self, strides, blocks, widen, channels):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(channels, 16, 3, 1, 1, bias=False)
        self.groups, inputs = len(strides), 16
        for g, stride in enumerate(strides):
            outputs, made = 16 * widen << g, []
            for i in range(blocks):
                made.append(WideBlock(inputs, outputs, stride if i == 0 else 1, g == 0 and i == 0))
                inputs = outputs
            setattr(self, f"block{g + 1}", WideGroup(made))
        self.bn1 = torch.nn.BatchNorm2d(inputs, momentum=0.001)
        self.features = inputs

    def map(self, x):
        x = self.conv1(x)
        for g in range(self.groups):
            x = getattr(self, f"block{g + 1}").layer(x)
        return F.leaky_relu(self.bn1(x), 0.1)


class ResNet(torchvision.models.ResNet):
    def __init__(self, depth, stem, width, channels):
        block = torchvision.models.resnet.Bottleneck if depth == 50 else torchvision.models.resnet.BasicBlock
        torch.nn.Module.__init__(self)
        self._norm_layer, self.groups, self.base_width, self.dilation = torch.nn.BatchNorm2d, 1, 64, 1
        # Bottleneck.width = planes * base_width / 64, so widths other than 64 need no more than their planes.
        self.inplanes = width
        kernel, stride = {"imagenet": (7, 2), "stl": (3, 1), "cifar": (3, 1), "small": (3, 2)}[stem]
        self.conv1 = torch.nn.Conv2d(channels, width, kernel, stride, kernel // 2, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(width)
        self.pool = {"imagenet": torch.nn.MaxPool2d(3, 2, 1), "stl": torch.nn.MaxPool2d(2, 2, 1)}.get(stem)
        for layer, count in enumerate([2, 2, 2, 2] if depth == 18 else [3, 4, 6, 3]):
            made = self._make_layer(block, width << layer, count, stride=1 if layer == 0 else 2)
            setattr(self, f"layer{layer + 1}", made)
        self.features = self.inplanes

    def map(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        if self.pool is not None:
            x = self.pool(x)
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))


class WithHead(torch.nn.Module):
    """The backbone's tensors under their own names, the head's under head.0 and head.2."""

    def __init__(self, backbone, clusters):
        super().__init__()
        self.backbone, d = backbone, backbone.features
        self.head = torch.nn.Sequential(torch.nn.Linear(d, d), torch.nn.ReLU(), torch.nn.Linear(d, clusters))

    def forward(self, x):
        self.last_map = self.backbone.map(x)
        self.last_features = self.last_map.mean((2, 3))
        return self.head(self.last_features)


def plain(name):
    return name[len("backbone."):] if name.startswith("backbone.") else name


def fill(model):
    """The formula of tests/nn/formula.h."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            value, fan = tensor(plain(name), *p.shape), math.prod(p.shape[1:])
            if p.dim() == 4:
                value *= math.sqrt(6.0 / fan)
            elif p.dim() == 2:
                value *= 1.0 / math.sqrt(fan)
            elif "bias" in name:
                value *= 0.1
            else:
                value = 1.0 + 0.25 * value
            p.copy_(value.float())
        for name, b in model.named_buffers():
            if name.endswith("running_mean"):
                b.copy_((0.1 * tensor(plain(name), *b.shape)).float())
            elif name.endswith("running_var"):
                b.copy_((1.0 + 0.5 * tensor(plain(name), *b.shape)).float())


def summary(name, values):
    """L2 norm, projection on noise (which sees every element), and five elements spread over the tensor."""
    flat = values.detach().double().numpy().ravel()
    picks = [flat[i * (len(flat) - 1) // 4] for i in range(5)]
    return [np.linalg.norm(flat), flat @ noise("projection." + name, len(flat)), *picks]


def case_input(case, step, batch, channels, side):
    return tensor(f"{case}.{step}", batch, side, side, channels).permute(0, 3, 1, 2)


def save_names(case, model):
    names = [plain(n) for n, _ in model.named_parameters()]
    with open(f"{FOLDER}/{case}_names.txt", "w") as file:
        file.write("".join(n + "\n" for n in names))


def make_forward(case, backbone, batch, channels, side):
    """Features in evaluation mode, then in training mode (batch statistics), and of both the map's norm and projection."""
    model = WithHead(backbone, 5).double()
    fill(model)
    x = case_input(case, 0, batch, channels, side)
    results = []
    for training in (False, True):
        model.train(training)
        with torch.no_grad():
            model(x)
        results.append(model.last_features.numpy().ravel())
        results.append(summary("map", model.last_map.permute(0, 2, 3, 1))[:2])
    save(f"{case}_forward", np.concatenate(results))


def train(case, model, dtype, batch, channels, side, steps, settings):
    model = model.to(dtype)
    model.train()
    spared = [p for n, p in model.named_parameters() if settings["spare"] and p.dim() == 1 and "head" not in n]
    decayed = [p for p in model.parameters() if not any(p is s for s in spared)]
    optimiser = torch.optim.SGD([{"params": decayed, "weight_decay": settings["decay"]},
                                 {"params": spared, "weight_decay": 0.0}] if spared else
                                [{"params": decayed, "weight_decay": settings["decay"]}],
                                lr=settings["rate"], momentum=0.9, nesterov=settings["nesterov"])
    losses = []
    for step in range(steps):
        logits = model(case_input(case, step, batch, channels, side).to(dtype))
        loss = F.cross_entropy(logits, (torch.arange(batch) + step) % 5)
        optimiser.zero_grad()
        loss.backward()
        losses.append(loss.item())
        if step == 0:
            first = logits.detach().double().numpy().ravel()
            gradients = np.array([summary(plain(n), p.grad) for n, p in model.named_parameters()])
        optimiser.step()
    weights = np.array([summary(plain(n), p) for n, p in model.named_parameters()])
    buffers = np.array([summary(plain(n), b) for n, b in model.named_buffers() if "num_batches" not in n])
    model.eval()
    with torch.no_grad():
        last = model(case_input(case, 0, batch, channels, side).to(dtype)).double().numpy().ravel()
    return {"losses": np.array(losses), "logits": np.concatenate([first, last]), "gradients": gradients,
            "weights": weights, "buffers": buffers}


def make_training(case, draw, build, batch, channels, side, settings):
    """Ten steps. `draw` names the inputs: among some tens, those for which every value that goes into a ReLU stays
    farthest from 0 in all steps, so that rounding flips no gradient and float32 stays near float64."""
    nearest, results = [math.inf], []
    relu, leaky_relu = F.relu, F.leaky_relu

    def watched(x):
        nearest[0] = min(nearest[0], x.detach().abs().min().item())
        return x

    for dtype in (torch.float64, torch.float32):
        model = WithHead(build(), 5).double()
        fill(model)
        if dtype == torch.float64:
            F.relu = lambda x, inplace=False: relu(watched(x))
            F.leaky_relu = lambda x, slope: leaky_relu(watched(x), slope)
        results.append(train(f"{case}.{draw}", model, dtype, batch, channels, side, 10, settings))
        F.relu, F.leaky_relu = relu, leaky_relu
    assert nearest[0] > 4e-6, nearest
    save_names(case, model)
    for what, exact in results[0].items():
        save(f"{case}_{what}", exact)
        norm = np.maximum(exact[:, :1], 1e-6) if exact.ndim == 2 else 1.0
        off = np.max(np.abs(results[1][what] - exact) / norm)
        print(f"{case} {what}: PyTorch's own float32 is off by {off:.1e}", "of the norm" if exact.ndim == 2 else "")


def make_networks():
    torch.manual_seed(0)
    make_forward("resnet18_cifar", ResNet(18, "cifar", 8, 3), 4, 3, 19)
    make_forward("resnet18_stl", ResNet(18, "stl", 8, 3), 4, 3, 32)
    make_forward("resnet18_imagenet", ResNet(18, "imagenet", 8, 3), 4, 3, 75)
    make_forward("resnet18_small", ResNet(18, "small", 8, 1), 4, 1, 28)
    make_forward("resnet34_stl", ResNet(34, "stl", 4, 3), 4, 3, 33)
    make_forward("resnet50_cifar", ResNet(50, "cifar", 4, 3), 4, 3, 16)
    make_forward("wrn37_2", WideResNet([2, 2, 2, 2], 4, 2, 3), 4, 3, 32)
    make_training("train_resnet18", 25, lambda: ResNet(18, "cifar", 8, 3), 16, 3, 8,
                  {"rate": 0.01, "decay": 1e-3, "nesterov": False, "spare": False})
    make_training("train_wrn28_2", 19, lambda: WideResNet([1, 2, 2], 4, 2, 3), 4, 3, 6,
                  {"rate": 0.02, "decay": 1e-3, "nesterov": True, "spare": True})


# ---- weights files ----

def encode(header, data):
    text = json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-(8 + len(text)) % 64)
    return struct.pack("<Q", len(text)) + text + data


def write_safetensors(path, tensors, metadata):
    """tensors: (name, type, shape, bytes) in the order of their bytes."""
    header, data = {"__metadata__": metadata} if metadata else {}, b""
    for name, kind, shape, raw in tensors:
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    with open(path, "wb") as file:
        file.write(encode(header, data))


def read_safetensors(path):
    with open(path, "rb") as file:
        blob = file.read()
    (length,) = struct.unpack("<Q", blob[:8])
    header = json.loads(blob[8:8 + length])
    kinds = {"F32": np.float32, "F16": np.float16, "F64": np.float64, "I64": np.int64}
    metadata, tensors = header.pop("__metadata__", {}), {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(blob[8 + length + begin:8 + length + end],
                                      kinds[entry["dtype"]]).reshape(entry["shape"])
    return metadata, tensors


def make_weights():
    shapes = {"conv1.weight": (4, 3, 3, 3), "bn1.weight": (4,), "bn1.bias": (4,), "bn1.running_mean": (4,),
              "bn1.running_var": (4,), "fc.weight": (5, 4), "fc.bias": (5,)}
    values = {n: noise(n, math.prod(s)).astype(np.float32) for n, s in shapes.items()}
    count = ("bn1.num_batches_tracked", "I64", [], np.int64(77).tobytes())
    single = [count] + [(n, "F32", list(shapes[n]), values[n].tobytes()) for n in sorted(shapes)]
    write_safetensors(f"{FOLDER}/float32.safetensors", single, {"name": "tiny", "note": "caf\u00e9"})
    # Every type that is read: halves of a bfloat16 are the upper halves of a float32.
    upper = (values["fc.bias"].view(np.uint32) >> 16).astype(np.uint16)
    mixed = [count, ("conv1.weight", "F64", list(shapes["conv1.weight"]), values["conv1.weight"].astype("<f8").tobytes()),
             ("bn1.weight", "F16", [4], values["bn1.weight"].astype("<f2").tobytes()),
             ("bn1.bias", "F16", [4], np.array([np.inf, -2.0**-24, -0.0, 65504.0], "<f2").tobytes()),
             ("fc.bias", "BF16", [5], upper.tobytes()), ("stranger", "U8", [3], b"abc")]
    write_safetensors(f"{FOLDER}/mixed.safetensors", mixed, {})


if __name__ == "__main__":
    if sys.argv[1:2] == ["read"]:
        found, arrays = read_safetensors(sys.argv[2])
        print(json.dumps(found, indent=1))
        for key in sorted(arrays):
            print(key, arrays[key].dtype, list(arrays[key].shape), float(np.abs(arrays[key]).sum()))
        sys.exit(0)
    os.makedirs(FOLDER, exist_ok=True)
    torch.set_default_dtype(torch.float64)
    make_losses()
    make_optimisers()
    make_weights()
    make_networks()
