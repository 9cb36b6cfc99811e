"""SPICE's three stages by NumPy and PyTorch, for tests/methods/: prototype and reliable labels, a clustering head's
steps, MoCo's steps and FixMatch's steps, all in float64, since a ReLU near 0 can move a float32 network's next loss by
1e-3. The networks' weights and the batches come from a formula (hash_values) that
the tests compute too, and MoCo's first queue and key order from Philox, written here a second time."""
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from formula_nets import ResNet18, mlp, pictures, set_weights

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "spice")
os.makedirs(folder, exist_ok=True)


def save(name, array, kind=np.float32):
    array = np.asarray(array.detach().numpy() if torch.is_tensor(array) else array)
    np.save(f"{folder}/{name}.npy", np.ascontiguousarray(array.astype(kind)))


# ---- Prototype labels, Eq. 2-4 ----


def best(values, k, free):
    """Indices of the k largest among the free ones, ties by smaller index."""
    order = sorted((i for i in range(len(values)) if free[i]), key=lambda i: (-values[i], i))
    return order[:k]


def prototypes(features, probabilities, ratio, overlap):
    count, clusters = probabilities.shape
    share = max(1, count // clusters)
    confident = max(1, int(ratio * share))
    features = features.astype(np.float64)
    everything = np.ones(count, bool)
    centres = np.stack([features[best(probabilities[:, k], confident, everything)].mean(0) for k in range(clusters)])
    free = np.ones(count, bool)
    pairs, gaps = [], []
    for k in range(clusters):
        cosine = features @ (centres[k] / np.linalg.norm(centres[k]))
        chosen = best(cosine, share, free)
        rest = [cosine[i] for i in range(count) if free[i] and i not in chosen]
        if rest:
            gaps.append(min(cosine[i] for i in chosen) - max(rest))
        pairs += [(i, k) for i in sorted(chosen)]
        if not overlap:
            free[chosen] = False
    assert not gaps or min(gaps) > 1e-5, "too close to call in float32"
    return np.array(pairs, np.int32), centres


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def prototype_case(name, features, probabilities, ratio):
    save(f"{name}_features", features)
    save(f"{name}_probabilities", probabilities)
    for overlap in (False, True):
        pairs, centres = prototypes(features, probabilities, ratio, overlap)
        save(f"{name}_pairs_{'overlap' if overlap else 'exclusive'}", pairs, np.int32)
        if overlap:
            save(f"{name}_centres", centres)
    return prototypes(features, probabilities, ratio, True)[0]


# The shape of Fig. 4: angles of 10 samples in a plane; clusters around 0, 60 and 130 degrees of which the first two
# share the sample at 33; the samples at 95 and 185 belong to nobody.
angles = np.deg2rad([-4.0, 11.0, 33.0, 57.0, 66.0, 95.0, 122.0, 131.0, 139.0, 185.0])
figure = np.array([[.90, .05, .05], [.80, .10, .10], [.50, .45, .05], [.10, .85, .05], [.05, .80, .15],
                   [.25, .40, .35], [.10, .20, .70], [.05, .05, .90], [.05, .15, .80], [.30, .35, .35]])
pairs = prototype_case("figure4", unit(np.stack([np.cos(angles), np.sin(angles)], 1)), figure.astype(np.float32), 1.0)
assert len(pairs) == 9 and len(set(pairs[:, 0])) == 8, "one shared, two unlabelled"

generator = np.random.default_rng(4)
logits = generator.normal(size=(203, 7)) * 2
wide = unit(generator.normal(size=(203, 16)) + 0.5)
prototype_case("random", wide, torch.softmax(torch.tensor(logits), 1).numpy().astype(np.float32), 0.5)
few = generator.normal(size=(3, 5))
prototype_case("few", unit(generator.normal(size=(3, 4))),
               torch.softmax(torch.tensor(few), 1).numpy().astype(np.float32), 1.0)


# ---- Reliable labels, Eq. 6-7 ----


def reliable(neighbours, labels, confidence, clusters, threshold, inclusive, confident, minimum):
    """By trying: the highest consistency that keeps all clusters, then the highest confidence."""
    size = neighbours.shape[1]
    ratio = (labels[neighbours] == labels[:, None]).sum(1) / size

    def keeps(mask):
        return all(mask[labels == k].sum() >= min(minimum, (labels == k).sum()) for k in range(clusters))

    consistent = ratio >= threshold if inclusive else ratio > threshold
    if not keeps(consistent):
        consistent = next(m for m in (ratio >= n / size for n in range(size, -1, -1)) if keeps(m))
    if confident > 0:
        chosen = consistent & (confidence > confident)
        if not keeps(chosen):
            chosen = next(m for m in (consistent & (confidence >= c) for c in sorted(confidence, reverse=True))
                          if keeps(m))
        consistent = chosen
    return np.where(consistent, labels, -1)


points = np.concatenate([generator.normal(size=(n, 6)) + 1.2 * centre
                         for n, centre in zip((90, 60, 40, 8), generator.normal(size=(4, 6)))])
labels = np.repeat(np.arange(4), (90, 60, 40, 8))
noise = generator.random(len(labels)) < 0.12
labels[noise] = generator.integers(0, 4, noise.sum())
points = unit(points).astype(np.float64)
neighbours = np.argsort(-(points @ points.T), axis=1, kind="stable")[:, :20]
assert (neighbours[:, 0] == np.arange(len(labels))).all()
probabilities = generator.dirichlet(np.full(5, 0.05), len(labels)).astype(np.float32)
save("reliable_neighbours", neighbours, np.int32)
save("reliable_labels", labels, np.int32)
save("reliable_probabilities", probabilities)
# five clusters, the last one empty; consistency, inclusive, confidence, minimum as in test_reliable.c
for name, case in {"paper": (0.3, False, 0.0, 1), "program": (0.3, True, 0.9, 1), "lowered": (0.95, False, 0.0, 7),
                   "both": (0.95, True, 0.999, 5)}.items():
    chosen = reliable(neighbours, labels, probabilities.max(1), 5, *case)
    print("reliable", name, (chosen >= 0).sum(), [(chosen == k).sum() for k in range(5)])
    save(f"reliable_{name}", chosen, np.int32)


# ---- A clustering head's M-step, Eq. 5 ----

DIM, HIDDEN, CLUSTERS, PICTURES, LISTED = 6, 5, 4, 24, 30
torch.manual_seed(3)
head = nn.Sequential(nn.Linear(DIM, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, CLUSTERS))
with torch.no_grad():
    for parameter in head.parameters():
        parameter.mul_(2.0)
initial = [p.detach().clone() for p in head.parameters()]


def flat(tensors):
    return torch.cat([t.detach().reshape(-1) for t in tensors])


features = torch.randn(PICTURES, DIM)
listed = torch.randint(PICTURES, (3, LISTED))
targets = torch.randint(CLUSTERS, (3, LISTED))
save("head_weights", flat(initial))
save("head_features", features)
save("head_rows", listed, np.int32)
save("head_labels", targets, np.int32)
for name, inner, temperature, entropy in (("double", True, 1.0, 0.0), ("plain", False, 1.0, 0.0),
                                          ("temperature", False, 0.2, 0.0), ("entropy", True, 1.0, 5.0)):
    with torch.no_grad():
        for parameter, value in zip(head.parameters(), initial):
            parameter.copy_(value)
    optimiser = torch.optim.Adam(head.parameters(), lr=0.005)
    losses = []
    for rows, target in zip(listed, targets):
        scores = head(features[rows])
        loss = F.cross_entropy(scores.softmax(1) if inner else scores / temperature, target)
        mean = scores.softmax(1).mean(0)
        loss = loss + entropy * (mean * mean.log()).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    save(f"head_{name}_losses", losses, np.float64)
    save(f"head_{name}_weights", flat(head.parameters()))


# ---- Philox4x32-10 (Salmon et al. 2011), as base/random.h draws from it ----


class Philox:
    QUEUE, SHUFFLE_KEYS = 16, 12

    def __init__(self, seed, purpose, step, position, view):
        self.key = (seed & 0xFFFFFFFF, seed >> 32)
        self.counter = [purpose << 24 | view, step & 0xFFFFFFFF, position & 0xFFFFFFFF, 0]
        self.words = []

    def word(self):
        if not self.words:
            a, b, c, d = self.counter
            k, l = self.key
            for _ in range(10):
                p, q = 0xD2511F53 * a, 0xCD9E8D57 * c
                a, b, c, d = (q >> 32) ^ b ^ k, q & 0xFFFFFFFF, (p >> 32) ^ d ^ l, p & 0xFFFFFFFF
                k, l = (k + 0x9E3779B9) & 0xFFFFFFFF, (l + 0xBB67AE85) & 0xFFFFFFFF
            self.words = [a, b, c, d]
            self.counter[3] += 1
        return self.words.pop(0)

    def uniform(self):
        return (self.word() >> 8) * 2.0**-24

    def normal(self):
        radius = np.sqrt(-2.0 * np.log(1.0 - self.uniform()))
        return radius * np.cos(2.0 * np.pi * self.uniform())

    def below(self, bound):
        product = self.word() * bound
        if product & 0xFFFFFFFF < bound:
            while product & 0xFFFFFFFF < (2**32 - bound) % bound:
                product = self.word() * bound
        return product >> 32

    def permutation(self, count):
        order = list(range(count))
        for i in range(count, 1, -1):
            j = self.below(i)
            order[i - 1], order[j] = order[j], order[i - 1]
        return order


# ---- MoCo v2, Eq. 1 ----

WIDTH, SIDE, BATCH, SEED = 16, 16, 8, 11


def average_into(target, source, mu):
    with torch.no_grad():
        for a, b in zip(target.parameters(), source.parameters()):
            a.mul_(mu).add_(b, alpha=1.0 - mu)


def grouped_forward(net, x, groups):
    """Batch norm over `groups` equal parts of the batch."""
    return torch.cat([net(part) for part in x.chunk(groups)])


def moco(name, steps, queue_size, count, schedule, groups, symmetric):
    query, key = ResNet18(WIDTH, {"projection": mlp(12)}), ResNet18(WIDTH, {"projection": mlp(12)})
    set_weights(query)
    set_weights(key)
    rows = [Philox(SEED, Philox.QUEUE, 0, i, 0) for i in range(queue_size)]
    queue = F.normalize(torch.tensor([[r.normal() for _ in range(12)] for r in rows]))
    optimiser = torch.optim.SGD(query.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-3)
    epoch_steps, total = count // BATCH, 12
    query.set_norm_momentum(total)
    oldest, losses, correct = 0, [], []

    def keys_of(views, step, view):
        order = list(range(BATCH))
        if groups > 1:
            order = Philox(SEED, Philox.SHUFFLE_KEYS, step, 0, view).permutation(BATCH)
        with torch.no_grad():
            keys = F.normalize(grouped_forward(key, views[order], groups))
        restored = torch.empty_like(keys)
        restored[order] = keys
        return restored

    def direction(views, keys):
        q = F.normalize(grouped_forward(query, views, groups))
        scores = torch.cat([(q * keys).sum(1, keepdim=True), q @ queue.T], 1) / 0.2
        return (F.cross_entropy(scores, torch.zeros(BATCH, dtype=torch.long)),
                (scores.argmax(1) == 0).float().mean().item())

    for step in range(steps):
        views = [pictures(BATCH, SIDE, f"view{v}.{step}") for v in range(2)]
        mu = min(0.99, (1 + step) / (10 + step))
        average_into(key, query, mu)
        if schedule == "epoch":
            progress = (step // epoch_steps) / -(-total // epoch_steps)
        else:
            progress = step / total
        optimiser.param_groups[0]["lr"] = 0.05 * 0.5 * (1 + np.cos(np.pi * progress))
        if symmetric:
            keys = [keys_of(views[v], step, v) for v in range(2)]
            (a, right_a), (b, right_b) = direction(views[0], keys[1]), direction(views[1], keys[0])
            loss, right = (a + b) / 2, (right_a + right_b) / 2
        else:
            keys = [keys_of(views[1], step, 1)]
            loss, right = direction(views[0], keys[0])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        for rows in keys:
            queue[oldest:oldest + BATCH] = rows
            oldest = (oldest + BATCH) % queue_size
        losses.append(loss.item())
        correct.append(right)
    print("moco", name, losses, correct)
    save(f"moco_{name}_losses", losses, np.float64)
    save(f"moco_{name}_correct", correct, np.float64)
    save(f"moco_{name}_queue", queue)
    save(f"moco_{name}_query_conv1", query.conv1.weight)
    save(f"moco_{name}_query_top", query.projection[2].weight)
    save(f"moco_{name}_key_conv1", key.conv1.weight)
    save(f"moco_{name}_running", torch.cat([query.layer4[1].bn2.running_mean, query.layer4[1].bn2.running_var]))


moco("epoch", 5, 8, 32, "epoch", 1, False)
moco("symmetric", 3, 16, 64, "step", 1, True)
moco("groups", 3, 16, 64, "step", 2, False)


# ---- FixMatch on reliable labels, Eq. 8-9 ----

# The views' names end in g: of the letters tried, one with which float32 stays close to float64.
LABELLED, UNLABELLED, THRESHOLD, TOTAL = 4, 8, 0.36, 40


def fixmatch(name, one_forward, groups=1, threshold=THRESHOLD):
    net, average = ResNet18(WIDTH, {"head": mlp(5)}), ResNet18(WIDTH, {"head": mlp(5)})
    set_weights(net)
    set_weights(average)
    net.set_norm_momentum(TOTAL)
    norms = {id(p) for m in net.modules() if isinstance(m, nn.BatchNorm2d) for p in m.parameters()}
    optimiser = torch.optim.SGD(
        [{"params": [p for p in net.parameters() if id(p) not in norms], "weight_decay": 5e-3},
         {"params": [p for p in net.parameters() if id(p) in norms], "weight_decay": 0.0}],
        lr=0.01, momentum=0.9, nesterov=True)
    losses, used = [], []
    for step in range(3):
        labelled = pictures(LABELLED, SIDE, f"labelledg.{step}")
        weak, strong = pictures(UNLABELLED, SIDE, f"weakg.{step}"), pictures(UNLABELLED, SIDE, f"strongg.{step}")
        truth = torch.tensor([(3 * step + i) % 5 for i in range(LABELLED)])
        if one_forward:
            scores = grouped_forward(net, torch.cat([labelled, weak, strong]), groups)
            first, middle, last = scores.split([LABELLED, UNLABELLED, UNLABELLED])
        else:
            with torch.no_grad():
                middle = net(weak)
            first, last = net(torch.cat([labelled, strong])).split([LABELLED, UNLABELLED])
        sure, pseudo = middle.detach().softmax(1).max(1)
        assert (sure - threshold).abs().min() > 2e-3, "too close to call in float32"
        mask = (sure >= threshold).float()
        supervised = F.cross_entropy(first, truth)
        consistency = (F.cross_entropy(last, pseudo, reduction="none") * mask).mean()
        for group in optimiser.param_groups:
            group["lr"] = 0.01 * np.cos(7 / 16 * np.pi * step / TOTAL)
        optimiser.zero_grad()
        (supervised + 0.7 * consistency).backward()
        optimiser.step()
        average_into(average, net, min(0.999, (1 + step) / (10 + step)))
        for a, b in zip(average.buffers(), net.buffers()):
            a.copy_(b)
        losses.append([supervised.item(), consistency.item()])
        used.append(mask.mean().item())
    print("joint", name, losses, used)
    save(f"joint_{name}_losses", losses, np.float64)
    save(f"joint_{name}_used", used, np.float64)
    save(f"joint_{name}_conv1", net.conv1.weight)
    save(f"joint_{name}_top", net.head[2].weight)
    save(f"joint_{name}_norm", net.layer2[0].downsample[1].weight)
    save(f"joint_{name}_average_conv1", average.conv1.weight)
    save(f"joint_{name}_average_running", torch.cat([average.bn1.running_mean, average.bn1.running_var]))


fixmatch("one", True)
fixmatch("two", False)
fixmatch("groups", True, 2, 0.38)
