/* The option table. A row is written once; everything else about options is derived from it. The default is the paper's
 * value or its authors' program's (docs/methods/spice.md tells where the two differ); recipes set the other one. */
#include "config/options.h"

#define INTEGER(key, low, high, initial, unit, help, source)                                                           \
    { key, NULL, OPTION_INTEGER, low, high, NULL, initial, unit, help, source }
#define REAL(key, low, high, initial, unit, help, source)                                                              \
    { key, NULL, OPTION_REAL, low, high, NULL, initial, unit, help, source }
#define BOOLEAN(key, initial, help, source)                                                                            \
    { key, NULL, OPTION_BOOLEAN, 0, 1, NULL, initial, "", help, source }
#define TEXT(key, initial, help, source)                                                                               \
    { key, NULL, OPTION_TEXT, 0, 0, NULL, initial, "", help, source }
#define CHOICE(key, choices, initial, help, source)                                                                    \
    { key, NULL, OPTION_CHOICE, 0, 0, choices, initial, "", help, source }
#define NUMBERS(key, low, high, initial, unit, help, source)                                                           \
    { key, NULL, OPTION_NUMBERS, low, high, NULL, initial, unit, help, source }

#define MOST 1000000000.0

/* A backbone and how its input is scaled. */
#define BACKBONE_ROWS(stage, name, name_help, scales, scale)                                                           \
    TEXT(stage ".backbone", name, name_help, "SPICE IV-B"),                                                            \
        CHOICE(stage ".stem", "imagenet|stl|cifar|small", "cifar",                                                     \
               "first layers: 7x7 stride 2 and pool (imagenet), 3x3 and 2x2 pool (stl), 3x3 (cifar), "                 \
               "3x3 stride 2 (small)",                                                                                 \
               "program"),                                                                                             \
        INTEGER(stage ".width", 1, 1024, "64", "channels", "channels of a ResNet's first stage", "SPICE IV-B"),        \
        REAL(stage ".relu_slope", 0, 1, "0", "", "slope of the ReLUs below zero (0.1 in the program's WRNs)",          \
             "program"),                                                                                               \
        REAL(stage ".bn_momentum", 0, 1, "0.1", "",                                                                    \
             "share of the new batch in batch norm's running statistics (0.001 in the program's WRNs); raised where "  \
             "the schedule is too short for it",                                                                       \
             "program"),                                                                                               \
        REAL(stage ".dropout", 0, 0.95, "0", "",                                                                       \
             "WRN: share of the values between the two convolutions of a block that training drops", ""),              \
        CHOICE(stage ".initialisation", "default|gaussian|xavier|kaiming", "default",                                  \
               "how weights start; default: torchvision's rule", "PICA Table 5"),                                      \
        CHOICE(stage ".normalisation", scales, scale,                                                                  \
               "mean and deviation that pictures are scaled with: measured on the data, ImageNet's, or those given",   \
               "program"),                                                                                             \
        NUMBERS(stage ".mean", 0, 1, "0.5", "", "mean by channel for normalisation = given", ""),                      \
        NUMBERS(stage ".deviation", 0.001, 10, "0.5", "", "deviation by channel for normalisation = given", "")

#define OPTIMISER_ROWS(stage, kind, rate, decay, rule, nesterov, paper)                                                \
    CHOICE(stage ".optimiser", "sgd|adam", kind, "which optimiser", paper),                                            \
        REAL(stage ".learning_rate", 0, 1000, rate, "", "learning rate at the start", paper),                          \
        REAL(stage ".weight_decay", 0, 1, decay, "", "weight decay, added to the gradient", paper),                    \
        CHOICE(stage ".decay_rule", "all|all-but-norms", rule,                                                         \
               "parameters that decay: all (MoCo), or all but those of batch norm (FixMatch)", paper),                 \
        REAL(stage ".sgd_momentum", 0, 0.999999, "0.9", "", "momentum of sgd", paper),                                 \
        BOOLEAN(stage ".nesterov", nesterov, "Nesterov's form of sgd's momentum", paper),                              \
        REAL(stage ".adam_beta1", 0, 0.999999, "0.9", "", "decay of adam's first moment", ""),                         \
        REAL(stage ".adam_beta2", 0, 0.999999, "0.999", "", "decay of adam's second moment", ""),                      \
        REAL(stage ".adam_epsilon", 0, 1, "1e-08", "", "added to adam's denominator", "")

