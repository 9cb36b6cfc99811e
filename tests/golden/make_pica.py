"""PICA's loss and training steps by PyTorch in float64, for tests/methods/test_pui.c and test_pica.c. The networks'
weights and the batches come from formulas that the tests compute too."""
import math
import os

import numpy as np
import torch
import torch.nn.functional as F

from formula_nets import ResNet18, hash_values, linear, pictures, set_weights

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pica")
os.makedirs(folder, exist_ok=True)


def save(name, array, kind=np.float32):
    array = np.asarray(array.detach().numpy() if torch.is_tensor(array) else array)
    np.save(f"{folder}/{name}.npy", np.ascontiguousarray(array.astype(kind)))


def pui(original, perturbed, weight):
    """Eq. 5-12; rows are pictures. The original rows are repeated for every perturbed copy."""
    repeats = len(perturbed) // len(original)
    x = original.repeat(repeats, 1)
    index = F.normalize(x.t(), dim=1) @ F.normalize(perturbed, dim=0)
    uncertainty = F.cross_entropy(index, torch.arange(len(index)))
    share = x.sum(0) / x.sum()
    # 0 log 0 = 0, whose slope is that of the least positive float32: xlogy's would make the whole gradient NaN.
    imbalance = math.log(len(share)) + (share * share.clamp_min(float(np.finfo(np.float32).tiny)).log()).sum()
    return uncertainty, imbalance, uncertainty + weight * imbalance


# ---- The loss. mass: what is left of cluster 1's in a batch. ----


def loss_case(name, count, repeats, clusters, weight, sharpness, mass={}):
    x, y = (torch.softmax(hash_values(rows * clusters, f"{name}.{part}").reshape(rows, clusters) * sharpness, 1)
            for rows, part in ((count, "original"), (count * repeats, "perturbed")))
    x, y = x.float().double(), y.float().double()  # what the test computes with
    for batch, part in ((x, "original"), (y, "perturbed")):
        batch[:, 1] = (batch[:, 1] * mass.get(part, 1.0)).float().double()
        batch.requires_grad_()
    losses = pui(x, y, weight)
    losses[2].backward()
    print(name, [float(l) for l in losses])
    save(f"{name}_original", x), save(f"{name}_perturbed", y)
    save(f"{name}_losses", [float(l) for l in losses], np.float64)
    save(f"{name}_d_original", x.grad), save(f"{name}_d_perturbed", y.grad)


loss_case("plain", 24, 3, 6, 2.0, 4.0)
loss_case("two", 7, 1, 2, 2.0, 3.0)
loss_case("small_batch", 4, 2, 9, 0.5, 8.0)
loss_case("off", 10, 3, 5, 0.0, 4.0)
loss_case("empty", 12, 2, 5, 2.0, 4.0, mass={"original": 0.0, "perturbed": 0.0})
loss_case("empty_original", 12, 2, 5, 2.0, 4.0, mass={"original": 0.0})
loss_case("empty_perturbed", 12, 2, 5, 2.0, 4.0, mass={"perturbed": 0.0})


# ---- Training: two heads in turns, original and perturbed batch in forwards of their own ----


def train(name, side, batch, repeats, clusters, overclusters, turns, rate, steps, period, noise, keep):
    net = ResNet18(16, {"head": linear(clusters), "overclustering_head": linear(overclusters)})
    set_weights(net)
    optimiser = torch.optim.Adam(net.parameters(), lr=rate)
    for parameter in net.parameters():
        parameter.grad = torch.zeros_like(parameter)
    losses = []
    for step in range(steps):
        original = pictures(batch, side, f"original.{step % period}")
        added = pictures(batch * repeats, side, f"noise.{step}")
        perturbed = 0.75 * original.repeat(repeats, 1, 1, 1) + noise * added
        head = 1 if step % sum(turns) < turns[0] else 0
        x, y = (torch.softmax(net(views)[head], 1) for views in (original, perturbed))
        loss = pui(x, y, 2.0)[2]
        optimiser.zero_grad(set_to_none=False)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
        if step % 50 == 0:
            print(name, step, losses[-1], flush=True)
    save(f"{name}_losses", losses, np.float64)
    if keep:
        save(f"{name}_conv1", net.conv1.weight)
        save(f"{name}_head", net.head[0].weight)
        save(f"{name}_overclustering_head", net.overclustering_head[0].weight)
        save(f"{name}_running", torch.cat([net.layer4[1].bn2.running_mean, net.layer4[1].bn2.running_var]))


train("short", 16, 8, 3, 4, 10, (2, 2), 1e-3, 7, 8, 0.5, True)
# At a rate of 1e-4 PyTorch's own float32 leaves its float64 by more than 1e-3 within 50 steps: Adam moves a weight by
# the sign of a gradient that is all rounding.
train("long", 8, 32, 2, 5, 12, (4, 4), 1e-5, 300, 2, 0.2, False)
