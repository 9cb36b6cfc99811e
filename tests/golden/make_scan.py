"""SCAN's losses and training steps by PyTorch in float64, for tests/methods/test_scan_loss.c and test_scan.c. The
networks' weights and the batches come from formulas that the tests compute too."""
import os

import numpy as np
import torch
import torch.nn.functional as F

from formula_nets import ResNet18, hash_values, linear, pictures, set_weights

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scan")
os.makedirs(folder, exist_ok=True)


def save(name, array, kind=np.float32):
    array = np.asarray(array.detach().numpy() if torch.is_tensor(array) else array)
    np.save(f"{folder}/{name}.npy", np.ascontiguousarray(array.astype(kind)))


def scan(anchors, neighbours, weight):
    p, q = torch.softmax(anchors, 1), torch.softmax(neighbours, 1)
    consistency = -torch.log((p * q).sum(1)).mean()
    mean = p.mean(0)
    entropy = -(mean * torch.log(mean)).sum()
    return consistency, entropy, consistency - weight * entropy


def self_label(plain, strong, threshold, balanced):
    """Mean cross-entropy of the sure rows; balanced: every label weighs the same."""
    sure, labels = torch.softmax(plain, 1).max(1)
    rows = sure > threshold
    if not rows.any():
        return strong.sum() * 0.0, rows, labels
    weights = torch.ones(strong.shape[1])
    if balanced:
        counts = torch.bincount(labels[rows], minlength=strong.shape[1])
        weights = torch.where(counts > 0, 1.0 / counts.clamp(min=1), torch.ones_like(weights))
    return F.cross_entropy(strong[rows], labels[rows], weight=weights), rows, labels


# ---- The losses ----


def scan_case(name, rows, clusters, weight, sharpness):
    x, y = (hash_values(rows * clusters, f"{name}.{part}").reshape(rows, clusters) * sharpness
            for part in ("anchors", "neighbours"))
    x, y = x.float().double(), y.float().double()  # what the test computes with
    x.requires_grad_(), y.requires_grad_()
    losses = scan(x, y, weight)
    losses[2].backward()
    print(name, [float(l) for l in losses])
    save(f"{name}_losses", [float(l) for l in losses], np.float64)
    save(f"{name}_d", torch.stack([x.grad, y.grad]))


scan_case("usual", 24, 6, 5.0, 3.0)
scan_case("two", 5, 2, 2.0, 1.0)
scan_case("sharp", 16, 10, 5.0, 25.0)
scan_case("alone", 12, 5, 0.0, 4.0)


def label_case(name, rows, clusters, threshold, balanced):
    plain, strong = (hash_values(rows * clusters, f"{name}.{part}").reshape(rows, clusters) * 4.0
                     for part in ("plain", "strong"))
    strong = strong.float().double().requires_grad_()
    loss, sure, labels = self_label(plain, strong, threshold, balanced)
    loss.backward()
    print(name, loss.item(), int(sure.sum()), "of", rows)
    save(f"{name}_labels", torch.where(sure, labels, torch.full_like(labels, -1)), np.int32)
    save(f"{name}_loss", [loss.item()], np.float64)
    save(f"{name}_d", strong.grad)


label_case("balanced", 20, 4, 0.7, True)
label_case("plain", 20, 4, 0.7, False)
label_case("unsure", 6, 3, 0.999999, True)


# ---- Training ----


def finish(name, net, losses):
    save(f"{name}_losses", losses, np.float64)
    save(f"{name}_conv1", net.conv1.weight)
    save(f"{name}_head", net.head[0].weight)
    save(f"{name}_running", torch.cat([net.layer4[1].bn2.running_mean, net.layer4[1].bn2.running_var]))
    print(name, losses)


def open_training(clusters):
    net = ResNet18(16, {"head": linear(clusters)})
    set_weights(net)
    return net, torch.optim.Adam(net.parameters(), lr=1e-3, weight_decay=1e-4)


def step(net, optimiser, loss):
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss.item()


net, optimiser = open_training(5)
losses = []
for i in range(4):  # two forwards, each with its own batch statistics
    outputs = [net(pictures(8, 16, f"{part}.{i}")) for part in ("anchors", "neighbours")]
    losses.append(step(net, optimiser, scan(*outputs, 5.0)[2]))
finish("training", net, losses)

net, optimiser = open_training(5)
losses, used = [], []
for i in range(4):
    with torch.no_grad():
        plain = net(pictures(8, 16, f"plain.{i}"))
    loss, sure, _ = self_label(plain, net(pictures(8, 16, f"strong.{i}")), 0.3, True)
    used.append(sure.double().mean().item())
    losses.append(step(net, optimiser, loss))
print("used", used)
finish("labelling", net, losses)
save("labelling_used", used, np.float64)