/* What a view may draw (augment/augment.h). */
#define POLICY_ROWS(view, kind, hue, jitter, blur, shift, reflect, count, affine, hole, fill, last, paper)             \
    CHOICE(view ".policy", "none|weak|strong|moco|pica", kind, "which kind of random view", paper),                    \
        REAL(view ".scale_min", 0.0001, 1, "0.2", "of the area", "moco, pica: smallest crop", "MoCo v2"),              \
        REAL(view ".scale_max", 0.0001, 1, "1", "of the area", "moco, pica: largest crop", "MoCo v2"),                 \
        REAL(view ".ratio_min", 0.01, 100, "0.75", "", "moco, pica: smallest width / height of a crop", "MoCo v2"),    \
        REAL(view ".ratio_max", 0.01, 100, "1.3333333333333333", "", "moco, pica: largest width / height of a crop",   \
             "MoCo v2"),                                                                                               \
        REAL(view ".brightness", 0, 1, "0.4", "", "moco, pica: jitter's brightness factor is 1 +- this", "MoCo v2"),   \
        REAL(view ".contrast", 0, 1, "0.4", "", "moco, pica: jitter's contrast factor is 1 +- this", "MoCo v2"),       \
        REAL(view ".saturation", 0, 1, "0.4", "", "moco, pica: jitter's saturation factor is 1 +- this", "MoCo v2"),   \
        REAL(view ".hue", 0, 0.5, hue, "of the circle", "moco, pica: jitter's hue turn is +- this", "MoCo v2"),        \
        REAL(view ".jitter_probability", 0, 1, jitter, "", "moco, pica: share of views with colour jitter",            \
             "MoCo v2"),                                                                                               \
        REAL(view ".grey_probability", 0, 1, "0.2", "", "moco, pica: share of views made grey", "MoCo v2"),            \
        REAL(view ".blur_probability", 0, 1, blur, "", "moco, pica: share of views blurred", "MoCo v2"),               \
        REAL(view ".blur_sigma_min", 0.01, 100, "0.1", "pixels", "moco, pica: least Gaussian blur", "MoCo v2"),        \
        REAL(view ".blur_sigma_max", 0.01, 100, "2", "pixels", "moco, pica: most Gaussian blur", "MoCo v2"),           \
        REAL(view ".flip_probability", 0, 1, "0.5", "", "all but none: share of views mirrored left to right", paper), \
        REAL(view ".pad", 0, 1, shift, "of the side",                                                                  \
             "weak, strong: padding before a random crop of the full size, so the largest shift", paper),              \
        BOOLEAN(view ".pad_reflect", reflect,                                                                          \
                "weak, strong: pad with the mirrored picture (paper), else with zeros "                                \
                "(program)",                                                                                           \
                paper),                                                                                                \
        INTEGER(view ".operations", 0, 64, count, "", "strong: how many of RandAugment's 14 operations", paper),       \
        REAL(view ".affine_shift", 0, 1, affine, "of the side", "strong: largest shear and translation", paper),       \
        REAL(view ".cutout", 0, 1, hole, "of the side", "strong: largest side of the hole", paper),                    \
        BOOLEAN(view ".cutout_fixed", "false", "strong: every hole has the largest side", paper),                      \
        NUMBERS(view ".cutout_fill", 0, 255, fill, "", "strong: colour of the hole", paper),                           \
        NUMBERS(view ".uncovered_fill", 0, 255, "0", "", "strong: colour of what a shear, shift or rotation uncovers", \
                paper),                                                                                                \
        BOOLEAN(view ".crop_last", last, "strong: flip and crop after the operations, else before", paper)

/* config/method_stages.c tells their stages. */
#define METHODS                                                                                                        \
    "spice|spice-self|pica|scan|scan-star|semi|kmeans|spherical-kmeans|spectral|agglomerative|nmf|gmm|moco-kmeans"

const OptionRow option_table[] = {
    {"run.method", "--method", OPTION_CHOICE, 0, 0, METHODS, "spice", "",
     "what clusters the pictures; spice-self stops after the clustering head, scan-star before self-labelling; semi "
     "learns from --known labels; moco-kmeans is kmeans on embeddings",
     "SPICE III, Tables I and IV, PICA 3, SCAN"},
    {"run.clusters", "--clusters", OPTION_INTEGER, 2, 1000000, NULL, "0", "",
     "K, the number of clusters; must be given", "SPICE III"},
    TEXT("run.recipe", "", "name of the recipe that was used", ""),
    {"run.seed", "--seed", OPTION_INTEGER, 0, 9007199254740991.0, NULL, "0", "", "seed of everything random", ""},
    {"run.threads", "--threads", OPTION_INTEGER, 0, 4096, NULL, "0", "", "threads; 0: all processors", ""},
    {"run.convolutions", NULL, OPTION_CHOICE, 0, 0, "fast|direct", "fast", "",
     "fast: Winograd's transforms of 3x3 windows where they take less time; direct: plain sums, which round less",
     "Lavin and Gray 2016"},
    {"run.budget", "--budget", OPTION_DURATION, 0, MOST, NULL, "0", "",
     "wall time of the whole command, which then sets the lengths of the stages; 0: the lengths are as set", ""},
    {"run.trials", "--trials", OPTION_INTEGER, 1, 1000, NULL, "1", "",
     "runs with the seeds run.seed, run.seed + 1 ...; the one that agrees best with the others is shown", ""},
    {"run.checkpoint_every", NULL, OPTION_DURATION, 0, MOST, NULL, "5m", "",
     "time between two checkpoints inside a stage; 0: only where the run is interrupted; changes no result", ""},
    REAL("run.split_head", 0, 1, "0.05", "",
         "share of the budget for the clustering heads; the features get what is left", ""),
    REAL("run.split_joint", 0, 1, "0.25", "", "share of the budget for joint training", ""),
    REAL("run.split_scan", 0, 1, "0.5", "",
         "scan: of the two shares above, what learning from neighbours gets; self-labelling gets the rest", ""),
    INTEGER("run.inference_batch", 1, 65536, "256", "pictures",
            "batch where nothing is trained; with head.batch = 0 also the one of head.bn = train and "
            "head.train_backbone, and changes no result otherwise",
            ""),

    {"data.split", "--split", OPTION_CHOICE, 0, 0, "whole|train|test", "whole", "",
     "which pictures of a data set that has splits", "SPICE IV-C"},
    {"data.labels", "--labels", OPTION_TEXT, 0, 0, NULL, "auto", "",
     "labels for evaluation: auto (the data set's own), folders (those that picture files lie in), none, a CSV file "
     "path,label, or a .npy of one integer a row",
     ""},
    {"data.paths", "--paths", OPTION_TEXT, 0, 0, NULL, "", "",
     "a text file with a path per line: what the rows of an array (.npy) are called; empty: FILE#ROW", ""},
    {"data.classes", "--classes", OPTION_TEXT, 0, 0, NULL, "coarse", "",
     "of CIFAR-100 its 20 super-classes (coarse) or its 100 classes (fine); of an ImageNet folder the pictures of "
     "imagenet10, of imagenet-dogs, or of the synsets in a text file, one a line",
     "SPICE IV-A"},
    {"data.limit", "--limit", OPTION_INTEGER, 0, MOST, NULL, "0", "pictures",
     "takes a random subset of this size; 0: all pictures", ""},
    {"data.auxiliary", "--auxiliary", OPTION_TEXT, 0, 0, NULL, "", "",
     "more pictures, of which stage 1 learns, or of pica the over-clustering head, and which are not clustered; of "
     "STL-10 the unlabelled ones",
     "PICA 4"},
    INTEGER("data.size", 0, 4096, "0", "pixels",
            "side that pictures are resized to; 0: as they are, and picture files of different or large sizes to 96",
            "SPICE Table I"),
    CHOICE("data.fit", "crop|letterbox", "crop",
           "how picture files become square: the middle of the long side, or all of it with black beside it", ""),
    CHOICE("data.colour", "rgb|grey", "rgb", "what picture files are decoded to", ""),
    INTEGER("data.max_pixels", 1, 1000000000000.0, "100000000", "pixels",
            "picture files of more pixels cannot be read, which their headers tell before they are decoded", ""),
    REAL("data.decode_seconds", 0.01, 86400, "60", "seconds", "picture files that take longer to decode cannot be read",
         ""),
    BOOLEAN("data.strict", "false",
            "a picture file that cannot be read ends the run; else it is left out and told in bad-files.csv", ""),

    BACKBONE_ROWS("features", "resnet18", "resnet18, resnet34, resnet50 or wrnDEPTH-WIDTH", "measured|imagenet|given",
                  "measured"),
    TEXT("features.weights", "", "weights file to start the later stages from instead of training features",
         "SPICE III-A"),
    {"features.from", "--features-from", OPTION_TEXT, 0, 0, NULL, "", "",
     "run folder of the same data whose stage 1 is taken over instead of training one", ""},
    REAL("features.epochs", 0, MOST, "1000", "epochs", "length of stage 1; fractions are allowed", "program"),
    TEXT("features.corrections", "",
         "how a budget corrected the length of stage 1 as the machine's speed moved: STEP:STEPS pairs, from which step "
         "on the learning rate falls over how many; empty: over features.epochs",
         ""),
    INTEGER("features.batch", 2, 1000000, "128", "pictures", "pictures of a step", "program"),
    INTEGER("features.queue", 1, MOST, "12800", "keys",
            "negatives Nq; at most a quarter of the pictures is used, in whole batches", "SPICE Eq. 1"),
    REAL("features.temperature", 0.0001, 1000, "0.2", "", "temperature tau of the contrast", "SPICE Eq. 1"),
    REAL("features.key_momentum", 0, 1, "0.999", "", "mu, how slowly the key encoder follows", "SPICE III-A"),
    BOOLEAN("features.ema_warmup", "true", "key momentum at step t is at most (1 + t) / (10 + t)", ""),
    INTEGER("features.bn_groups", 1, 1024, "4", "",
            "batch norm over this many groups of a batch, keys shuffled between them; 1: off", "program"),
    BOOLEAN("features.symmetric", "false", "both views of a picture serve as query (twice the work of a step)", ""),
    INTEGER("features.projection", 1, 65536, "128", "", "size of the projection that is contrasted", "program"),
    INTEGER("features.projection_hidden", 0, 65536, "0", "", "hidden size of the projection; 0: D", "program"),
    BOOLEAN("features.projection_norm", "false", "batch norm before the projection's ReLU (SimCLR, MoCo v3)", ""),
    CHOICE("features.queue_start", "random|keys", "random",
           "what the queue holds at first: random directions (program), or keys of the untrained encoder", "program"),
    REAL("features.neighbours", 0, 1, "0", "of the pictures",
         "share of queries whose positive is their key's nearest neighbour in the queue, after the first epoch (NNCLR)",
         ""),
    OPTIMISER_ROWS("features", "sgd", "0.015", "0.0001", "all", "false", "program"),
    CHOICE("features.schedule", "constant|cosine|step", "cosine",
           "how the learning rate falls; step: to a tenth at 60 % and at 80 % of the length, as MoCo v1", "program"),
    CHOICE("features.schedule_by", "epoch|step", "epoch", "how often the learning rate is set", "program"),
    POLICY_ROWS("features.augment", "moco", "0.1", "0.8", "0.5", "0.125", "true", "4", "0.1", "0.5", "124,116,104",
                "false", "SPICE III-A"),

    INTEGER("head.count", 1, 1000, "10", "heads", "heads side by side, of which the loss selects one", "SPICE IV-B"),
    INTEGER("head.epochs", 1, MOST, "30", "epochs", "T, length of stage 2 (100 for all but CIFAR-10)", "SPICE Alg. 1"),
    INTEGER("head.hidden", 0, 65536, "0", "", "hidden size of a head; 0: D", "SPICE IV-B"),
    INTEGER("head.estep", 1, MOST, "5000", "pictures", "M, pictures of an E-step (paper 1000, program 5000)",
            "SPICE Alg. 1"),
    INTEGER("head.batch", 0, 1000000, "128", "pictures",
            "pictures of an M-step's step (program 128); 0: one step of all labelled (paper)", "SPICE Eq. 5"),
    INTEGER("head.passes", 1, 1000, "8", "", "passes over the labelled pictures in an M-step (paper 1, program 8)",
            "SPICE Alg. 1"),
    REAL("head.confident_ratio", 0.0001, 1, "0.5", "of M/K",
         "most confident pictures that make a cluster's centre (paper 1, program 0.5)", "SPICE Eq. 2"),
    BOOLEAN("head.overlap", "true", "a picture may carry several pseudo-labels", "SPICE Table VII"),
    CHOICE("head.loss", "plain|temperature|double-softmax", "double-softmax", "cross-entropy of the M-step",
           "SPICE Eq. 5"),
    REAL("head.temperature", 0.0001, 1000, "0.2", "", "temperature for head.loss = temperature", "SPICE Table VII"),
    REAL("head.entropy_weight", 0, 1000, "0", "", "weight of the entropy of the mean prediction (for 200 clusters)",
         "SPICE Table VII"),
    CHOICE("head.bn", "eval|train", "eval",
           "batch norm of the frozen backbone in the M-step: running statistics, or the batch's (program)", "program"),
    BOOLEAN("head.train_backbone", "false",
            "the backbone learns together with the heads (head.count = 1: Joint-SH, more: Joint-MH)",
            "SPICE Table VII"),
    INTEGER("head.bank", 0, 1024, "0", "views",
            "views of every picture that are drawn once and kept as features, weak and strong each; 0: fresh ones", ""),
    OPTIMISER_ROWS("head", "adam", "0.005", "0", "all", "false", "program"),
    POLICY_ROWS("head.weak", "weak", "0.1", "0.8", "0.5", "0.125", "true", "4", "0.1", "0.5", "124,116,104", "false",
                "SPICE IV-B"),
    POLICY_ROWS("head.strong", "strong", "0.1", "0.8", "0.5", "0.125", "true", "4", "0.1", "0.5", "124,116,104",
                "false", "SPICE IV-B"),

    INTEGER("reliable.neighbours", 1, 100000, "100", "pictures", "Ns, neighbours that are asked", "SPICE Eq. 6"),
    REAL("reliable.consistency", 0, 1, "0.95", "",
         "lambda, share of neighbours that must agree (program 0.99 on CIFAR, 0.9 elsewhere)", "SPICE Eq. 7"),
    BOOLEAN("reliable.inclusive", "false", "a share equal to lambda suffices (program), else it must exceed it (paper)",
            "SPICE Eq. 7"),
    REAL("reliable.confidence", 0, 1, "0", "",
         "the label's probability must exceed this (program 0.99); 0: no condition", "program"),
    BOOLEAN("reliable.balanced", "false", "clusters are cut at random to the smallest one's size (program)", "program"),
    INTEGER("reliable.minimum", 1, 1000000, "1", "pictures", "pictures that every cluster keeps at least", ""),
    INTEGER("reliable.mark", -2147483648.0, -1, "-1", "",
            "what reliable.npy holds for a picture without a reliable label (the program's labels_reliable.npy: -100)",
            "program"),

    BACKBONE_ROWS("joint", "same", "same (as features.backbone), resnet18, resnet34, resnet50 or wrnDEPTH-WIDTH",
                  "same|measured|imagenet|given", "same"),
    CHOICE("joint.start", "weights|fresh", "weights",
           "start from the weights of stages 1 and 2 (with backbone = same), or afresh (program)", "SPICE III-C"),
    INTEGER("joint.steps", 0, MOST, "1048576", "steps", "length of stage 3", "FixMatch"),
    INTEGER(
        "joint.schedule_steps", 0, MOST, "0", "steps",
        "steps over which the learning rate falls, after which it stays; 0: joint.steps. A budget that ends stage 3 "
        "sooner or later than was planned leaves the plan here",
        ""),
    INTEGER("joint.batch", 1, 1000000, "64", "pictures", "reliably labelled pictures of a step", "FixMatch"),
    INTEGER("joint.ratio", 1, 1000, "7", "", "unlabelled pictures of a step per labelled one", "FixMatch"),
    REAL("joint.threshold", 0, 1, "0.95", "", "eta, confidence of a weak view that makes a pseudo-label",
         "SPICE Eq. 8"),
    REAL("joint.unlabelled_weight", 0, 1000, "1", "", "weight of the unlabelled pictures' loss", "SPICE Eq. 9"),
    BOOLEAN("joint.one_forward", "true",
            "weak unlabelled views share the batch statistics of one forward pass (program), else have their own",
            "program"),
    INTEGER(
        "joint.bn_groups", 1, 1024, "1", "",
        "batch norm over this many groups of a forward pass (program: 4, of labelled, weak and strong views in this "
        "order); 1: off",
        "program"),
    REAL("joint.ema", 0, 1, "0.999", "", "how slowly the evaluated weights follow", "FixMatch"),
    BOOLEAN("joint.ema_warmup", "true", "ema at step t is at most (1 + t) / (10 + t)", ""),
    OPTIMISER_ROWS("joint", "sgd", "0.03", "0.0005", "all-but-norms", "true", "FixMatch"),
    POLICY_ROWS("joint.weak", "weak", "0.1", "0.8", "0.5", "0.125", "true", "3", "0.3", "0.5", "125,123,114", "true",
                "FixMatch"),
    POLICY_ROWS("joint.strong", "strong", "0.1", "0.8", "0.5", "0.125", "true", "3", "0.3", "0.5", "125,123,114",
                "true", "FixMatch"),

    {"semi.known", "--known", OPTION_TEXT, 0, 0, NULL, "", "",
     "semi: a CSV file path,label with the labels of some pictures; the only labels that are ever learnt from",
     "SPICE Table V"},
    CHOICE(
        "semi.labelled", "known|reliable", "reliable",
        "semi: the labelled pictures of stage 3: the known ones (SPICE Table V), or the reliable ones around them too",
        ""),
    INTEGER("semi.neighbours", 1, 100000, "20", "pictures",
            "semi: neighbours of every picture in the graph along which known labels spread", ""),

    REAL("scan.epochs", 0, MOST, "50", "epochs",
         "length of learning from neighbours (100 for all but CIFAR-10); fractions are allowed", "SCAN"),
    INTEGER("scan.batch", 2, 1000000, "128", "pictures", "pictures of a step, and as many neighbours", "SCAN"),
    INTEGER("scan.neighbours", 1, 100000, "20", "pictures",
            "nearest neighbours of a picture, of which a step draws one", "SCAN"),
    REAL("scan.entropy_weight", 0, 1000000, "5", "", "lambda, weight of the entropy of the mean prediction",
         "SCAN Eq. 2"),
    OPTIMISER_ROWS("scan", "adam", "0.0001", "0.0001", "all", "false", "SCAN"),
    POLICY_ROWS("scan.strong", "strong", "0.1", "0.8", "0.5", "0.125", "true", "4", "0.1", "0.5", "124,116,104",
                "false", "SCAN"),
    REAL("self_label.epochs", 0, MOST, "200", "epochs",
         "scan: length of self-labelling (100 on STL-10); fractions are allowed", "SCAN"),
    INTEGER("self_label.batch", 2, 1000000, "1000", "pictures", "pictures of a step", "SCAN"),
    REAL("self_label.threshold", 0, 1, "0.99", "", "a picture is sure where its largest probability exceeds this",
         "SCAN"),
    BOOLEAN("self_label.balanced", "true", "every cluster among a step's sure pictures weighs the same", "SCAN"),
    OPTIMISER_ROWS("self_label", "adam", "0.0001", "0.0001", "all", "false", "SCAN"),

    BACKBONE_ROWS("pica", "resnet34", "resnet18, resnet34, resnet50 or wrnDEPTH-WIDTH", "measured|imagenet|given",
                  "measured"),
    REAL("pica.epochs", 0, MOST, "200", "epochs", "passes of each head over its pictures; fractions are allowed",
         "PICA 4"),
    REAL("pica.turn", 0.000001, MOST, "1", "epochs",
         "the heads take turns, each for this part of a pass over its pictures; the training ends after a turn of the "
         "clustering head",
         "PICA 4"),
    BOOLEAN(
        "pica.together", "false",
        "instead of taking turns both heads learn from every step, for the price of one; not with auxiliary pictures",
        ""),
    INTEGER("pica.batch", 2, 1000000, "256", "pictures", "pictures of a step", "PICA 4"),
    INTEGER("pica.repeats", 1, 1000, "3", "copies", "perturbed copies of every picture of a step", "PICA 4"),
    INTEGER("pica.overclusters", 0, 1000000, "70", "clusters",
            "clusters of the over-clustering head, which is dropped at the end; 0: no such head", "PICA 4"),
    REAL("pica.entropy_weight", 0, 1000000, "2", "",
         "lambda, weight of the negative entropy of the cluster sizes; 0: off", "PICA Eq. 12"),
    BOOLEAN("pica.sobel", "true", "the network reads the Sobel filters of the grey picture", "PICA 4"),
    REAL("pica.enlarge", 1, 8, "1", "of the side",
         "original views: pictures are resized to this many times the side before a crop, at random in training, of "
         "the centre afterwards (program: 1.25 at 32x32, 1.1666666666666667 at 96x96)",
         "program"),
    REAL("pica.evaluate_every", 0.000001, MOST, "1", "epochs",
         "how often confidences and predictions are recorded (plots of the paper's Fig. 3 and 4)", "PICA 4.3"),
    INTEGER("pica.snapshot", 0, MOST, "6000", "pictures", "random pictures whose predictions are recorded; 0: none",
            "PICA Fig. 4"),
    OPTIMISER_ROWS("pica", "adam", "0.0001", "0", "all", "false", "PICA 4"),
    POLICY_ROWS("pica.augment", "pica", "0.4", "1", "0", "0.125", "true", "4", "0.1", "0.5", "124,116,104", "false",
                "PICA 4"),

    {"partition.on", "--on", OPTION_TEXT, 0, 0, NULL, "auto", "",
     "what a classic algorithm clusters: pixels, embeddings (stage 1 is trained first), pca:N (N principal components "
     "of the pixels); auto: pixels, of moco-kmeans embeddings",
     "SPICE Table I"},
    INTEGER("partition.starts", 1, 10000, "10", "",
            "starts of k-means (also that of gmm, and the one in spectral's embedding), of which the best counts", ""),
    INTEGER("partition.iterations", 0, MOST, "0", "", "most iterations of kmeans, gmm or nmf; 0: 300, 100 and 200", ""),
    REAL("partition.tolerance", 0, 1, "0", "",
         "where iterations end (docs/methods/baselines.md); 0: kmeans 1e-4, gmm 1e-3, nmf 1e-4, spectral 1e-9", ""),
    INTEGER("partition.neighbours", 2, 100000, "10", "pictures",
            "spectral: nearest neighbours that a picture is linked to, itself counted", ""),
    CHOICE("partition.linkage", "ward|average", "ward", "agglomerative: which two clusters are nearest", ""),
    REAL("partition.variance_floor", 1e-300, 1e300, "1e-06", "", "gmm: added to every variance", ""),
};

const size_t option_count = sizeof option_table / sizeof option_table[0];
